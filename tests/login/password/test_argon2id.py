"""Argon2: the function against the RFC and the library, and the strings."""

import sys

import pytest
from argon2.low_level import Type, hash_secret_raw
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import ConfigurationError, InvalidHash
from handstamp.core.policy import HashingPolicy
from handstamp.login.password.argon2id import Argon2Hash, Parameters, derive, read

SALT, DIGEST = "c2FsdHNhbHQ", "MDEyMzQ1Njc4OWFiY2RlZg"
TYPES = {"id": Type.ID, "i": Type.I, "d": Type.D}


@pytest.mark.parametrize("kind", ["id", "i", "d"])
@pytest.mark.parametrize(("memory", "passes", "lanes"), [(32, 3, 4), (64, 1, 1), (1024, 2, 8), (65, 4, 3)])
def test_one_thread_computes_what_the_library_does(kind: str, memory: int, passes: int, lanes: int) -> None:
    """The number of threads is no part of the function (RFC 9106 §3.1)."""
    parameters = Parameters(kind, memory, passes, lanes, 16, 24)
    theirs = hash_secret_raw(b"p\0\xc3\xbc", b"0123456789abcdef", passes, memory, lanes, 24, TYPES[kind])
    assert derive("p\0ü", b"0123456789abcdef", parameters) == theirs


def test_the_standard_profile_is_the_second_one_of_the_rfc() -> None:
    """64 MiB, three passes, four lanes, 128 bits of salt, 256 of output (RFC 9106 §4; PAS-03)."""
    assert Parameters.of(HashingPolicy()) == Parameters("id", 65_536, 3, 4, 16, 32)


@given(
    parameters=st.builds(
        Parameters,
        st.sampled_from(["id", "i", "d"]),
        st.integers(128, 65_536),
        st.integers(1, 16),
        st.integers(1, 16),
    ),
    salt=st.binary(min_size=16, max_size=16),
    digest=st.binary(min_size=32, max_size=32),
)
def test_what_is_written_is_read(parameters: Parameters, salt: bytes, digest: bytes) -> None:
    """As it was."""
    assert read(str(Argon2Hash(parameters, salt, digest))) == Argon2Hash(parameters, salt, digest)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"$argon2id$v=19$m=262145,t=1,p=1${SALT}${DIGEST}", "at most 256 MiB"),
        (f"$argon2id$v=19$m=999999999,t=1,p=1${SALT}${DIGEST}", "at most 256 MiB"),
        (f"$argon2id$v=19$m=65536,t=17,p=1${SALT}${DIGEST}", "1024 MiB over all passes"),
        (f"$argon2id$v=19$m=1024,t=1,p=17${SALT}${DIGEST}", "17 lanes"),
        (f"$argon2id$v=19$m=31,t=1,p=4${SALT}${DIGEST}", "at least 8 KiB"),
        (f"$argon2id$v=16$m=1024,t=1,p=1${SALT}${DIGEST}", "before 1.3"),
        (f"$argon2id$m=1024,t=1,p=1${SALT}${DIGEST}", "malformed"),
        (f"$argon2id$v=19$m=1024,t=0,p=1${SALT}${DIGEST}", "malformed"),
        (f"$argon2id$v=19$m=1024,t=1,p=1,keyid=x${SALT}${DIGEST}", "malformed"),
        (f"$argon2x$v=19$m=1024,t=1,p=1${SALT}${DIGEST}", "malformed"),
        (f"$argon2id$v=19$m=1024,t=1,p=1${SALT}${DIGEST}\n", "malformed"),
        (f"$argon2id$v=19$m=1024,t=1,p=1$c2FsdA${DIGEST}", "8 to 64 bytes"),
        (f"$argon2id$v=19$m=1024,t=1,p=1${SALT}$c2FsdA", "16 to 64"),
        (f"$argon2id$v=19$m=1024,t=1,p=1${SALT[:-1]}B${DIGEST}", "no canonical base64"),
        (f"$argon2id$v=19$m=1024,t=1,p=1${SALT}aa${DIGEST}", "no base64"),
    ],
)
def test_a_hash_that_is_malformed_or_too_costly_is_refused(text: str, message: str) -> None:
    """Before anything is computed, and the message does not show it."""
    with pytest.raises(InvalidHash, match=message) as refused:
        read(text)
    assert DIGEST not in str(refused.value)


def test_another_format_is_none_of_it() -> None:
    """It is for others to read."""
    assert read("$2b$04$abc") is None


def test_a_machine_without_room_is_told_from_a_wrong_password() -> None:
    """What the library cannot do is an error, never a mismatch."""
    with pytest.raises(MemoryError):
        derive("password", b"0123456789abcdef", Parameters("id", 2**31, 1, 1))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "argon2", None)
    with pytest.raises(ConfigurationError, match=r"handstamp\[password\]"):
        derive("password", b"0123456789abcdef", Parameters("id", 32, 1, 1))


def test_no_repr_shows_a_hash() -> None:
    """Salt and digest are for nobody's log."""
    assert "0123456789" not in repr(Argon2Hash(Parameters("id", 32, 1, 1), b"0123456789abcdef", b"0123456789abcdef"))
