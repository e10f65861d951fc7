"""Which passwords may be chosen."""

import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.policy import PasswordPolicy
from handstamp.login.password.policy import BROKEN, TOO_COMMON, TOO_LONG, TOO_PERSONAL, TOO_SHORT, PasswordRules

RULES = PasswordRules(PasswordPolicy(words=frozenset({"Zephyr Mills"})), application="Harbour Desk")
ADA = ("ada.lovelace@example.com", "Augusta Ada", None)
GOOD = "fjord gyroscope 7"


def codes(password: str, *, alone: bool = True, about: Iterable[str | None] = ()) -> list[str]:
    """The codes of what is wrong with it."""
    return [fault.code for fault in RULES.faults(password, alone=alone, about=about)]


@pytest.mark.parametrize(
    ("length", "alone", "expected"),
    [
        (7, False, [TOO_SHORT]),
        (8, False, []),
        (14, True, [TOO_SHORT]),
        (15, True, []),
        (256, True, []),
        (257, True, [TOO_LONG]),
    ],
)
def test_the_length_has_two_ends(length: int, alone: bool, expected: list[str]) -> None:  # noqa: FBT001  a table
    """8 to 256 code points, 15 where it is the only factor (NIST SP 800-63B-4 §3.1.1.2; PAS-01)."""
    assert codes(("xk7Qw-2vLp9#Zt4m" * 20)[:length].replace("Qw", "qÜ", 1), alone=alone) == [*expected]


def test_code_points_are_counted() -> None:
    """Not bytes, and not the halves that JSON may have."""
    assert codes("🔑🚪🪟🏠🧱🪜🛋🖼", alone=False) == []
    assert codes("🔑🚪🪟🏠🧱🪜🛋", alone=False) == [TOO_SHORT]


def test_the_normalised_password_is_counted() -> None:
    """An accent of its own is no character of its own."""
    assert codes("fjördgy" + "", alone=False) == codes("fjo\u0308rdgy", alone=False) == [TOO_SHORT]


@pytest.mark.parametrize(
    "password",
    [
        "onlysmallletters",
        "ONLYBIGLETTERSX",
        "839205716402957",
        "               .",
        "ключ под ковриком",
        "tab\tnul\0bell\a esc",
    ],
)
def test_nothing_has_to_be_in_it_and_everything_may(password: str) -> None:
    """No composition rules; spaces and all other characters are allowed (ASVS 6.2.5; PAS-01)."""
    assert codes(password) == []


def test_a_common_one_is_refused() -> None:
    """Also where it is long enough (PAS-02)."""
    assert codes("password123", alone=False) == [TOO_COMMON]
    assert codes("passwordpassword") == [TOO_COMMON]
    assert codes("password") == [TOO_SHORT, TOO_COMMON]


@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace@example.com",
        "Ada.Lovelace 1815!",
        "adalovelace-2026-11",
        "lovelace1815181518",
        "augustaAda!!!!!!",
        "HarbourDesk2026!!",
        "my harbour desk 1",
        "zephyrmills 12345",
        "***Zephyr Mills***",
    ],
)
def test_what_is_little_more_than_a_known_word_is_refused(password: str) -> None:
    """The user's, the application's and the organisation's (ASVS 6.2.11; PAS-02)."""
    assert codes(password, about=ADA) == [TOO_PERSONAL]


@pytest.mark.parametrize("password", ["lovelace gyroscope", "harbour fjord zinc", "adadadas#kq2!mzp"])
def test_what_only_contains_a_known_word_is_not(password: str) -> None:
    """There has to be something of one's own beside it."""
    assert codes(password, about=ADA) == []


def test_words_of_others_are_no_matter() -> None:
    """A user is not measured by somebody else's name."""
    assert codes("adalovelace-2026-11") == []


def test_short_names_and_nothing_at_all_are_no_words() -> None:
    """They are in many good passwords by chance."""
    assert codes(GOOD, about=["fj", "", "@", " ", None]) == []


def test_half_a_character_is_told() -> None:
    """It has no bytes that could be hashed."""
    assert codes("fjord gyroscope \ud83d") == [BROKEN]


def test_a_fault_says_what_to_do_and_where() -> None:
    """And does not repeat the password."""
    (fault,) = RULES.faults("s3cr3t!", alone=True, pointer="/new_password")
    assert (fault.code, fault.pointer) == ("password_too_short", "/new_password")
    assert fault.text == "Use at least 15 characters. Several words in a row will do."
    assert "s3cr3t" not in repr(fault)


@given(st.text(max_size=300) | st.text("a1 ", max_size=300), st.lists(st.text(max_size=40) | st.none(), max_size=5))
def test_no_text_is_beyond_judgement_or_repeated(password: str, about: list[str | None]) -> None:
    """Whatever comes, of whomever."""
    for fault in RULES.faults(password, alone=True, about=about):
        assert len(password) < 8 or password not in repr(fault)


@pytest.mark.parametrize(
    "password",
    ["x" * 10_000_000, "\u0301" * 10_000_000, "password" * 32, "a" * 255 + "b", "4@8({[<369!1|0$5+7%2" * 12],
)
def test_no_password_takes_long(password: str) -> None:
    """Neither what is too long nor what is made to be hard to judge."""
    began = time.process_time()
    RULES.faults(password, alone=True, about=["x" * 1_000_000, *("a" * 5 + str(n) for n in range(1_000))])
    assert time.process_time() - began < 0.5
