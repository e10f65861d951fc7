"""Hashes that other software made: bcrypt, PBKDF2 and scrypt, as Django, Werkzeug, passlib and others write them.

What a hash costs to check stands in the hash. Each is read within limits, so that one that was planted, or made by
mistake, cannot hold a worker for minutes or take the machine's memory. A password is hashed as it came: the software
that made the hash did not normalise.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Protocol

from handstamp.core.errors import ConfigurationError, InvalidHash
from handstamp.login.password import argon2id
from handstamp.login.password.phc import decode

MAX_TEXT: Final = 512
"""Characters of a hash; the longest that a format here can have is shorter."""
MAX_BCRYPT_COST: Final = 14
MAX_ITERATIONS: Final = 3_000_000
MAX_SCRYPT_MEMORY: Final = 128
"""MiB."""
MAX_SCRYPT_WORK: Final = 2**21
"""N times r times p, twice what OWASP recommends."""

FORMATS: Final = "Argon2, bcrypt, PBKDF2 and scrypt, as PHC strings or as Django, Werkzeug and passlib write them"

_MIN_BCRYPT_COST: Final = 4
_BCRYPT_BYTES: Final = 72
_DIGESTS: Final[Mapping[str, int]] = {"sha1": 20, "sha256": 32, "sha512": 64}
"""Bytes of a whole output."""
_SALT: Final = r"(?P<salt>[^$\x00-\x1f\ud800-\udfff]{1,64})"
_NUMBER: Final = "[1-9][0-9]{0,9}"
_BASE64: Final = r"[A-Za-z0-9+/]{1,128}"
_HEX: Final = r"(?P<hash>(?:[0-9a-f]{2}){1,64})"

_BCRYPT: Final = re.compile(
    r"(?P<django>bcrypt_sha256\$|bcrypt\$)?"
    r"(?P<text>\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
)
_DJANGO_PBKDF2: Final = re.compile(
    rf"pbkdf2_(?P<digest>sha256|sha1)\$(?P<iterations>{_NUMBER})\${_SALT}\$(?P<hash>{_BASE64})={{0,2}}"
)
_WERKZEUG_PBKDF2: Final = re.compile(
    rf"pbkdf2:(?P<digest>sha512|sha256|sha1):(?P<iterations>{_NUMBER})\${_SALT}\${_HEX}"
)
_PASSLIB_PBKDF2: Final = re.compile(
    rf"\$pbkdf2(?:-(?P<digest>sha512|sha256))?\$(?P<iterations>{_NUMBER})"
    r"\$(?P<salt>[A-Za-z0-9./]{1,128})\$(?P<hash>[A-Za-z0-9./]{1,128})"
)
_DJANGO_SCRYPT: Final = re.compile(
    rf"scrypt\$(?P<n>{_NUMBER})\${_SALT}\$(?P<r>{_NUMBER})\$(?P<p>{_NUMBER})\$(?P<hash>{_BASE64})={{0,2}}"
)
_WERKZEUG_SCRYPT: Final = re.compile(rf"scrypt:(?P<n>{_NUMBER}):(?P<r>{_NUMBER}):(?P<p>{_NUMBER})\${_SALT}\${_HEX}")
_PHC_SCRYPT: Final = re.compile(
    rf"\$scrypt\$ln=(?P<ln>[1-9][0-9]?),r=(?P<r>{_NUMBER}),p=(?P<p>{_NUMBER})"
    rf"\$(?P<salt>{_BASE64})\$(?P<hash>{_BASE64})"
)


class PasswordHash(Protocol):
    """A hash that was read."""

    @property
    def name(self) -> str:
        """Of its function."""
        ...

    def matches(self, password: str) -> bool:
        """Whether the password is the one; usable, and as it came."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Bcrypt:
    """bcrypt. Of the password it sees 72 bytes, as every implementation before; with NUL in it none matches."""

    text: bytes
    before: str | None = None
    """A hash function whose hexadecimal output is what bcrypt gets."""

    name = "bcrypt"

    def matches(self, password: str) -> bool:
        """Whether the password is the one.

        Raises:
            ConfigurationError: bcrypt is not installed.
        """
        try:
            import bcrypt  # noqa: PLC0415  an extra: loaded when used
        except ImportError as error:
            raise ConfigurationError('hashes of bcrypt need: pip install "handstamp[password]"') from error
        data = password.encode()
        if self.before is not None:
            data = hashlib.new(self.before, data).hexdigest().encode()
        # C implementations ended at NUL, and bcrypt repeats its key behind one: "a", "a\0a" and so on are the same.
        found = bcrypt.checkpw(data.replace(b"\0", b"?")[:_BCRYPT_BYTES], self.text)
        return found and b"\0" not in data


@dataclass(frozen=True, slots=True, repr=False)
class Pbkdf2:
    """PBKDF2 (RFC 8018 §5.2) with HMAC."""

    digest: str
    iterations: int
    salt: bytes
    expected: bytes

    name = "pbkdf2"

    def matches(self, password: str) -> bool:
        """Whether the password is the one."""
        found = hashlib.pbkdf2_hmac(self.digest, password.encode(), self.salt, self.iterations, len(self.expected))
        return compare_digest(found, self.expected)


