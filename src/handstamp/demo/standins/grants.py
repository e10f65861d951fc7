"""What the stand-ins hand out: request tokens, verifiers, codes, access tokens.

Each is self-contained and sealed under a key that all processes of a data folder share, so that any of them
honours what another handed out. Only "once" is a matter of one process's memory.
"""

import json
from collections.abc import Callable
from enum import StrEnum
from secrets import token_bytes
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from handstamp.core.encoding import base64url_decode, base64url_encode, json_object

CODE_LIFETIME: Final = 60
"""Seconds: codes and verifiers."""
ACCESS_TOKEN_LIFETIME: Final = 3600
REQUEST_TOKEN_LIFETIME: Final = 600

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Kind(StrEnum):
    """What a grant is for; one kind never opens as another."""

    X_REQUEST_TOKEN = "x-request-token"  # noqa: S105  a kind, not a password
    X_VERIFIER = "x-verifier"
    X_OAUTH1_ACCESS_TOKEN = "x-oauth1-access-token"  # noqa: S105  the same
    X_CODE = "x-code"
    X_ACCESS_TOKEN = "x-access-token"  # noqa: S105  the same
    GOOGLE_CODE = "google-code"
    GOOGLE_ACCESS_TOKEN = "google-access-token"  # noqa: S105  the same


class BadGrant(Exception):  # noqa: N818  named for what is the case
    """Not one of ours, of another kind, or past its time."""


class Grants:
    """Seals and opens grants (AES-256-GCM; the kind is authenticated with them).

    Args:
        key: At least 32 random bytes, the same in every process of a data folder.
        clock: Seconds since the epoch.
    """

    def __init__(self, key: bytes, clock: Callable[[], float]) -> None:
        if len(key) < _KEY_BYTES:
            raise ValueError(f"the key of the stand-ins has at least {_KEY_BYTES} bytes")
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._secret_key = _derive(key, b"token secret")
        self._clock = clock

    def issue(self, kind: Kind, claims: dict[str, str], *, lifetime: float) -> str:
        """A new grant that says ``claims`` for ``lifetime`` seconds; never the same twice."""
        payload = json.dumps({**claims, "exp": self._clock() + lifetime}).encode()
        nonce = token_bytes(_NONCE_BYTES)
        return base64url_encode(nonce + self._cipher.encrypt(nonce, payload, kind.encode()))

    def open(self, kind: Kind, grant: str) -> dict[str, Any]:
        """What a grant says.

        Raises:
            BadGrant: See there.
        """
        try:
            sealed = base64url_decode(grant.encode("ascii"))
            nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            claims = json_object(self._cipher.decrypt(nonce, ciphertext, kind.encode()))
        except (ValueError, InvalidTag) as error:
            raise BadGrant(kind) from error
        if self._clock() >= claims["exp"]:
            raise BadGrant(kind)
        return claims

    def secret_of(self, token: str) -> str:
        """The shared secret of an OAuth 1.0a token: a MAC over it, so that nobody has to keep it."""
        mac = HMAC(self._secret_key, SHA256())
        mac.update(token.encode())
        return base64url_encode(mac.finalize())


class Once:
    """Remembers what was used, as long as it could be used again. In this process only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used: dict[str, float] = {}

    def use(self, name: str, *, lifetime: float) -> bool:
        """Use something up: True the first time.

        Args:
            name: What is used.
            lifetime: Seconds after which it could not be used anyway.
        """
        now = self._clock()
        self._used = {each: until for each, until in self._used.items() if until > now}
        if name in self._used:
            return False
        self._used[name] = now + lifetime
        return True

    def is_used(self, name: str) -> bool:
        """Whether it was used up."""
        return self._used.get(name, 0) > self._clock()


def _derive(key: bytes, label: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"handstamp/demo/standins/" + label).derive(key)
