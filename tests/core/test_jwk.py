"""JSON Web Keys of others."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from handmade import b64
from handstamp.core import jws
from handstamp.core.encoding import base64url_decode
from handstamp.core.errors import InvalidKey, InvalidToken
from handstamp.core.jwk import MAX_SET_BYTES, JwkSet, load_public_key, load_shared_key
from handstamp.core.keys import Key

RSA = RSAKey.generate_key(2048)
P256, P384, P521 = (ECKey.generate_key(curve) for curve in ("P-256", "P-384", "P-521"))
ED25519, ED448 = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed448")
X25519 = OKPKey.generate_key("X25519")
SHARED = OctKey.import_key(bytes(range(64)))


def public(key: Any, **members: Any) -> dict[str, Any]:
    """The public JWK of a key."""
    return {**key.as_dict(private=False), **members}


def shared(**members: Any) -> dict[str, Any]:
    """The JWK of a symmetric key."""
    return {"kty": "oct", "k": b64(SHARED.raw_value), "kid": "s1", **members}


def document(*keys: Any, **members: Any) -> bytes:
    """A JWK Set."""
    return json.dumps({"keys": keys, **members}).encode()


GOOD: dict[str, tuple[Any, str | None, str]] = {
    "RSA without alg": (RSA, None, "RS256"),
    **{alg: (RSA, alg, alg) for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "P-256 without alg": (P256, None, "ES256"),
    "P-384 without alg": (P384, None, "ES384"),
    "P-521 without alg": (P521, None, "ES512"),
    "ES256": (P256, "ES256", "ES256"),
    "Ed25519 without alg": (ED25519, None, "EdDSA"),
    "Ed25519 by its new name": (ED25519, "Ed25519", "Ed25519"),
    "Ed448 without alg": (ED448, None, "EdDSA"),
    "Ed448 by its new name": (ED448, "Ed448", "Ed448"),
}


@pytest.mark.parametrize(("key", "alg", "algorithm"), GOOD.values(), ids=GOOD)
def test_a_public_key_verifies_with_its_one_algorithm(key: Any, alg: str | None, algorithm: str) -> None:
    """The one that it names, or the usual one of its type and curve (JWT-01, JWT-02)."""
    loaded = load_public_key(public(key, kid="k1", use="sig", **({"alg": alg} if alg else {})))
    assert (loaded.kid, loaded.algorithm) == ("k1", algorithm)
    token = jws.sign({"sub": "someone"}, Key("k1", algorithm, key), typ="any")
    assert jws.verify(token, loaded, typ="any") == b'{"sub":"someone"}'


@pytest.mark.parametrize(
    ("members", "algorithm"),
    [({}, "HS256"), ({"alg": "HS384"}, "HS384"), ({"alg": "HS512"}, "HS512")],
    ids=["default", "384", "512"],
)
def test_a_shared_key_verifies_macs(members: dict[str, Any], algorithm: str) -> None:
    """HS256 unless it says otherwise."""
    loaded = load_shared_key(shared(**members))
    token = jws.sign({}, Key("s1", algorithm, SHARED), typ="any")
    assert jws.verify(token, loaded, typ="any") == b"{}"


def test_a_key_without_kid_goes_by_its_thumbprint() -> None:
    """RFC 7638 names a public key by what it is."""
    loaded = load_public_key(public(P256))
    assert loaded.kid == P256.thumbprint()


def test_members_that_we_do_not_know_are_ignored() -> None:
    """RFC 7517 §4: certificates and extensions neither help nor harm."""
    assert load_public_key(public(RSA, kid="k1", x5c=["not a certificate"], x5t="?", issuer="someone")).kid == "k1"


def bits(count: int) -> str:
    """An odd RSA modulus of this many bits."""
    return b64(((1 << (count - 1)) + 1).to_bytes((count + 7) // 8, "big"))


def bumped(key: Any, coordinate: str) -> str:
    """A coordinate with its last bit changed: the point leaves the curve."""
    octets = base64url_decode(key.as_dict()[coordinate].encode())
    return b64(octets[:-1] + bytes([octets[-1] ^ 1]))


BAD_PUBLIC: dict[str, dict[str, Any]] = {
    "no kty": {key: value for key, value in public(P256).items() if key != "kty"},
    "kty unknown": public(P256, kty="AKP"),
    "kty in another case": public(P256, kty="ec"),
    "kty a list": public(P256, kty=["EC"]),
    "kty of another type": public(P256, kty="RSA"),
    "EC as OKP": public(P256, kty="OKP"),
    "crv missing": {key: value for key, value in public(P256).items() if key != "crv"},
    "crv of another curve": public(P256, crv="P-384"),
    "crv unknown": public(P256, crv="secp256k1"),
    "crv a number": public(P256, crv=256),
    "crv on RSA": public(RSA, crv="P-256"),
    "X25519, for key agreement": public(X25519),
    "Ed25519 as Ed448": public(ED25519, crv="Ed448"),
    "Ed25519 one byte short": public(ED25519, x=b64(bytes(31))),
    "alg of another curve": public(P256, alg="ES384"),
    "alg of another type": public(P256, alg="RS256"),
    "alg HS256": public(P256, alg="HS256"),
    "alg HS256 on RSA": public(RSA, alg="HS256"),
    "alg none": public(P256, alg="none"),
    "alg in another case": public(P256, alg="es256"),
    "alg for encryption": public(RSA, alg="RSA-OAEP"),
    "alg null": public(P256, alg=None),
    "alg a list": public(P256, alg=["ES256"]),
    "Ed25519 key named Ed448": public(ED25519, alg="Ed448"),
    "use enc": public(P256, use="enc"),
    "use unknown": public(P256, use="SIG"),
    "use a list": public(P256, use=["sig"]),
    "key_ops encrypt": public(P256, key_ops=["encrypt"]),
    "key_ops empty": public(P256, key_ops=[]),
    "key_ops a string": public(P256, key_ops="verify"),
    "key_ops in one string": public(P256, key_ops=["sign, verify"]),
    "key_ops of numbers": public(P256, key_ops=["verify", 1]),
    "kid empty": public(P256, kid=""),
    "kid null": public(P256, kid=None),
    "kid a number": public(P256, kid=1),
    "kid too long": public(P256, kid="k" * 129),
    "kid with NUL": public(P256, kid="k\0"),
    "symmetric": shared(),
    "symmetric member": public(P256, k="AAAA"),
    **{f"private member {name}": public(RSA, **{name: "AQAB"}) for name in ("d", "p", "q", "dp", "dq", "qi", "oth")},
    "private EC": P256.as_dict(private=True),
    "private OKP": ED25519.as_dict(private=True),
    "private RSA": RSA.as_dict(private=True),
    "RSA of 1024 bits": public(RSA, n=bits(1024)),
    "RSA of 2047 bits": public(RSA, n=bits(2047)),
    "RSA of 8193 bits": public(RSA, n=bits(8193)),
    "RSA with e = 1": public(RSA, e=b64(b"\1")),
    "RSA with e = 0": public(RSA, e=b64(b"\0")),
    "RSA with e even": public(RSA, e=b64(b"\1\0\2")),
    "RSA with e huge": public(RSA, e=b64(b"\1\0\0\0\1")),
    "RSA with n even": public(RSA, n=b64(b"\xff" * 255 + b"\0")),
    "RSA without n": {key: value for key, value in public(RSA).items() if key != "n"},
    "RSA with n a number": public(RSA, n=65537),
    "RSA with n padded": public(RSA, n=public(RSA)["n"] + "=="),
    "RSA with n in standard base64": public(RSA, n="+" + public(RSA)["n"][1:]),
    "RSA with n not ASCII": public(RSA, n="ä" * 342),
    "RSA with n empty": public(RSA, n=""),
    "EC off its curve": public(P256, x=bumped(P256, "x")),
    "EC at the origin": public(P256, x=b64(bytes(32)), y=b64(bytes(32))),
    "EC beyond the field": public(P256, x=b64(b"\xff" * 32)),
    "EC with a short coordinate": public(P256, x=b64(bytes(31))),
    "EC with a long coordinate": public(P256, y=b64(bytes(33))),
    "EC without y": {key: value for key, value in public(P256).items() if key != "y"},
    "empty": {},
}


@pytest.mark.parametrize("jwk", BAD_PUBLIC.values(), ids=BAD_PUBLIC)
def test_a_bad_public_key_is_refused_at_load(jwk: dict[str, Any]) -> None:
    """Not at its first use (JWT-14, JWT-15)."""
    with pytest.raises(InvalidKey) as caught:
        load_public_key(jwk)
    assert caught.value.code == "invalid_key"


PEMS: dict[str, Callable[[], bytes]] = {
    "PEM": lambda: RSA.as_pem(private=False),
    "DER": lambda: RSA.as_der(private=False),
    "EC in PEM": lambda: P256.as_pem(private=False),
}
BAD_SHARED: dict[str, dict[str, Any]] = {
    "empty": shared(k=""),
    "31 bytes for HS256": shared(k=b64(bytes(range(31))), alg="HS256"),
    "31 bytes without alg": shared(k=b64(bytes(range(31)))),
    "47 bytes for HS384": shared(k=b64(bytes(range(47))), alg="HS384"),
    "63 bytes for HS512": shared(k=b64(bytes(range(63))), alg="HS512"),
    "for AES-GCM": shared(alg="A256GCM"),
    "for AES key wrap": shared(alg="A256KW"),
    "for ES256": shared(alg="ES256"),
    "for none": shared(alg="none"),
    "use enc": shared(use="enc"),
    "key_ops sign only": shared(key_ops=["sign"]),
    "without kid": {key: value for key, value in shared().items() if key != "kid"},
    "without k": {key: value for key, value in shared().items() if key != "k"},
    "padded": shared(k=shared()["k"] + "=="),
    "asymmetric": public(P256, kid="k1"),
    **{f"a public key in {name}": shared(k=b64(spell())) for name, spell in PEMS.items()},
}


@pytest.mark.parametrize("jwk", BAD_SHARED.values(), ids=BAD_SHARED)
def test_a_bad_shared_key_is_refused_at_load(jwk: dict[str, Any]) -> None:
    """Shorter than its hash, for something else, or no secret at all (JWT-02, JWT-14)."""
    with pytest.raises(InvalidKey):
        load_shared_key(jwk)


def test_keys_at_the_limits_are_accepted() -> None:
    """As long as the hash is long enough, and e = 3 is odd."""
    for length, alg in ((32, "HS256"), (48, "HS384"), (64, "HS512")):
        assert load_shared_key(shared(k=b64(bytes(range(length))), alg=alg)).algorithm == alg
    assert load_public_key(public(RSA, e=b64(b"\3"))).algorithm == "RS256"


def test_a_set_finds_keys_by_kid() -> None:
    """Each has its own algorithm."""
    keys = JwkSet.of_public_keys(document(public(RSA, kid="r", alg="PS256"), public(P256, kid="e"), issuer="ignored"))
    assert keys.find("r").algorithm == "PS256"
    assert keys.find("e").algorithm == "ES256"
    assert repr(keys) == "JwkSet(r, e)"


@pytest.mark.parametrize("kid", ["", "R", "unknown", "../r", "r\0", "k" * 10_000], ids=lambda kid: kid[:8])
def test_a_set_has_no_key_for_an_unknown_kid(kid: str) -> None:
    """It raises the class of every bad token (JWT-13)."""
    with pytest.raises(InvalidToken):
        JwkSet.of_public_keys(document(public(RSA, kid="r"))).find(kid)


def test_the_key_decides_between_algorithms_even_in_a_set() -> None:
    """A token of the RSA key that says ES256, or names the other key, is refused (JWT-02)."""
    keys = JwkSet.of_public_keys(document(public(RSA, kid="r"), public(P256, kid="e")))
    for kid, algorithm in (("r", "PS256"), ("e", "RS256")):
        with pytest.raises(InvalidToken):
            jws.verify_by_kid(jws.sign({}, Key(kid, algorithm, RSA), typ="any"), keys.find, typ="any")


FOREIGN: dict[str, dict[str, Any]] = {
    "unknown type": {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "f"},
    "unknown curve": public(P256, crv="secp256k1", kid="f"),
    "key agreement": public(X25519, kid="f"),
    "for encryption": public(RSA, use="enc", alg="RSA-OAEP", kid="f"),
    "unregistered algorithm": public(P256, alg="ES521", kid="f"),
    "other operations": public(P256, key_ops=["deriveBits"], kid="f"),
}


@pytest.mark.parametrize("jwk", FOREIGN.values(), ids=FOREIGN)
def test_a_key_for_something_else_is_left_out_of_a_set(jwk: dict[str, Any]) -> None:
    """Issuers publish encryption keys and types to come beside what we need (RFC 7517 §5, JWT-15)."""
    keys = JwkSet.of_public_keys(document(jwk, public(P256, kid="e")))
    assert keys.find("e").algorithm == "ES256"
    with pytest.raises(InvalidToken):
        keys.find("f")


@pytest.mark.parametrize("jwk", FOREIGN.values(), ids=FOREIGN)
def test_a_set_without_a_key_for_signatures_is_refused(jwk: dict[str, Any]) -> None:
    """Nothing could ever be verified with it."""
    with pytest.raises(InvalidKey):
        JwkSet.of_public_keys(document(jwk))


WRONG: dict[str, dict[str, Any]] = {
    "symmetric": shared(),
    "private": P384.as_dict(private=True),
    "private, for encryption": {**RSA.as_dict(private=True), "use": "enc"},
    "unknown type with a secret": {"kty": "AKP", "d": "AAAA"},
    "too short": public(RSA, n=bits(1024)),
    "off its curve": public(P384, x=bumped(P384, "x")),
    "kid of another type": public(P384, kid=1),
    "no kty": {"kid": "f"},
}


@pytest.mark.parametrize("jwk", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_wrong_key_refuses_the_whole_set(jwk: dict[str, Any], first: bool) -> None:  # noqa: FBT001  a parameter
    """Its publisher has lost control of it (JWT-14, JWT-15)."""
    good = public(P256, kid="e")
    with pytest.raises(InvalidKey):
        JwkSet.of_public_keys(document(jwk, good) if first else document(good, jwk))


@pytest.mark.parametrize(
    "other",
    [public(P256, kid="e"), public(RSA, kid="e"), public(RSA, kid="e", use="enc")],
    ids=["same type", "another type", "for encryption"],
)
def test_a_kid_twice_refuses_the_whole_set(other: dict[str, Any]) -> None:
    """Nobody could say which one is meant (JWT-15)."""
    with pytest.raises(InvalidKey):
        JwkSet.of_public_keys(document(public(P384, kid="e"), other))


def test_a_set_of_shared_keys_holds_nothing_else() -> None:
    """Symmetric and public keys do not mix (JWT-15)."""
    assert JwkSet.of_shared_keys(document(shared(), shared(kid="s2", alg="HS512"))).find("s2").algorithm == "HS512"
    with pytest.raises(InvalidKey):
        JwkSet.of_shared_keys(document(shared(), public(P256, kid="e")))


DOCUMENTS: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"<html>",
    "array": b"[]",
    "no keys": b"{}",
    "keys null": b'{"keys":null}',
    "keys an object": b'{"keys":{}}',
    "keys empty": b'{"keys":[]}',
    "keys of strings": b'{"keys":["RSA"]}',
    "a single key": json.dumps(public(P256)).encode(),
    "keys twice": b'{"keys":[],' + document(public(P256, kid="e"))[1:],
    "a member of a key twice": document(public(P256, kid="e")).replace(b'"kid"', b'"kid": "f", "kid"'),
    "UTF-16": document(public(P256, kid="e")).decode().encode("utf-16"),
    "BOM": b"\xef\xbb\xbf" + document(public(P256, kid="e")),
    "nested": b'{"keys":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "too long": document(public(P256, kid="e"), padding="x" * MAX_SET_BYTES),
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_is_no_strict_set_is_refused(text: bytes) -> None:
    """A foreign server's answer, whatever it is (JWT-07, JWT-08, JWT-12)."""
    with pytest.raises(InvalidKey):
        JwkSet.of_public_keys(text)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
member_names = st.sampled_from(["kty", "crv", "alg", "use", "key_ops", "kid", "x", "y", "n", "e", "k"])


@given(st.sampled_from([P256, RSA, ED25519]), st.dictionaries(member_names, json_values, max_size=3))
def test_no_other_exception_leaves(key: Any, members: dict[str, Any]) -> None:
    """A key with members of any value is loaded or refused with the one class."""
    for load in (load_public_key, load_shared_key):
        try:
            load(public(key, **members))
        except InvalidKey:
            continue


@given(st.binary(max_size=300))
def test_arbitrary_documents_are_refused_with_the_one_class(text: bytes) -> None:
    """Nothing but InvalidKey leaves."""
    with pytest.raises(InvalidKey):
        JwkSet.of_public_keys(text)