@dataclass(frozen=True, slots=True, repr=False)
class Scrypt:
    """scrypt (RFC 7914)."""

    n: int
    r: int
    p: int
    salt: bytes
    expected: bytes

    name = "scrypt"

    def matches(self, password: str) -> bool:
        """Whether the password is the one."""
        found = hashlib.scrypt(
            password.encode(),
            salt=self.salt,
            n=self.n,
            r=self.r,
            p=self.p,
            maxmem=128 * self.r * (self.n + self.p + 2) + 2**20,  # what OpenSSL asks for, and some room
            dklen=len(self.expected),
        )
        return compare_digest(found, self.expected)


def read(text: str) -> PasswordHash:
    """Read a hash of any format that is known.

    Raises:
        InvalidHash: It is of none, malformed, or would cost too much to check. The message does not show it.
    """
    if len(text) > MAX_TEXT:
        raise InvalidHash(f"a hash has at most {MAX_TEXT} characters")
    # Django writes its own name of the algorithm before what the function's library made.
    own = text.removeprefix("argon2") if text.startswith("argon2$") else text
    if (argon2 := argon2id.read(own)) is not None:
        return argon2
    for pattern, reader in _READERS:
        if match := pattern.fullmatch(text):
            return reader(match)
    raise InvalidHash(f"the hash is malformed, or of an unknown format; known are {FORMATS}")


def _bcrypt(match: re.Match[str]) -> PasswordHash:
    if not _MIN_BCRYPT_COST <= int(match["cost"]) <= MAX_BCRYPT_COST:
        raise InvalidHash(f"a bcrypt hash can be imported with a cost of {_MIN_BCRYPT_COST} to {MAX_BCRYPT_COST}")
    return Bcrypt(match["text"].encode(), "sha256" if match["django"] == "bcrypt_sha256$" else None)


def _pbkdf2(match: re.Match[str], salt: bytes, expected: bytes) -> PasswordHash:
    digest, iterations = match["digest"] or "sha1", int(match["iterations"])
    if iterations > MAX_ITERATIONS:
        raise InvalidHash(f"a PBKDF2 hash can be imported with at most {MAX_ITERATIONS:,} iterations")
    if len(expected) != _DIGESTS[digest]:
        raise InvalidHash(f"this PBKDF2 hash is not {_DIGESTS[digest]} bytes long, as {digest} is")
    return Pbkdf2(digest, iterations, salt, expected)


def _scrypt(n: int, r: int, p: int, salt: bytes, expected: bytes) -> PasswordHash:
    if n < 2 or n & (n - 1) or n >= 1 << min(16 * r, 32):  # noqa: PLR2004  RFC 7914 §2: a power of 2 in this range
        raise InvalidHash("this scrypt hash has an N that is no power of 2, or too large")
    if 128 * n * r > MAX_SCRYPT_MEMORY * 2**20 or n * r * p > MAX_SCRYPT_WORK:
        raise InvalidHash(
            f"a scrypt hash can be imported with at most {MAX_SCRYPT_MEMORY} MiB, "
            f"and with N times r times p up to {MAX_SCRYPT_WORK:,}"
        )
    if len(expected) not in range(16, 65):
        raise InvalidHash("a scrypt hash can be imported with 16 to 64 bytes")
    return Scrypt(n, r, p, salt, expected)


def _django_pbkdf2(match: re.Match[str]) -> PasswordHash:
    return _pbkdf2(match, match["salt"].encode(), decode(match["hash"]))


def _werkzeug_pbkdf2(match: re.Match[str]) -> PasswordHash:
    return _pbkdf2(match, match["salt"].encode(), bytes.fromhex(match["hash"]))


def _passlib_pbkdf2(match: re.Match[str]) -> PasswordHash:
    # Its base64 has a dot in place of the plus.
    return _pbkdf2(match, decode(match["salt"].replace(".", "+")), decode(match["hash"].replace(".", "+")))


def _django_scrypt(match: re.Match[str]) -> PasswordHash:
    numbers = int(match["n"]), int(match["r"]), int(match["p"])
    return _scrypt(*numbers, match["salt"].encode(), decode(match["hash"]))


def _werkzeug_scrypt(match: re.Match[str]) -> PasswordHash:
    numbers = int(match["n"]), int(match["r"]), int(match["p"])
    return _scrypt(*numbers, match["salt"].encode(), bytes.fromhex(match["hash"]))


def _phc_scrypt(match: re.Match[str]) -> PasswordHash:
    exponent = int(match["ln"])
    return _scrypt(1 << exponent, int(match["r"]), int(match["p"]), decode(match["salt"]), decode(match["hash"]))


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], PasswordHash]], ...]] = (
    (_BCRYPT, _bcrypt),
    (_DJANGO_PBKDF2, _django_pbkdf2),
    (_WERKZEUG_PBKDF2, _werkzeug_pbkdf2),
    (_PASSLIB_PBKDF2, _passlib_pbkdf2),
    (_DJANGO_SCRYPT, _django_scrypt),
    (_WERKZEUG_SCRYPT, _werkzeug_scrypt),
    (_PHC_SCRYPT, _phc_scrypt),
)
