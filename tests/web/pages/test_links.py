"""Which addresses may stand in a page."""

import pytest

from handstamp.web.pages.contexts import Link, Login
from handstamp.web.pages.links import is_link, is_picture

BAD = [
    "",
    "login",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,hi",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "https:///nohost",
    "https://[broken",
    "ftp://example.com/",
]


@pytest.mark.parametrize("href", ["/", "/auth/login?remember=1", "https://x.com/a", "http://localhost:8001/"])
def test_paths_and_http_addresses_are_links(href: str) -> None:
    """A path of this site and an http(s) address may be followed."""
    assert is_link(href)


@pytest.mark.parametrize("href", BAD)
def test_other_addresses_are_no_links(href: str) -> None:
    """Schemes that run code, and paths that a browser takes for hosts, are refused."""
    assert not is_link(href)
    with pytest.raises(ValueError, match="a link leads"):
        Link(label="x", href=href)
    with pytest.raises(ValueError, match="toggle"):
        Login(ways=(), remember=False, remember_toggle=href)


@pytest.mark.parametrize("src", ["https://a.example/p.png", "http://127.0.0.1/p", "http://[::1]:80/p"])
def test_https_and_loopback_pictures_are_shown(src: str) -> None:
    """Pictures come over TLS, or from this machine."""
    assert is_picture(src)


@pytest.mark.parametrize("src", [*BAD, "http://a.example/p.png", "http://localhost.evil.example/p", "/p.png"])
def test_other_pictures_are_not_shown(src: str) -> None:
    """Pictures over plain http, and whatever is no address, are left out."""
    assert not is_picture(src)
