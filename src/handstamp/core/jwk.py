"""JSON Web Keys of others (RFC 7517), checked when they are loaded, not when they first fail.

A key for something else (another type of key, curve or algorithm, ``use`` other than ``sig``, ``key_ops`` without
``verify``) is no key for us: alone it is refused, in a set it is left out (RFC 7517 §5), as issuers publish
encryption keys beside their signing keys. A key that is wrong (a secret in public, too short, not on its curve,
malformed, a ``kid`` twice) refuses the whole set: its publisher has lost control of it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jwk import Key as JoseKey

from handstamp.core.encoding import base64url_decode, json_object
from handstamp.core.errors import InvalidKey, InvalidToken
from handstamp.core.keys import Key, is_kid

MAX_SET_BYTES: Final = 65_536
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_RSA_EXPONENT: Final = 2**32

_Algorithms = Mapping[tuple[str, str | None], tuple[str, ...]]
"""Key type and curve → names of algorithms; the first is meant where a key names none."""

_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_PUBLIC_ALGORITHMS: Final[_Algorithms] = {
    ("RSA", None): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
    ("OKP", "Ed448"): ("EdDSA", "Ed448"),
}
_SHARED_ALGORITHMS: Final[_Algorithms] = {("oct", None): ("HS256", "HS384", "HS512")}
_COORDINATE_BYTES: Final = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32, "Ed448": 57}
_SECRET_MEMBERS: Final = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_STRING_MEMBERS: Final = ("kty", "crv", "alg", "use")


def load_public_key(jwk: Mapping[str, Any]) -> Key:
    """A key that verifies the signatures of someone else.

    Its algorithm is its ``alg``, or the usual one of its type: RS256, the one of its curve, EdDSA. A key without
    ``kid`` goes by its thumbprint (RFC 7638).

    Raises:
        InvalidKey: Not for signatures, symmetric, private members, RSA below 2048 bits or with a weak exponent or
            ROCA modulus, a point off its curve, ``crv`` and ``alg`` that do not match, or malformed.
    """
    _check_public(jwk)
    return _usable(jwk, _PUBLIC_ALGORITHMS)


def load_shared_key(jwk: Mapping[str, Any]) -> Key:
    """A key that verifies the MACs of someone with whom we share it.

    It must have a ``kid``: the thumbprint of a secret is not for others to see (RFC 7638 §7).

    Raises:
        InvalidKey: Not an ``oct`` key for HS256, HS384 or HS512, shorter than the hash (RFC 7518 §3.2), a public key
            in disguise, without ``kid``, or malformed.
    """
    _check_shared(jwk)
    return _usable(jwk, _SHARED_ALGORITHMS)


class JwkSet:
    """Keys to look up by ``kid``."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys: Final = {key.kid: key for key in keys}

    @classmethod
    def of_public_keys(cls, document: bytes, *, max_bytes: int = MAX_SET_BYTES) -> "JwkSet":
        """A JWK Set as an issuer publishes it.

        Raises:
            InvalidKey: Too long, not a strict JSON object with ``keys``, a key that is wrong (see above), a ``kid``
                twice, or no key for signatures at all.
        """
        return cls._load(document, max_bytes, _check_public, _PUBLIC_ALGORITHMS)

    @classmethod
    def of_shared_keys(cls, document: bytes, *, max_bytes: int = MAX_SET_BYTES) -> "JwkSet":
        """A JWK Set of symmetric keys.

        Raises:
            InvalidKey: As for ``of_public_keys``, and if any key is not symmetric.
        """
        return cls._load(document, max_bytes, _check_shared, _SHARED_ALGORITHMS)

    @classmethod
    def _load(
        cls,
        document: bytes,
        max_bytes: int,
        check: Callable[[Mapping[str, Any]], None],
        algorithms: _Algorithms,
    ) -> "JwkSet":
        entries = _entries(document, max_bytes)
        for entry in entries:
            check(entry)
        kids = [entry["kid"] for entry in entries if "kid" in entry]
        if len(set(kids)) != len(kids):
            raise InvalidKey("a kid twice")
        keys = [_load_key(entry, algorithm) for entry in entries if (algorithm := _algorithm(entry, algorithms))]
        if not keys:
            raise InvalidKey("no key for signatures")
        return cls(keys)

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
        return f"JwkSet({', '.join(self._keys)})"


def _entries(document: bytes, max_bytes: int) -> list[dict[str, Any]]:
    if len(document) > max_bytes:
        raise InvalidKey(f"longer than {max_bytes} bytes")
    try:
        entries = json_object(document).get("keys")
    except ValueError as error:
        raise InvalidKey("not a strict JSON object") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidKey("no list of keys")
    return entries


