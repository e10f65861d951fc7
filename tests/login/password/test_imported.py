"""Hashes of other software: known answers, and what is refused."""

import hashlib
import re
import sys
import time
from base64 import b64encode

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import ConfigurationError, InvalidHash
from handstamp.login.password.imported import MAX_TEXT, Bcrypt, Pbkdf2, Scrypt, read
from login.password.samples import BCRYPT_OF_80_X, BCRYPT_OF_A, IMPORTED, PASSWORD

DIGEST = b64encode(b"0" * 32).decode()


@pytest.mark.parametrize("text", IMPORTED.values(), ids=IMPORTED)
def test_a_hash_of_other_software_knows_its_password(text: str) -> None:
    """And no other."""
    found = read(text)
    assert found.matches(PASSWORD)
    assert not found.matches(PASSWORD + " ")
    assert not found.matches("")


def test_pbkdf2_is_that_of_the_rfc() -> None:
    """RFC 7914 §11 has an answer for SHA-256."""
    expected = bytes.fromhex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
    assert Pbkdf2("sha256", 1, b"salt", expected).matches("passwd")


def test_scrypt_is_that_of_the_rfc() -> None:
    """RFC 7914 §12."""
    expected = bytes.fromhex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    assert Scrypt(1024, 8, 16, b"NaCl", expected).matches("password")


def test_bcrypt_sees_72_bytes_as_it_always_did() -> None:
    """A longer password signs in with the hash that was made of its beginning, and is then hashed whole."""
    assert read(BCRYPT_OF_80_X).matches("x" * 80)
    assert read(BCRYPT_OF_80_X).matches("x" * 72)
    assert not read(BCRYPT_OF_80_X).matches("x" * 71)
    assert not read(BCRYPT_OF_80_X).matches("x" * 71 + "ü")


@pytest.mark.parametrize("password", ["a\0", "a\0a", "a\0b", "\0", "\0a"])
def test_no_password_with_nul_matches_bcrypt(password: str) -> None:
    """To bcrypt a letter is the same as twice the letter with NUL between."""
    assert read(BCRYPT_OF_A).matches("a")
    assert not read(BCRYPT_OF_A).matches(password)
    assert not read(bcrypt.hashpw(b"?", bcrypt.gensalt(4)).decode()).matches("\0")


def test_nul_is_a_character_where_the_function_has_room_for_it() -> None:
    """Django's bcrypt_sha256 hashes before; PBKDF2 and scrypt take any bytes."""
    inner = hashlib.sha256(b"a\0a").hexdigest().encode()
    hashed = "bcrypt_sha256$" + bcrypt.hashpw(inner, bcrypt.gensalt(4)).decode()
    assert read(hashed).matches("a\0a")
    assert not read(hashed).matches("a")


BCRYPT = "abcdefghijklmnopqrstuu" + "x" * 31

REFUSED = {
    "nothing": ("", "unknown format"),
    "plain text": ("password", "unknown format"),
    "MD5": ("5f4dcc3b5aa765d61d8327deb882cf99", "unknown format"),
    "Django's unusable password": ("!h4RdJ9Kx", "unknown format"),
    "a bomb of bcrypt": (f"$2b$31${BCRYPT}", "cost of 4 to 14"),
    "bcrypt of cost 15": (f"$2b$15${BCRYPT}", "cost of 4 to 14"),
    "bcrypt of cost 3": (f"$2b$03${BCRYPT}", "cost of 4 to 14"),
    "bcrypt with the old defect": (f"$2x$10${BCRYPT}", "unknown format"),
    "bcrypt cut short": (f"$2b$10${BCRYPT[:-1]}", "malformed"),
    "bcrypt with bits to spare": (f"$2b$10${BCRYPT[:21]}v{BCRYPT[22:]}", "malformed"),
    "a bomb of PBKDF2": (f"pbkdf2_sha256$2000000000$salt${DIGEST}", "3,000,000 iterations"),
    "PBKDF2 without iterations": (f"pbkdf2_sha256$0$salt${DIGEST}", "malformed"),
    "PBKDF2 with endless digits": (f"pbkdf2_sha256${'9' * 400}$salt${DIGEST}", "malformed"),
    "PBKDF2 of another length": (f"pbkdf2_sha1$1000$salt${DIGEST}", "not 20 bytes long"),
    "PBKDF2 with MD5": (f"pbkdf2:md5:1000$salt${'0' * 32}", "unknown format"),
    "PBKDF2 that is no base64": ("pbkdf2_sha256$1000$salt$aaaaa", "no base64"),
    "PBKDF2 without salt": (f"pbkdf2_sha256$1000$${DIGEST}", "malformed"),
    "PBKDF2 with half a character as salt": (f"pbkdf2_sha256$1000$\ud800${DIGEST}", "malformed"),
    "a bomb of scrypt's memory": (f"scrypt:1048576:8:1$salt${'0' * 64}", "at most 128 MiB"),
    "a bomb of scrypt's r": (f"scrypt:2:9999999999:1$salt${'0' * 64}", "at most 128 MiB"),
    "a bomb of scrypt's p": (f"scrypt:16384:8:9999999$salt${'0' * 64}", "at most 128 MiB"),
    "a bomb of scrypt as PHC": (f"$scrypt$ln=99,r=8,p=1$c2FsdA${DIGEST[:-1]}", "too large"),
    "scrypt with an odd N": (f"scrypt$1000$salt$8$1${DIGEST}", "no power of 2"),
    "scrypt with N of 1": (f"scrypt$1$salt$8$1${DIGEST}", "no power of 2"),
    "scrypt with little output": ("scrypt:1024:8:1$salt$00", "16 to 64 bytes"),
    "a long text": ("$2b$" * MAX_TEXT, "at most 512 characters"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_malformed_unknown_or_too_costly_is_refused(text: str, message: str) -> None:
    """With its reason, and without a part of the hash in the message."""
    with pytest.raises(InvalidHash, match=re.escape(message)) as refused:
        read(text)
    assert not [part for part in text.split("$") if len(part) > 10 and part in str(refused.value)]


def test_what_is_refused_costs_nothing() -> None:
    """No bomb goes off while it is looked at."""
    began = time.process_time()
    for text, _ in REFUSED.values():
        with pytest.raises(InvalidHash):
            read(text)
    assert time.process_time() - began < 1


_mutilated = st.builds(
    lambda text, at, length, new: text[: at % len(text)] + new + text[at % len(text) + length :],
    st.sampled_from(list(IMPORTED.values())),
    st.integers(0, 500),
    st.integers(0, 3),
    st.text(max_size=3) | st.sampled_from(["$", ":", "9", "99999", "=", "\n", "\ud800"]),
)


@given(_mutilated | st.text(max_size=600))
def test_any_text_is_read_or_refused(text: str) -> None:
    """By one class of error, and by no other."""
    try:
        read(text)
    except InvalidHash:
        return


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(ConfigurationError, match=r"handstamp\[password\]"):
        read(BCRYPT_OF_A).matches("a")


@pytest.mark.parametrize("text", IMPORTED.values(), ids=IMPORTED)
def test_no_repr_shows_a_hash(text: str) -> None:
    """What was read is for nobody's log."""
    assert not [part for part in re.split(r"[$:]", text) if len(part) > 10 and part in repr(read(text))]
    assert "salt" not in repr(Bcrypt(b"salt"))
