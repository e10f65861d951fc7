"""Keys: one key, one algorithm, one purpose.

A deployment has one secret (or several, while it changes). Every purpose derives its own key from it with
HKDF-SHA256 (RFC 5869) and the label ``handstamp/1/<purpose>``, so what was made for one purpose is worthless
for any other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeGuard

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.errors import JoseError
from joserfc.jwa import JWS_ALGORITHMS, JWSAlgModel
from joserfc.jwk import Key as JoseKey
from joserfc.jwk import OctKey

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import ConfigurationError, InvalidKey, InvalidToken

ALGORITHMS: Final[dict[str, JWSAlgModel]] = {
    algorithm.name: algorithm
    for algorithm in JWS_ALGORITHMS
    if algorithm.name
    in {
        *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"),
    }
}
"""Signature algorithms by name (RFC 7518 §3, RFC 8037, RFC 9864). ``none`` is not among them."""

MAX_KID_CHARACTERS: Final = 128
MIN_SECRET_BYTES: Final = 32
MIN_VARIETY: Final = 8
"""Different characters, and different steps between neighbours. 32 random hexadecimal digits have 14 or so."""

_KEY_BYTES: Final = 32
_KID_BYTES: Final = 9
_REMEDY: Final = "make one with: handstamp secret"

_WELL_KNOWN: Final = re.compile(
    r"""
    change.?(me|this|it)            # placeholders of templates and tutorials
    | your.{0,24}(secret|key)
    | secret.{0,16}(at.least|bits)  # the samples of jwt.io
    | django.insecure
    | AyM1SysPpbyDfgZld3umj1qz      # RFC 7515 appendix A.1
    | 09d25e094faa6ca2556c8181      # the tutorial of FastAPI
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Purpose(StrEnum):
    """What a key is for. A value is part of a derivation: changing one voids everything made with it."""

    SESSION = "session"
    """Signs session tokens."""
    FLOW = "flow"
    """Seals the cookies of a sign-in in progress."""
    PROVIDER_TOKEN = "provider-token"  # noqa: S105  a purpose, not a password
    """Seals the tokens that providers gave us, at rest."""
    TOTP_SECRET = "totp-secret"  # noqa: S105  a purpose, not a password
    """Seals the shared secrets of authenticator apps, at rest."""
    STEP = "step"
    """Seals what a browser keeps between two steps: a second factor to be shown, a code to be typed."""
    BROWSER = "browser"
    """Seals by which a browser is known that has signed in before."""
    LINK = "link"
    """Seals what is sent to somebody in a link."""
    MAIL = "mail"
    """Seals mails that wait to be sent, at rest: they hold links that sign people in."""
    PRIVATE_KEY = "private-key"
    """Seals private signing keys, at rest."""


def is_kid(value: object) -> TypeGuard[str]:
    """Whether this can be a key id: 1 to 128 printable characters. It is only ever compared and looked up."""
    return isinstance(value, str) and 0 < len(value) <= MAX_KID_CHARACTERS and value.isprintable()


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A key that does one algorithm and no other.

    Raises:
        InvalidKey: The key id has no acceptable form, the algorithm is unknown, or the material is of another type.
    """

    kid: str
    algorithm: str
    material: JoseKey = field(repr=False)
    _model: JWSAlgModel = field(init=False, repr=False)

    def __post_init__(self) -> None:
        model = ALGORITHMS.get(self.algorithm)
        if model is None or not is_kid(self.kid):
            raise InvalidKey("unknown algorithm, or a kid that cannot be one")
        try:
            model.check_key(self.material)
        except JoseError as error:
            raise InvalidKey(f"the key is not one for {self.algorithm}") from error
        object.__setattr__(self, "_model", model)

    def sign(self, message: bytes) -> bytes:
        """The signature or MAC of the message.

        Raises:
            InvalidKey: This is a public key.
        """
        try:
            return self._model.sign(message, self.material)
        except JoseError as error:
            raise InvalidKey("a public key cannot sign") from error

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return if the signature is this key's for the message; in constant time for a MAC.

        Raises:
            InvalidToken: It is not.
        """
        if not self._model.verify(message, signature, self.material):
            raise InvalidToken("the signature is wrong")


class KeyRing:
    """The keys of one purpose. The first one signs, all of them verify.

    Raises:
        ConfigurationError: No key, or two with the same kid.
    """

    __slots__ = ("_keys", "signing")

    def __init__(self, keys: Sequence[Key]) -> None:
        if not keys:
            raise ConfigurationError(f"there is no key; {_REMEDY}")
        self.signing: Final = keys[0]
        self._keys: Final = {key.kid: key for key in keys}
        if len(self._keys) != len(keys):
            raise ConfigurationError("two keys have the same kid")

    @classmethod
    def from_secrets(cls, secrets: Sequence[str], purpose: Purpose) -> "KeyRing":
        """HS256 keys for one purpose, the newest secret first.

        Raises:
            ConfigurationError: No secret, a weak one, or one twice.
        """
        check_secrets(secrets)
        return cls([_derived(secret, purpose) for secret in secrets])

    def find(self, kid: str) -> Key:
        """The key with this id.

        Raises:
            InvalidToken: There is none.
        """
        key = self._keys.get(kid)
        if key is None:
            raise InvalidToken("no key has this kid")
        return key

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


def derive(secret: str, label: str, length: int) -> bytes:
    """Bytes for one use, from a secret: HKDF-SHA256 without salt (RFC 5869) under ``handstamp/1/<label>``."""
    info = f"handstamp/1/{label}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret.encode())


def derive_kid(secret: str, label: str) -> bytes:
    """A key id. It has its own label, so that it tells nothing of the key, and differs by purpose."""
    return derive(secret, f"{label}/kid", _KID_BYTES)


def _derived(secret: str, purpose: Purpose) -> Key:
    material = OctKey.import_key(derive(secret, purpose, _KEY_BYTES))
    return Key(base64url_encode(derive_kid(secret, purpose)), "HS256", material)


def check_secrets(secrets: Sequence[str]) -> None:
    """Return if there is a secret, each is strong, and none is there twice.

    Raises:
        ConfigurationError: Otherwise. The message says what to do, and never shows a secret.
    """
    if not secrets:
        raise ConfigurationError(f"there is no secret; {_REMEDY}")
    for secret in secrets:
        check_secret(secret)
    if len(set(secrets)) != len(secrets):
        raise ConfigurationError("a secret is there twice: remove the older one")


def check_secret(secret: str) -> None:
    """Return if a server secret looks strong enough to make keys of.

    No test can prove that a secret was drawn at random; this one stops what people type.

    Raises:
        ConfigurationError: Shorter than 32 bytes, unprintable characters or white space around it, too few
            different characters or steps between them, a repetition, or one that is known from a tutorial.
    """
    if not secret.isprintable() or secret != secret.strip():
        raise ConfigurationError("the secret has unprintable characters, or white space around it")
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigurationError(f"the secret is shorter than {MIN_SECRET_BYTES} bytes; {_REMEDY}")
    if _variety(secret) < MIN_VARIETY or secret in (secret + secret)[1:-1] or _WELL_KNOWN.search(secret):
        raise ConfigurationError(f"the secret can be guessed; {_REMEDY}")


def _variety(text: str) -> int:
    """How many different characters, or steps from one to the next: ``0123456789abcdef…`` has few steps."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return min(len(set(text)), len(steps))
