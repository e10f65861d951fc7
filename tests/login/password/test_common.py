"""What guessers try first."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import ConfigurationError
from handstamp.login.password.common import common_passwords


def test_the_lists_are_long_enough() -> None:
    """At least 3,000 leaked passwords that are long enough to be chosen at all (ASVS 6.2.4; PAS-02)."""
    assert sum(len(password) >= 8 for password in common_passwords().leaked) > 3_000


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "PassWord123",
        "pass word 123",
        "international",
        "passwordpassword",
        "passwordpasswordpass",
        "letmein123456789",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabcabcab",
        "123456789012345",
        "abcdefghijklmnop",
        "zyxwvutsrqponmlk",
        "1234567890987654321",
    ],
)
def test_what_is_tried_early_is_common(password: str) -> None:
    """Whole, in capitals, with spaces, again and again, run on, and two of them."""
    assert password in common_passwords()


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "hT7#kQ2!mZ", "fjord-gyroscope", "日本語のパスワード", "", "q"]
)
def test_what_only_contains_something_common_is_not(password: str) -> None:
    """The whole password is looked at (NIST SP 800-63B-4 §3.1.1.2)."""
    assert password not in common_passwords()


@given(st.text(max_size=256))
def test_any_text_is_judged(password: str) -> None:
    """Without an error, the same with capitals."""
    if password.upper().casefold() == password.casefold():
        assert (password in common_passwords()) is (password.upper() in common_passwords())


def test_the_lists_are_read_once() -> None:
    """Whoever asks gets the same."""
    assert common_passwords() is common_passwords()


def test_no_repr_shows_thirty_thousand_passwords() -> None:
    """Not even one."""
    assert "letmein" not in repr(common_passwords())


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "zxcvbn.frequency_lists", None)
    common_passwords.cache_clear()
    with pytest.raises(ConfigurationError, match=r"handstamp\[password\]"):
        common_passwords()
