"""E-mail addresses of strangers."""

import builtins
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.emails import MAX_ADDRESS, parse_address
from handstamp.core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada.L+x@Example.ORG", "Ada.L+x@example.org"),
        ("a@müller.de", "a@xn--mller-kva.de"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_an_address_is_kept_in_one_spelling(text: str, kept: str) -> None:
    """The domain in lower case and in ASCII; the local part as it is."""
    assert parse_address(text) == kept
    assert parse_address(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "a\uff20example.org",  # full-width @ (CVE-2026-73420)
        "\uff41@example.org",
        "a@\uff45xample.org",
        "a@example.org,b@example.org",  # two in one (GHSA-5jpx-9hw9-2fx4)
        "a@example.org b@example.org",
        "a@example.org;b@example.org",
        "a@b@example.org",
        "a(c)@example.org",  # comments
        "a@example.org(c)",
        '"a@evil.example"@example.org',  # quoted
        '"a b"@example.org',
        "Ada <ada@example.org>",
        "<ada@example.org>",
        "a@[127.0.0.1]",
        "a@localhost",
        "a@example.org\r\nBcc: b@example.org",  # headers
        "a@example.org\0",
        " a@example.org",
        "a@example.org ",
        "\u0430da@example.org",  # Cyrillic a
        "ä@example.org",
        "a@exam\u200bple.org",
        "a..b@example.org",
        ".a@example.org",
        "a@example..org",
        "a@-example.org",
        "a@example",
        "@example.org",
        "a@",
        "",
        "a" * 65 + "@example.org",
        f"a@{'b.' * 130}org",
    ],
)
def test_email_that_is_two_or_another_one(text: str) -> None:
    """Full-width @, two addresses in one, comments, headers: none of them is an address here."""
    with pytest.raises(ValueError, match="no e-mail address") as refused:
        parse_address(text)
    assert text == "" or text not in str(refused.value)


def test_a_look_alike_domain_looks_unlike() -> None:
    """Cyrillic letters in a domain are kept as what they are."""
    assert parse_address("ada@\u0430pple.com").startswith("ada@xn--")


@given(st.text(max_size=300) | st.emails())
def test_whatever_comes_is_one_address_or_none(text: str) -> None:
    """What is kept is ASCII, has one @, and is kept as it is when it comes again."""
    try:
        kept = parse_address(text)
    except ValueError:
        return
    assert kept.isascii()
    assert kept.isprintable()
    assert kept.count("@") == 1
    assert len(kept) <= MAX_ADDRESS
    assert parse_address(kept) == kept


def test_the_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    load = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "email_validator":
            raise ModuleNotFoundError(name)
        return load(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigurationError, match=r"pip install 'handstamp\[mail\]'"):
        parse_address("a@example.org")