def _check_public(jwk: Mapping[str, Any]) -> None:
    _check_members(jwk)
    if jwk["kty"] == "oct" or not _SECRET_MEMBERS.isdisjoint(jwk):
        raise InvalidKey("a secret among public keys")


def _check_shared(jwk: Mapping[str, Any]) -> None:
    _check_members(jwk)
    if jwk["kty"] != "oct" or "kid" not in jwk:
        raise InvalidKey("not a symmetric key with a kid")


def _check_members(jwk: Mapping[str, Any]) -> None:
    if "kty" not in jwk or not all(isinstance(jwk.get(name, ""), str) for name in _STRING_MEMBERS):
        raise InvalidKey("no kty, or a member that is no string")
    if "kid" in jwk and not is_kid(jwk["kid"]):
        raise InvalidKey("the kid cannot be one")
    operations = jwk.get("key_ops", [])
    if not isinstance(operations, list) or not all(isinstance(operation, str) for operation in operations):
        raise InvalidKey("key_ops is no list of strings")


def _usable(jwk: Mapping[str, Any], algorithms: _Algorithms) -> Key:
    algorithm = _algorithm(jwk, algorithms)
    if algorithm is None:
        raise InvalidKey("not a key to verify signatures with")
    return _load_key(jwk, algorithm)


def _algorithm(jwk: Mapping[str, Any], algorithms: _Algorithms) -> str | None:
    """The one algorithm of a key that is meant for verifying, or None."""
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        return None
    possible = algorithms.get((jwk["kty"], jwk.get("crv")))
    if possible is None:
        return None
    algorithm = jwk.get("alg", possible[0])
    return algorithm if algorithm in possible else None


def _load_key(jwk: Mapping[str, Any], algorithm: str) -> Key:
    try:
        material = _LOADERS[jwk["kty"]](jwk, algorithm)
        return Key(jwk.get("kid") or material.thumbprint(), algorithm, material)
    except (ValueError, JoseError) as error:
        raise InvalidKey("the key is malformed or not a point of its curve") from error


def _load_rsa(jwk: Mapping[str, Any], _: str) -> JoseKey:
    modulus = int.from_bytes(_octets(jwk, "n"), "big")
    exponent = int.from_bytes(_octets(jwk, "e"), "big")
    if modulus % 2 == 0 or not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise InvalidKey(f"an RSA modulus is odd and has {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
    if exponent % 2 == 0 or not 1 < exponent < MAX_RSA_EXPONENT:
        raise InvalidKey("the public exponent is 1, even or too large")
    if _is_roca(modulus):
        raise InvalidKey("the modulus has the ROCA fingerprint (CVE-2017-15361)")
    return RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})


def _load_ec(jwk: Mapping[str, Any], _: str) -> JoseKey:
    size = _COORDINATE_BYTES[jwk["crv"]]
    if len(_octets(jwk, "x")) != size or len(_octets(jwk, "y")) != size:
        raise InvalidKey("a coordinate must have the length of its field (RFC 7518 §6.2.1)")
    return ECKey.import_key({"kty": "EC", "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]})


def _load_okp(jwk: Mapping[str, Any], _: str) -> JoseKey:
    if len(_octets(jwk, "x")) != _COORDINATE_BYTES[jwk["crv"]]:
        raise InvalidKey("the public key must have the length of its curve (RFC 8037 §2)")
    return OKPKey.import_key({"kty": "OKP", "crv": jwk["crv"], "x": jwk["x"]})


def _load_oct(jwk: Mapping[str, Any], algorithm: str) -> JoseKey:
    octets = _octets(jwk, "k")
    if len(octets) * 8 < int(algorithm.removeprefix("HS")):
        raise InvalidKey("the key is shorter than the hash (RFC 7518 §3.2)")
    return OctKey.import_key(octets)


_LOADERS: Final[dict[str, Callable[[Mapping[str, Any], str], JoseKey]]] = {
    "RSA": _load_rsa,
    "EC": _load_ec,
    "OKP": _load_okp,
    "oct": _load_oct,
}


def _octets(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise InvalidKey(f"{name} is no string")
    return base64url_decode(value.encode("ascii"))


_ROCA_GENERATOR: Final = 65537
_ROCA_PRIMES: Final = tuple(n for n in range(3, 168) if all(n % divisor for divisor in range(2, n)))
_ROCA_RESIDUES: Final = tuple(
    (prime, frozenset(pow(_ROCA_GENERATOR, exponent, prime) for exponent in range(prime))) for prime in _ROCA_PRIMES
)


def _is_roca(modulus: int) -> bool:
    """Whether the modulus was made by a generator whose primes can be found (Nemec et al., CCS 2017, §2.3).

    Its primes, and so their product, are powers of 65537 modulo every small prime; of others, about one in 2²⁸ is.
    """
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES)
