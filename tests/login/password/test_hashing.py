"""Hashes that are made, checked and renewed."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import InvalidHash
from handstamp.core.policy import HashingPolicy
from handstamp.login.password import argon2id
from handstamp.login.password.argon2id import Parameters
from handstamp.login.password.hashing import Hasher, Verified, check_importable
from login.password.samples import CHEAP, IMPORTED, PASSWORD

RIGHT, WRONG = Verified(ok=True, upgrade=False), Verified(ok=False, upgrade=False)
OUTDATED = Verified(ok=True, upgrade=True)


@pytest.fixture
def hasher() -> Hasher:
    """One that is quick."""
    return Hasher(CHEAP)


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[Parameters]:
    """The parameters of each computation that is made."""
    seen: list[Parameters] = []
    real = argon2id.derive

    def counted(password: str, salt: bytes, parameters: Parameters) -> bytes:
        seen.append(parameters)
        return real(password, salt, parameters)

    monkeypatch.setattr(argon2id, "derive", counted)
    return seen


def test_a_password_opens_its_own_hash(hasher: Hasher) -> None:
    """And nothing else does."""
    kept = hasher.hash(PASSWORD)
    assert hasher.verify(kept, PASSWORD) == RIGHT
    assert hasher.verify(kept, PASSWORD.lower()) == WRONG
    assert hasher.verify(kept, "") == WRONG


def test_by_default_a_hash_has_the_second_profile_of_the_rfc() -> None:
    """It says so itself (RFC 9106 §4; PAS-03)."""
    assert Hasher().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_no_two_hashes_are_equal(hasher: Hasher) -> None:
    """Each has its own salt."""
    assert hasher.hash(PASSWORD) != hasher.hash(PASSWORD)


def test_every_character_counts(hasher: Hasher) -> None:
    """Also the last of 256 (PAS-01: no truncation)."""
    kept = hasher.hash("x" * 255 + "y")
    assert hasher.verify(kept, "x" * 255 + "y") == RIGHT
    assert hasher.verify(kept, "x" * 256) == WRONG
    assert hasher.verify(kept, "x" * 255) == WRONG


def test_nul_ends_no_password(hasher: Hasher) -> None:
    """What comes after it counts."""
    assert hasher.verify(hasher.hash("secret\0one"), "secret\0two") == WRONG


def test_another_spelling_of_the_same_letters_is_the_same_password(hasher: Hasher) -> None:
    """Normalised once, at both ends."""
    assert hasher.verify(hasher.hash("Gru\u0308ße"), "Gr\u00fcße") == RIGHT


@pytest.mark.parametrize("policy", [
    HashingPolicy(memory=2, passes=1, lanes=1),
    HashingPolicy(memory=1, passes=2, lanes=1),
    HashingPolicy(memory=1, passes=1, lanes=2),
])  # fmt: skip
def test_a_hash_with_other_parameters_is_renewed(policy: HashingPolicy) -> None:
    """When its password is right, and only then (PAS-03)."""
    kept = Hasher(CHEAP).hash(PASSWORD)
    assert Hasher(policy).verify(kept, PASSWORD) == OUTDATED
    assert Hasher(policy).verify(kept, "wrong") == WRONG


@pytest.mark.parametrize("kept", IMPORTED.values(), ids=IMPORTED)
def test_a_hash_from_elsewhere_is_checked_and_renewed(kept: str, hasher: Hasher) -> None:
    """It can be imported, opens by its password, and becomes one of ours."""
    assert check_importable(kept) in {"argon2", "bcrypt", "pbkdf2", "scrypt"}
    assert hasher.verify(kept, PASSWORD) == OUTDATED
    assert hasher.verify(kept, "wrong") == WRONG


def test_an_unknown_user_costs_what_a_known_one_costs(hasher: Hasher, derived: list[Parameters]) -> None:
    """One computation, with the same parameters (PAS-04)."""
    kept = hasher.hash(PASSWORD)
    derived.clear()
    assert hasher.verify(kept, "wrong") == WRONG
    assert hasher.verify(None, "wrong") == WRONG
    assert derived == [Parameters.of(CHEAP)] * 2


@pytest.mark.parametrize("password", ["\ud800", "x" * 5_000_000, "\u0301" * 5_000_000])
def test_what_can_be_nobodys_password_is_wrong_at_the_same_cost(
    password: str, hasher: Hasher, derived: list[Parameters]
) -> None:
    """With a user and without."""
    assert hasher.verify(hasher.hash(PASSWORD), password) == WRONG
    assert hasher.verify(None, password) == WRONG
    assert derived == [Parameters.of(CHEAP)] * 2


def test_what_can_be_nobodys_password_is_not_hashed(hasher: Hasher) -> None:
    """And the error does not show it."""
    with pytest.raises(ValueError, match="this cannot be a password") as refused:
        hasher.hash("s3cret\ud800")
    assert "s3cret" not in repr(refused.value)


@pytest.mark.parametrize(
    "kept", ["", "plain", "$2b$31$" + "a" * 53, "$argon2id$v=19$m=4194304,t=9,p=1$c2FsdHNhbHQ$eA"]
)
def test_a_hash_that_should_not_be_there_lets_nobody_in_and_takes_no_longer(
    kept: str, hasher: Hasher, derived: list[Parameters], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever wrote it past the import gets a line in the log, without the hash."""
    with caplog.at_level(logging.WARNING, "handstamp.password"):
        assert hasher.verify(kept, "plain") == WRONG
    assert derived == [Parameters.of(CHEAP)]
    assert "cannot be used" in caplog.text
    assert "aaaaaaaa" not in caplog.text


@given(st.text(max_size=100))
def test_the_empty_account_has_no_password(password: str) -> None:
    """Nothing that can be typed opens it."""
    assert Hasher(CHEAP).verify(None, password) == WRONG


@given(st.text(max_size=256).filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text)))
def test_any_text_can_be_a_password(password: str) -> None:
    """Spaces, controls, emoji: what was set opens."""
    hasher = Hasher(CHEAP)
    assert hasher.verify(hasher.hash(password), password) == RIGHT


def test_a_hash_that_cannot_be_imported_is_refused() -> None:
    """Where it can still be mended."""
    with pytest.raises(InvalidHash, match="known are Argon2, bcrypt, PBKDF2 and scrypt"):
        check_importable("sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8")


def test_a_hasher_shows_nothing(hasher: Hasher) -> None:
    """Neither its decoy nor anything else."""
    assert "argon2" not in repr(hasher)
