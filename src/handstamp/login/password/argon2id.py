"""Argon2 (RFC 9106): parameters, PHC strings, and the function itself, in one thread.

The lanes of a hash are meant to be computed side by side, and argon2-cffi's usual call starts a thread for each. A
server has other people's requests to answer meanwhile. Under a CPU quota, as containers have it, a few hashes of four
threads each use up the quota of a period in a fraction of it, and then the whole process stands still. So the lanes
are computed one after another here. The result is the same, byte for byte; the total work is a tenth less.
"""

import re
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from handstamp.core.errors import ConfigurationError, InvalidHash
from handstamp.core.policy import HashingPolicy
from handstamp.login.password.characters import normalised
from handstamp.login.password.phc import decode, encode

MAX_MEMORY: Final = 256
"""MiB that checking one hash may take."""
MAX_WORK: Final = 1024
"""MiB times passes: about three quarters of a second."""

_MIB: Final = 1024  # KiB
_VERSION: Final = 0x13
_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_LANES: Final = range(1, 17)
_SALTS: Final = range(8, 65)
_DIGESTS: Final = range(16, 65)
_KIB_PER_LANE: Final = 8  # RFC 9106 §3.1
_PHC: Final = re.compile(
    r"\$argon2(?P<kind>id|i|d)\$v=19\$m=(?P<memory>[1-9][0-9]{0,8}),t=(?P<passes>[1-9][0-9]{0,4}),"
    r"p=(?P<lanes>[1-9][0-9]{0,2})\$(?P<salt>[A-Za-z0-9+/]{1,128})\$(?P<digest>[A-Za-z0-9+/]{1,128})"
)
_LIBRARY_OK: Final = 0


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a hash costs, and which of the three functions it is."""

    kind: str
    """``id``, ``i`` or ``d``."""
    memory: int
    """KiB."""
    passes: int
    lanes: int
    salt_bytes: int = _SALT_BYTES
    digest_bytes: int = _DIGEST_BYTES

    @classmethod
    def of(cls, policy: HashingPolicy) -> "Parameters":
        """Those of new hashes."""
        return cls("id", policy.memory * _MIB, policy.passes, policy.lanes)


@dataclass(frozen=True, slots=True, repr=False)
class Argon2Hash:
    """A hash that was read, with all that checking a password against it needs."""

    parameters: Parameters
    salt: bytes
    digest: bytes

    name = "argon2"

    def matches(self, password: str) -> bool:
        """Whether the password is the one, in constant time once it is hashed.

        Raises:
            MemoryError: The machine has no room for the hash.
        """
        return compare_digest(derive(normalised(password), self.salt, self.parameters), self.digest)

    def __str__(self) -> str:
        given = self.parameters
        return (
            f"$argon2{given.kind}$v=19$m={given.memory},t={given.passes},p={given.lanes}"
            f"${encode(self.salt)}${encode(self.digest)}"
        )


def read(text: str) -> Argon2Hash | None:
    """Read a PHC string; None if it is of another format.

    Raises:
        InvalidHash: It is malformed, or would cost too much to check.
    """
    if not text.startswith("$argon2"):
        return None
    match = _PHC.fullmatch(text)
    if match is None:
        raise InvalidHash("this Argon2 hash is malformed, or of a version before 1.3")
    salt, digest = decode(match["salt"]), decode(match["digest"])
    found = Parameters(
        match["kind"], int(match["memory"]), int(match["passes"]), int(match["lanes"]), len(salt), len(digest)
    )
    if found.memory > MAX_MEMORY * _MIB or found.memory * found.passes > MAX_WORK * _MIB:
        raise InvalidHash(
            f"this Argon2 hash asks for {found.memory / _MIB:g} MiB in {found.passes} passes; "
            f"at most {MAX_MEMORY} MiB, and {MAX_WORK} MiB over all passes, can be imported"
        )
    if found.lanes not in _LANES or found.memory < _KIB_PER_LANE * found.lanes:
        raise InvalidHash(f"this Argon2 hash has {found.lanes} lanes: at most 16, and at least 8 KiB for each")
    if len(salt) not in _SALTS or len(digest) not in _DIGESTS:
        raise InvalidHash(
            "this Argon2 hash has a salt of other than 8 to 64 bytes, or a digest of other than 16 to 64"
        )
    return Argon2Hash(found, salt, digest)


def derive(password: str, salt: bytes, parameters: Parameters) -> bytes:
    """The digest (RFC 9106 §3.2), in the calling thread, with the interpreter's lock released.

    Raises:
        ConfigurationError: argon2-cffi is not installed.
        MemoryError: The machine has no room for it.
    """
    try:
        from argon2 import low_level  # noqa: PLC0415  an extra: loaded when used
    except ImportError as error:
        raise ConfigurationError('passwords need: pip install "handstamp[password]"') from error
    ffi = low_level.ffi
    secret = password.encode()
    digest = ffi.new("uint8_t[]", parameters.digest_bytes)
    # Buffers that the library reads live as long as these names.
    secret_buffer, salt_buffer = ffi.from_buffer(secret), ffi.from_buffer(salt)
    context: Any = ffi.new(
        "argon2_context *",
        {
            "out": digest,
            "outlen": parameters.digest_bytes,
            "pwd": ffi.cast("uint8_t *", secret_buffer),
            "pwdlen": len(secret),
            "salt": ffi.cast("uint8_t *", salt_buffer),
            "saltlen": len(salt),
            "t_cost": parameters.passes,
            "m_cost": parameters.memory,
            "lanes": parameters.lanes,
            "threads": 1,
            "version": _VERSION,
        },
    )
    code = low_level.core(context, low_level.Type[parameters.kind.upper()].value)
    if code != _LIBRARY_OK:
        # Everything else that can be wrong was checked when the parameters were read.
        raise MemoryError(low_level.error_to_str(code))
    return bytes(ffi.buffer(digest))
