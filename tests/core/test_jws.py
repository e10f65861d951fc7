"""Compact JWS, read strictly."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from handmade import SECRET, b64, compact, hkdf, sign
from handstamp.core import jws
from handstamp.core.errors import InvalidKey, InvalidToken
from handstamp.core.keys import Key

MATERIAL = hkdf(SECRET, "a test")
KEY = Key("k1", "HS256", OctKey.import_key(MATERIAL))
HEADER = {"alg": "HS256", "kid": "k1", "typ": "test+jwt"}
PAYLOAD = b'{"sub":"someone"}'
GOOD = compact(HEADER, PAYLOAD, MATERIAL)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def find(kid: str) -> Key:
    """The one key that there is."""
    if kid != KEY.kid:
        raise InvalidToken("no key has this kid")
    return KEY


def signed(**members: Any) -> str:
    """A token that is authentic but for these members of its header."""
    return compact({**HEADER, **members}, PAYLOAD, MATERIAL)


def rewritten(header: bytes) -> str:
    """A token with exactly this header, authentically signed."""
    return compact(header, PAYLOAD, MATERIAL)


def refused(token: bytes | str) -> None:
    """Assert that the token is refused with the one class, whichever way it is verified."""
    with pytest.raises(InvalidToken):
        jws.verify(token, KEY, typ="test+jwt")
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(token, find, typ="test+jwt")


@pytest.mark.parametrize("token", [GOOD, GOOD.encode()], ids=["text", "bytes"])
def test_a_good_token_gives_its_payload(token: bytes | str) -> None:
    """Text or bytes, by key or by kid."""
    assert jws.verify(token, KEY, typ="test+jwt") == PAYLOAD
    assert jws.verify_by_kid(token, find, typ="test+jwt") == PAYLOAD


def test_a_token_of_a_kind_without_typ_is_verified_without_it() -> None:
    """ID tokens have no typ of their own."""
    assert jws.verify(compact({"alg": "HS256", "kid": "k1"}, PAYLOAD, MATERIAL), KEY, typ=None) == PAYLOAD


def test_parts_of_a_token_are_what_was_signed() -> None:
    """The signing input is the received bytes themselves."""
    parsed = jws.parse(GOOD)
    assert parsed.header == HEADER
    assert parsed.payload == PAYLOAD
    assert parsed.signing_input == GOOD.rpartition(".")[0].encode()
    assert parsed.kid == "k1"


FORMS = {
    "empty": "",
    "one dot": ".",
    "two dots": "..",
    "garbage": "garbage",
    "not ASCII": "ä.ö.ü",
    "lone surrogate": "\ud800.a.b",
    "truncated": GOOD[:-1],
    "without signature": GOOD.rpartition(".")[0] + ".",
    "without signature and dot": GOOD.rpartition(".")[0],
    "without header": "." + GOOD.partition(".")[2],
    "without payload": GOOD.split(".")[0] + ".." + GOOD.split(".")[2],
    "four parts": GOOD + ".AAAA",
    "trailing dot": GOOD + ".",
    "five parts, a JWE (JWT-18)": ".".join(
        [b64(b'{"alg":"dir","enc":"A256GCM"}'), "", b64(bytes(12)), "AAAA", b64(bytes(16))]
    ),
    "padding": GOOD + "=",
    "plus": GOOD[:-2] + "+A",
    "slash": GOOD[:-2] + "/A",
    "leading space": " " + GOOD,
    "trailing newline": GOOD + "\n",
    "newline inside": GOOD.replace(".", ".\n", 1),
    "NUL": GOOD + "\0",
    "quoted": f'"{GOOD}"',
    "Bearer": "Bearer " + GOOD,
    "general JSON serialisation": json.dumps(
        {
            "payload": GOOD.split(".")[1],
            "signatures": [{"protected": GOOD.split(".")[0], "signature": GOOD.split(".")[2]}],
        }
    ),
    "flattened JSON serialisation": json.dumps(
        dict(zip(("protected", "payload", "signature"), GOOD.split("."), strict=True))
    ),
    "one megabyte": "A" * 1_000_000,
    "one megabyte, three parts": "e30." + "A" * 1_000_000 + ".AAAA",
    "one byte too long": sign(f"{b64(json.dumps(HEADER).encode())}.{'A' * 4000}", MATERIAL),
}


@pytest.mark.parametrize("token", FORMS.values(), ids=FORMS)
def test_a_token_of_another_form_is_refused(token: str) -> None:
    """Three canonical segments of at most 4,096 bytes, and nothing else (JWT-05, JWT-12, JWT-18)."""
    refused(token)


@pytest.mark.parametrize("spelling", ["none", "None", "NONE", "nOnE", "noNe", "", " none", "HS256 "])
@pytest.mark.parametrize("signature", ["", "AAAA"], ids=["unsigned", "signed"])
def test_no_spelling_of_none_is_an_algorithm(spelling: str, signature: str) -> None:
    """An unsigned token is refused, whatever it calls that (JWT-01)."""
    header = b64(json.dumps({**HEADER, "alg": spelling}).encode())
    refused(f"{header}.{b64(PAYLOAD)}.{signature}")


ALGORITHMS: dict[str, Any] = {
    "lower case": "hs256",
    "mixed case": "Hs256",
    "another hash": "HS512",
    "another type": "RS256",
    "list": ["HS256"],
    "null": None,
    "number": 256,
    "object": {"HS256": True},
    "true": True,
}


@pytest.mark.parametrize("alg", ALGORITHMS.values(), ids=ALGORITHMS)
def test_only_the_algorithm_of_the_key_is_accepted(alg: Any) -> None:
    """The key says which algorithm, letter for letter, even over an authentic MAC (JWT-01, JWT-02)."""
    refused(signed(alg=alg))


def test_a_token_without_alg_is_refused() -> None:
    """Absence is no algorithm (JWT-01)."""
    refused(compact({"kid": "k1", "typ": "test+jwt"}, PAYLOAD, MATERIAL))


EC = ECKey.generate_key("P-256")
RSA = RSAKey.generate_key(2048)
ED = OKPKey.generate_key("Ed25519")
SPELLINGS: dict[str, Callable[[Any], bytes]] = {
    "PEM": lambda key: key.as_pem(private=False),
    "PEM without the last newline": lambda key: key.as_pem(private=False).rstrip(),
    "DER": lambda key: key.as_der(private=False),
    "JWK": lambda key: json.dumps(key.as_dict(private=False), separators=(",", ":")).encode(),
    "x": lambda key: json.dumps(key.as_dict(private=False).get("x", "")).encode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize(
    ("algorithm", "material"), [("ES256", EC), ("RS256", RSA), ("EdDSA", ED)], ids=["ES256", "RS256", "EdDSA"]
)
def test_a_mac_made_with_the_public_key_is_refused(
    algorithm: str, material: Any, spell: Callable[[Any], bytes]
) -> None:
    """Whoever knows the public key knows no secret (JWT-02)."""
    key = Key("k1", algorithm, material)
    for alg in ("HS256", algorithm):
        with pytest.raises(InvalidToken):
            jws.verify(compact({**HEADER, "alg": alg}, PAYLOAD, spell(material)), key, typ="test+jwt")


@pytest.mark.parametrize(
    ("algorithm", "material"),
    [("ES256", EC), ("RS256", RSA), ("PS256", RSA), ("EdDSA", ED), ("Ed25519", ED), ("HS256", KEY.material)],
    ids=["ES256", "RS256", "PS256", "EdDSA", "Ed25519", "HS256"],
)
def test_what_a_key_signs_it_verifies(algorithm: str, material: Any) -> None:
    """Every algorithm that a key can be made for works both ways."""
    key = Key("k1", algorithm, material)
    token = jws.sign({"sub": "someone"}, key, typ="test+jwt")
    assert jws.verify(token, key, typ="test+jwt") == PAYLOAD
    with pytest.raises(InvalidToken):
        jws.verify(token[:-8] + "AAAAAAAA", key, typ="test+jwt")


def test_a_public_key_cannot_sign() -> None:
    """Asking it to is an error of ours, told as such."""
    public = OKPKey.import_key({key: ED.as_dict()[key] for key in ("kty", "crv", "x")})
    with pytest.raises(InvalidKey):
        jws.sign({}, Key("k1", "EdDSA", public), typ="test+jwt")


@pytest.mark.parametrize("alg", ["none", "HS1", "RSA1_5", "dir", "A256GCM", "hs256"])
def test_a_key_with_no_signature_algorithm_cannot_be_made(alg: str) -> None:
    """There is no key for none (JWT-01)."""
    with pytest.raises(InvalidKey):
        Key("k1", alg, KEY.material)


@pytest.mark.parametrize("material", [EC, RSA, ED], ids=["EC", "RSA", "OKP"])
def test_a_key_of_another_type_than_its_algorithm_cannot_be_made(material: Any) -> None:
    """A public key is no HMAC key (JWT-02)."""
    with pytest.raises(InvalidKey):
        Key("k1", "HS256", material)


OUTSIDE = OctKey.import_key(hkdf(SECRET, "of the attacker"))
HEADER_KEYS: dict[str, dict[str, Any]] = {
    "jwk": {"jwk": OUTSIDE.as_dict(private=True)},
    "jku": {"jku": "https://attacker.example/jwks.json"},
    "x5u": {"x5u": "https://attacker.example/chain.pem"},
    "x5c": {"x5c": ["MIIB"]},
}


@pytest.mark.parametrize("members", HEADER_KEYS.values(), ids=HEADER_KEYS)
def test_a_key_in_the_header_is_not_used(members: dict[str, Any]) -> None:
    """It neither verifies a token nor spoils an authentic one; sockets are off, so nothing is fetched (JWT-03)."""
    refused(compact({**HEADER, **members}, PAYLOAD, OUTSIDE.raw_value))
    assert jws.verify(signed(**members), KEY, typ="test+jwt") == PAYLOAD


EXTENSIONS: dict[str, dict[str, Any]] = {
    "unknown name": {"crit": ["exp2"], "exp2": 1},
    "absent name": {"crit": ["exp2"]},
    "known name": {"crit": ["typ"]},
    "empty list": {"crit": []},
    "null": {"crit": None},
    "string": {"crit": "typ"},
    "object": {"crit": {}},
    "b64 false": {"crit": ["b64"], "b64": False},
    "b64 false without crit": {"b64": False},
    "b64 true": {"b64": True},
}


@pytest.mark.parametrize("members", EXTENSIONS.values(), ids=EXTENSIONS)
def test_an_extension_that_must_be_understood_is_refused(members: dict[str, Any]) -> None:
    """A member ``crit`` in any form, and ``b64`` (JWT-04)."""
    refused(signed(**members))


HEADERS: dict[str, bytes] = {
    "array": b"[]",
    "null": b"null",
    "text": b'"HS256"',
    "no JSON": b"HS256",
    "duplicate alg": b'{"alg":"none","alg":"HS256","kid":"k1","typ":"test+jwt"}',
    "duplicate alg, escaped": b'{"\\u0061lg":"none","alg":"HS256","kid":"k1","typ":"test+jwt"}',
    "duplicate deep inside": b'{"alg":"HS256","kid":"k1","typ":"test+jwt","x":[{"a":1,"a":1}]}',
    "UTF-16": json.dumps(HEADER).encode("utf-16"),
    "UTF-16 LE": json.dumps(HEADER).encode("utf-16-le"),
    "UTF-16 BE": json.dumps(HEADER).encode("utf-16-be"),
    "UTF-32": json.dumps(HEADER).encode("utf-32"),
    "BOM": b"\xef\xbb\xbf" + json.dumps(HEADER).encode(),
    "invalid UTF-8": b'{"alg":"HS256","kid":"k1","typ":"test+jwt","x":"\xff"}',
    "NaN": b'{"alg":"HS256","kid":"k1","typ":"test+jwt","x":NaN}',
    "huge integer": b'{"alg":"HS256","kid":"k1","typ":"test+jwt","x":' + b"9" * 2000 + b"}",
    "nested": b'{"alg":"HS256","kid":"k1","typ":"test+jwt","x":' + b"[" * 1200 + b"]" * 1200 + b"}",
    "trailing data": json.dumps(HEADER).encode() + b"{}",
    "NUL": json.dumps(HEADER).encode() + b"\0",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_no_strict_json_object_is_refused(header: bytes) -> None:
    """Even over an authentic MAC (JWT-07, JWT-08, JWT-12)."""
    refused(rewritten(header))


KIDS: dict[str, Any] = {
    "unknown": "k2",
    "case": "K1",
    "SQL": "k1' OR '1'='1",
    "path": "../../../../dev/null",
    "shell": "k1; touch /tmp/x",
    "URL": "https://attacker.example/k1",
    "NUL": "k1\0",
    "newline": "k1\n",
    "escape": "\x1b[2J",
    "right-to-left": "\u202ek1",
    "empty": "",
    "too long": "k" * 129,
    "list": ["k1"],
    "number": 1,
    "null": None,
    "true": True,
    "object": {"k1": 1},
}


@pytest.mark.parametrize("kid", KIDS.values(), ids=KIDS)
def test_a_kid_that_names_no_key_is_refused(kid: Any) -> None:
    """It is looked up and nothing else (JWT-13)."""
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(signed(kid=kid), find, typ="test+jwt")


def test_a_kid_of_ten_kilobytes_is_refused() -> None:
    """Before anything is decoded (JWT-12, JWT-13)."""
    refused(signed(kid="k" * 10_000))


def test_a_token_without_kid_is_refused_where_keys_are_found_by_it() -> None:
    """No kid, no key; a caller who has the one key needs none."""
    token = compact({"alg": "HS256", "typ": "test+jwt"}, PAYLOAD, MATERIAL)
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(token, find, typ="test+jwt")
    assert jws.verify(token, KEY, typ="test+jwt") == PAYLOAD


@pytest.mark.parametrize("typ", ["JWT", "Test+jwt", "application/test+jwt", "", None, ["test+jwt"], 1], ids=repr)
def test_another_typ_is_refused(typ: Any) -> None:
    """Kinds of token are told apart letter for letter (JWT-11)."""
    refused(signed(typ=typ))


def test_a_longer_token_is_read_where_the_caller_allows_it() -> None:
    """ID tokens may be larger than ours; the limit is the caller's."""
    token = compact(HEADER, b"a" * 5000, MATERIAL)
    refused(token)
    assert jws.verify(token, KEY, typ="test+jwt", max_bytes=len(token)) == b"a" * 5000
    assert jws.verify_by_kid(token, find, typ="test+jwt", max_bytes=len(token)) == b"a" * 5000
    with pytest.raises(InvalidToken):
        jws.verify(token, KEY, typ="test+jwt", max_bytes=len(token) - 1)


