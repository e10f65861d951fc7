"""Redirects: nothing that a caller supplies leads off the origin."""

import copy
import re
from dataclasses import FrozenInstanceError, replace
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handstamp.core.policy import OriginPolicy
from handstamp.core.redirects import MAX_LENGTH, SafeRedirect
from vectors import load_text

OURS = "https://app.example"
TRUSTED = "https://trusted.example:8443"
POLICY = OriginPolicy(origin=OURS, trusted_origins=frozenset({TRUSTED}))
WORDLISTS = ("redirects/openredirects.txt", "redirects/open_redirect_wordlist.txt")
LINES = sorted({line for path in WORDLISTS for line in load_text(path).splitlines()})

C0_AND_SPACE = "".join(map(chr, range(0x21)))


def where_a_browser_goes(location: str) -> str:
    """The URL that a browser makes of a Location header on our origin (WHATWG URL, special schemes).

    Control characters at the edges, tabs and line ends go, backslashes are slashes, any number of slashes makes an
    authority, and a scheme equal to the base's without slashes is a relative URL.
    """
    location = re.sub(r"[\t\n\r]", "", location.strip(C0_AND_SPACE))
    head, mark, tail = re.fullmatch(r"([^?#]*)([?#]?)(.*)", location, re.DOTALL).groups()  # type: ignore[union-attr]  # matches all
    head = re.sub(r"%2e", ".", head.replace("\\", "/"), flags=re.IGNORECASE)
    head = re.sub(r"^https:(?!/)", "", head, flags=re.IGNORECASE)
    head = re.sub(r"^(https?:)?/{2,}|^(https?:)/", lambda m: f"{m[1] or m[2] or ''}//", head, flags=re.IGNORECASE)
    return urljoin(f"{OURS}/auth/login", head + mark + tail)


def assert_stays(location: str) -> None:
    """A browser that is sent there stays on the origin, also if a proxy decodes the path first."""
    path, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)(.*)", location, re.DOTALL).groups()  # type: ignore[union-attr]  # matches all
    for seen in (location, unquote(path) + mark + rest):
        url = urlsplit(where_a_browser_goes(seen))
        assert f"{url.scheme}://{url.netloc}" == OURS
        assert not url.path.startswith("//")


@pytest.mark.parametrize(
    "line",
    [
        "//evil.example",
        "/\\evil.example",
        "\t//evil.example",
        "https:\\\\evil.example",
        "///evil.example",
        "http:/evil.example",
    ],
)
def test_the_browser_of_these_tests_can_be_led_away(line: str) -> None:
    """The check below is able to fail."""
    assert urlsplit(where_a_browser_goes(line)).netloc == "evil.example"


@pytest.mark.parametrize("line", LINES)
def test_vector_stays_on_the_origin(line: str) -> None:
    """Each line of the lists is ignored, or leads to a place of our own (OAU-10)."""
    redirect = SafeRedirect.parse(line, POLICY)
    if redirect is not None:
        assert_stays(redirect.location)


@pytest.mark.parametrize("line", [line for line in LINES if re.match(r"(?i)/[/\\]|/%(2f|5c|09)", line)])
def test_vector_with_a_second_slash_is_ignored(line: str) -> None:
    """A slash in any disguise behind the first one gives no redirect at all (OAU-10)."""
    assert SafeRedirect.parse(line, POLICY) is None


HOSTILE = [
    *"/\\.%@:?#;&= \t\n\r\x00\x7f",
    *"\u2028\u00a0\uff0f\u3002",
    *("//", "/.", "/..", "%2f", "%2F", "%5c", "%09", "%0a", "%00", "%2e", "%252f"),
    *("http:", "HTTPS:", "https://", "evil.example", OURS, TRUSTED, "a", "javascript:"),
]


@given(fragments=st.lists(st.sampled_from(HOSTILE), max_size=10), slash=st.booleans())
@settings(max_examples=500)
def test_nothing_hostile_leads_off_the_origin(fragments: list[str], slash: bool) -> None:  # noqa: FBT001  hypothesis passes by name
    """However the fragments are put together (OAU-10)."""
    policy = OriginPolicy(origin=OURS)
    redirect = SafeRedirect.parse("/" * slash + "".join(fragments), policy)
    if redirect is not None:
        assert_stays(redirect.location)


