"""What can be a password at all, and how it is spelled when it is hashed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.login.password.characters import MAX_PRESENTED, is_usable, normalised


def test_two_spellings_of_a_letter_are_one() -> None:
    """A keyboard that sends an accent apart from its letter signs in as well (PAS-01)."""
    assert normalised("Gru\u0308ße") == normalised("Gr\u00fcße") == "Grüße"


def test_nothing_else_is_changed() -> None:
    """Letters of another width, ligatures, spaces and capitals stay what they are (RFC 8265 §4.2.1, ASVS 6.2.8)."""
    for password in ("\uff21bc", "\ufb01sh", "a\u00a0b", "  A  ", "a\0b", "\u1e9e"):
        assert normalised(password) == password


@pytest.mark.parametrize(
    ("password", "usable"),
    [
        ("", True),
        ("x" * MAX_PRESENTED, True),
        ("x" * (MAX_PRESENTED + 1), False),
        ("\ud83d", False),
        ("\U0001f511", True),
    ],
)
def test_what_has_no_bytes_or_no_end_is_nobodys_password(password: str, usable: bool) -> None:  # noqa: FBT001  a table
    """Half a surrogate pair, and what is too long to look at."""
    assert is_usable(password) is usable


@given(st.text())
def test_what_is_usable_has_one_spelling_and_bytes(password: str) -> None:
    """Normalised once is normalised for good."""
    if is_usable(password):
        assert normalised(normalised(password)) == normalised(password)
        assert normalised(unicodedata.normalize("NFD", password)) == normalised(password)
        assert normalised(password).encode().decode() == normalised(password)