def test_claims_are_a_json_object() -> None:
    """Read after the payload was verified."""
    assert jws.claims(PAYLOAD) == {"sub": "someone"}


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", GOOD.encode(), b'{"a":1,"a":2}', b"\xff", b'{"a":Infinity}'])
def test_claims_that_are_no_strict_json_object_are_refused(payload: bytes) -> None:
    """A nested JWT is one of them (JWT-07, JWT-17, JWT-18)."""
    with pytest.raises(InvalidToken):
        jws.claims(payload)


def test_a_signed_token_has_three_header_members_in_order() -> None:
    """The bytes are a function of key and claims, and what another implementation makes of them agrees."""
    token = jws.sign({"sub": "someone"}, KEY, typ="test+jwt")
    assert token == compact(b'{"alg":"HS256","kid":"k1","typ":"test+jwt"}', PAYLOAD, MATERIAL)


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    """One character replaced, anywhere."""
    position = data.draw(st.integers(0, len(GOOD) - 1))
    character = data.draw(st.sampled_from(ALPHABET + ".=+/ \n\0ä").filter(lambda c: c != GOOD[position]))
    refused(GOOD[:position] + character + GOOD[position + 1 :])


@given(st.integers(0, len(GOOD)), st.characters())
def test_any_inserted_character_is_refused(position: int, character: str) -> None:
    """One character more, anywhere."""
    refused(GOOD[:position] + character + GOOD[position:])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, len(GOOD)))
def test_any_part_that_is_cut_out_is_refused(start: int, length: int) -> None:
    """A piece missing, at the end or elsewhere."""
    refused(GOOD[:start] + GOOD[start + length :])


@given(
    st.binary(max_size=200)
    | st.lists(st.binary(max_size=60).map(b64), max_size=6).map(lambda s: ".".join(s).encode())
)
def test_arbitrary_bytes_are_refused_with_the_one_class(token: bytes) -> None:
    """Nothing but InvalidToken leaves (JWT-17)."""
    refused(token)


@given(st.binary(max_size=200))
def test_arbitrary_headers_are_refused_with_the_one_class(header: bytes) -> None:
    """Even over an authentic MAC, nothing but InvalidToken leaves (JWT-17)."""
    refused(rewritten(header))


@given(st.text(max_size=200))
def test_arbitrary_text_is_refused_with_the_one_class(token: str) -> None:
    """Nothing but InvalidToken leaves (JWT-17)."""
    refused(token)
