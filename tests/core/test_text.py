"""Text of strangers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.text import can_be_kept, keepable, lower_ascii, readable

ANY = st.text(st.characters(exclude_categories=()))
"""With lone surrogates, which hypothesis leaves out unless it is told."""


@pytest.mark.parametrize("text", ["\x00", "Ada\x00", json.loads('"\\ud800"'), "a\udcffb", "\udfff"])
def test_nul_and_lone_surrogates_cannot_be_kept(text: str) -> None:
    """PostgreSQL has no room for the one, UTF-8 has no bytes for the others."""
    assert not can_be_kept(text)
    assert "\ufffd" in keepable(text)


@pytest.mark.parametrize(
    "text", ["", "Ada", "\x01\x7f\r\n\u2028", "Łódź 🦊", json.loads('"\\ud83e\\udd8a"'), "\U0010ffff"]
)
def test_everything_else_can_be_kept(text: str) -> None:
    """A pair of surrogates in JSON is one character."""
    assert can_be_kept(text)
    assert keepable(text) == text


@given(ANY)
def test_what_is_made_keepable_can_be_encoded_and_has_no_nul(text: str) -> None:
    """Whatever it was, and what could be kept is what it was."""
    kept = keepable(text)
    assert can_be_kept(kept)
    assert b"\x00" not in kept.encode()
    assert len(kept) == len(text)
    assert (kept == text) is can_be_kept(text)


@given(ANY)
def test_what_is_readable_is_printable_and_can_be_kept(text: str) -> None:
    """And is as readable the second time."""
    shown = readable(text)
    assert shown is None or (shown and shown.isprintable() and can_be_kept(shown))
    assert readable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, None),
        ("", None),
        (" \x00\n", None),
        ("Ada\x00 Lovelace\n", "Ada Lovelace"),
        ("nimda\u202e", "nimda"),
        ("Ada\ud800", "Ada"),
        (" Łódź 🦊 ", "Łódź 🦊"),
    ],
)
def test_what_nobody_sees_is_left_out(text: str | None, shown: str | None) -> None:
    """Control characters, the right-to-left override, lone surrogates."""
    assert readable(text) == shown


def test_only_ascii_letters_have_a_case() -> None:
    """Neither the dotless i of Turkish nor the Kelvin sign becomes an ASCII letter."""
    others = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}\N{KELVIN SIGN}\N{LATIN CAPITAL LETTER E WITH ACUTE}"
    assert lower_ascii(f"Ada@EXAMPLE.org {others}") == f"ada@example.org {others}"