@given(text=st.text(max_size=30))
def test_no_text_leads_off_the_origin(text: str) -> None:
    """Whatever comes, behind a slash (OAU-10)."""
    redirect = SafeRedirect.parse("/" + text, POLICY)
    if redirect is not None:
        assert_stays(redirect.location)


@pytest.mark.parametrize(
    "value",
    [
        "/",
        "/account",
        "/account/",
        "/@alice",
        "/search?q=a%20b&next=//x&lines=%0a#top",
        "/?url=https://example.com",
        "/#/route",
        "/projects/group%2Frepository",
        "/caf%C3%A9",
        "/a:80;b=c",
        "/...",
        "/.well-known/x",
        "/" + "a" * (MAX_LENGTH - 1),
    ],
)
def test_a_path_of_ours_is_kept_as_it_is(value: str) -> None:
    """Query and fragment included."""
    redirect = SafeRedirect.parse(value, POLICY)
    assert redirect is not None
    assert redirect.location == value
    assert SafeRedirect.to_path(value) == redirect


UNSAFE = [
    "",
    "account",
    "?q",
    "#top",
    "//evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/a\\b",
    "/a//b",
    "/a?b\\c",
    " /a",
    "/a ",
    "/a b",
    "/\t/evil.example",
    "/a\r\nSet-Cookie: x=y",
    "/a\x00",
    "/caf\u00e9",
    "/\u2028",
    "/\ud800",
    "/%2fevil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/a%5Cb",
    "/%09/evil.example",
    "/a%0d%0aX: y",
    "/a%00",
    "/a%7f",
    "/..//evil.example",
    "/.//evil.example",
    "/%2e//evil.example",
    "/.%2e//evil.example",
    "/a/..//evil.example",
    "/.%2fevil.example",
    "/..",
    "/a/.",
    "/a/%2E%2e/b",
    "https://evil.example/",
    "http://app.example/",
    "https://app.example.evil.example/",
    "https://app.example@evil.example/",
    "https://app.example:444/",
    "https://app.example//evil.example",
    "https://app.example\\evil.example",
    "https:/app.example/",
    "https://trusted.example/",
    "https://trusted.example:8443.evil.example/",
    "https://trusted.example:8443//a",
    "https://trusted.example:8443/%5ca",
    f"{OURS}{TRUSTED}/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/" + "a" * MAX_LENGTH,
]


@pytest.mark.parametrize("value", UNSAFE, ids=lambda value: ascii(value[:40]))
def test_an_unsafe_wish_is_ignored(value: str) -> None:
    """It gives None, and is not repaired (OAU-10)."""
    assert SafeRedirect.parse(value, POLICY) is None


@pytest.mark.parametrize("value", UNSAFE, ids=lambda value: ascii(value[:40]))
def test_an_unsafe_value_cannot_be_constructed(value: str) -> None:
    """Neither by the constructor nor as a path of our own; the message is short and printable."""
    for construct in (SafeRedirect, SafeRedirect.to_path):
        with pytest.raises(ValueError, match="no safe place") as raised:
            construct(value)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 1000


def test_no_wish_is_no_redirect() -> None:
    """A missing return_to is None, too."""
    assert SafeRedirect.parse(None, POLICY) is None


def test_our_own_origin_is_taken_off() -> None:
    """An absolute URL of ours becomes its path."""
    redirect = SafeRedirect.parse(f"{OURS}/a?b#c", POLICY)
    assert redirect is not None
    assert redirect.location == "/a?b#c"


def test_a_trusted_origin_keeps_its_whole_url() -> None:
    """The one kind of location that leaves the origin, by configuration."""
    redirect = SafeRedirect.parse(f"{TRUSTED}/a?b#c", POLICY)
    assert redirect is not None
    assert redirect.location == f"{TRUSTED}/a?b#c"


def test_a_trusted_url_is_nothing_without_its_policy() -> None:
    """Trust comes from the policy at hand, not from the value."""
    with pytest.raises(ValueError, match="no safe place"):
        SafeRedirect(f"{TRUSTED}/")


def test_the_check_cannot_be_avoided_by_a_change() -> None:
    """The value is frozen, and a changed copy is checked again."""
    redirect = SafeRedirect.to_path("/a")
    with pytest.raises(FrozenInstanceError):
        redirect.location = "//evil.example"  # type: ignore[misc]  # what the test is about
    with pytest.raises(ValueError, match="no safe place"):
        replace(redirect, location="//evil.example", policy=POLICY)
    assert copy.copy(redirect) == redirect
