"""Values that a browser or a database keeps for us, and neither can read, change or move elsewhere.

AES-256-GCM (NIST SP 800-38D) under a key of its own purpose. The value is bound to its context, such as the name of
its cookie: in any other place it does not open. Sealing hides neither length nor repetition in time, and does not
expire: a payload that must, carries its own time.
"""

import secrets as randomness
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from handstamp.core.encoding import base64url_decode, base64url_encode
from handstamp.core.errors import InvalidToken
from handstamp.core.keys import Purpose, check_secrets, derive, derive_kid

MAX_SEALED_BYTES: Final = 4096

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
"""Random. A key may seal 2³² values before two nonces meet with a probability of 2⁻³² (SP 800-38D §8.3)."""
_TAG_BYTES: Final = 16


class Sealer:
    """Seals with the newest secret and opens with any.

    A sealed value is base64url of key id ‖ nonce ‖ ciphertext ‖ tag.

    Args:
        secrets: Of the server, the newest first.
        purpose: What is sealed. A value sealed for one purpose does not open for another.
        max_bytes: Of a sealed value.

    Raises:
        ConfigurationError: No secret, a weak one, or one twice.
    """

    __slots__ = ("_ciphers", "_max_bytes", "_newest")

    def __init__(self, secrets: Sequence[str], purpose: Purpose, *, max_bytes: int = MAX_SEALED_BYTES) -> None:
        check_secrets(secrets)
        # A label beside the one of the signing keys: no key serves two algorithms.
        label = f"{purpose}/seal"
        self._ciphers: Final = {
            derive_kid(secret, label): AESGCM(derive(secret, label, _KEY_BYTES)) for secret in secrets
        }
        self._newest: Final = next(iter(self._ciphers))
        self._max_bytes: Final = max_bytes

    def seal(self, payload: bytes, *, context: bytes) -> str:
        """Encrypt a payload and bind it to its context.

        Raises:
            ValueError: The sealed value would be longer than ``max_bytes``.
        """
        nonce = randomness.token_bytes(_NONCE_BYTES)
        ciphertext = self._ciphers[self._newest].encrypt(nonce, payload, context)
        sealed = base64url_encode(self._newest + nonce + ciphertext)
        if len(sealed) > self._max_bytes:
            raise ValueError(f"the sealed value would be longer than {self._max_bytes} bytes")
        return sealed

    def open(self, sealed: bytes | str, *, context: bytes) -> bytes:
        """Give the payload back.

        Raises:
            InvalidToken: Too long, not canonical base64url, a key that we do not have, another purpose or context,
                or changed.
        """
        if len(sealed) > self._max_bytes:
            raise InvalidToken(f"longer than {self._max_bytes} bytes")
        try:
            data = base64url_decode(sealed.encode("ascii") if isinstance(sealed, str) else sealed)
        except ValueError as error:
            raise InvalidToken("not canonical base64url") from error
        kid_bytes = len(self._newest)
        cipher = self._ciphers.get(data[:kid_bytes])
        if cipher is None or len(data) < kid_bytes + _NONCE_BYTES + _TAG_BYTES:
            raise InvalidToken("no such key, or too short")
        nonce, ciphertext = data[kid_bytes : kid_bytes + _NONCE_BYTES], data[kid_bytes + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, context)
        except InvalidTag as error:
            raise InvalidToken("sealed for another purpose or context, or changed") from error

    def is_newest(self, sealed: str) -> bool:
        """Whether a value that opens was sealed with the newest secret; if not, whoever keeps it may seal it anew."""
        return base64url_decode(sealed.encode("ascii")).startswith(self._newest)
