"""Tokens made by hand with the standard library only, so that what is tested is not its own witness."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

SECRET = "v8Kq2mZr7LwXc4TnYp9HsJd3Fg6BaEuN5RtWiQoVxCk"
OTHER_SECRET = "Zt4Nq9RfWm2YxKc7HvPb6JsLd8GeUa3TiQoVwXnBrMy"


def b64(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def hkdf(secret: str, info: str, length: int = 32) -> bytes:
    """HKDF-SHA256 without salt (RFC 5869 §2), for at most 32 bytes."""
    pseudorandom_key = hmac.digest(bytes(32), secret.encode(), "sha256")
    return hmac.digest(pseudorandom_key, info.encode() + b"\x01", "sha256")[:length]


def compact(header: bytes | dict[str, Any], payload: bytes | dict[str, Any], key: bytes) -> str:
    """A compact JWS with the HMAC-SHA256 of whatever header and payload."""
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    return sign(".".join(map(b64, parts)), key)


def sign(signing_input: str, key: bytes) -> str:
    """The signing input with its HMAC-SHA256 behind it."""
    return f"{signing_input}.{b64(hmac.digest(key, signing_input.encode(), hashlib.sha256))}"
