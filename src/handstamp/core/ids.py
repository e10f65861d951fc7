"""Identifiers and other random values: the one home of randomness."""

import secrets
from base64 import urlsafe_b64encode
from uuid import UUID

_SESSION_ID_BYTES = 16
_SECRET_BYTES = 32


def new_id(now: float) -> str:
    """A UUIDv7 as a string: 48 bits of milliseconds, then 74 random bits (RFC 9562 §5.7).

    Args:
        now: Seconds since the epoch.
    """
    milliseconds = int(now * 1000) & ((1 << 48) - 1)
    random_bits = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random_bits >> 62) << 64 | 0b10 << 62 | random_bits & ((1 << 62) - 1)
    return str(UUID(int=value))


def new_session_id() -> str:
    """128 random bits in base64url, 22 characters. It opens nothing without our signature."""
    return _base64url(secrets.token_bytes(_SESSION_ID_BYTES))


def new_secret() -> str:
    """256 random bits in base64url: for states, nonces, PKCE verifiers and server secrets."""
    return _base64url(secrets.token_bytes(_SECRET_BYTES))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
