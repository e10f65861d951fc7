"""Project Wycheproof: attacks on JOSE that others have found, every case by its number (JWT-16).

EXCLUSIONS.json, beside the vectors, lists the few whose labels contradict RFC 8725 or each other, with reasons.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from handmade import SECRET
from handstamp.core import jws
from handstamp.core.errors import InvalidKey, InvalidToken
from handstamp.core.jwk import JwkSet, load_public_key, load_shared_key
from handstamp.core.keys import KeyRing, Purpose
from vectors import load

EXCLUSIONS = load("wycheproof/EXCLUSIONS.json")
TWINS = {int(number) for number in EXCLUSIONS["signature_test"]["skip"]}
"""Labelled invalid, and byte for byte another case that is labelled valid."""
INVERTED = {int(number) for number in EXCLUSIONS["signature_test"]["invert_to_reject"]}
"""Labelled valid, against RFC 8725."""


def cases(name: str) -> Iterator[tuple[int, str, dict[str, Any], dict[str, Any]]]:
    """Number, comment, group and case, in the order of the file."""
    for group in load(f"wycheproof/json_web_{name}_test.json")["testGroups"]:
        for case in group["tests"]:
            yield case["tcId"], case["comment"], group, case


def parameters(name: str, member: str) -> list[Any]:
    """The cases of one file that have this member, named by their number."""
    return [
        pytest.param(number, group, case, id=f"{number}-{comment}")
        for number, comment, group, case in cases(name)
        if member in case
    ]


def verified(group: dict[str, Any], token: object) -> bytes:
    """The payload, if the group's keys are acceptable and the token is authentic."""
    jwk = group.get("public") or group["private"]
    text = token if isinstance(token, str) else json.dumps(token)
    if "keys" in jwk:
        document = json.dumps(jwk).encode()
        symmetric = all(key["kty"] == "oct" for key in jwk["keys"])
        keys = JwkSet.of_shared_keys(document) if symmetric else JwkSet.of_public_keys(document)
        return jws.verify_by_kid(text, keys.find, typ=None)
    key = load_shared_key(jwk) if jwk["kty"] == "oct" else load_public_key(jwk)
    return jws.verify(text, key, typ=None)


def payload_of(token: str) -> bytes:
    """What a lenient reader finds in the middle."""
    return jws.parse(token).payload


def check(group: dict[str, Any], case: dict[str, Any], *, valid: bool) -> None:
    """A valid case gives its payload; an invalid one is refused with one of our two classes and no other."""
    if valid:
        assert verified(group, case["jws"]) == payload_of(case["jws"])
    else:
        with pytest.raises((InvalidToken, InvalidKey)):
            verified(group, case["jws"])


@pytest.mark.parametrize(("number", "group", "case"), parameters("signature", "jws"))
def test_signature(number: int, group: dict[str, Any], case: dict[str, Any]) -> None:
    """json_web_signature_test.json, 401 cases."""
    if number in TWINS:
        assert any(case["jws"] == twin["jws"] and twin["result"] == "valid" for twin in group["tests"])
        check(group, case, valid=True)
    else:
        check(group, case, valid=case["result"] == "valid" and number not in INVERTED)


@pytest.mark.parametrize(("number", "group", "case"), parameters("key", "jws"))
def test_key(number: int, group: dict[str, Any], case: dict[str, Any]) -> None:
    """json_web_key_test.json, 26 cases, the ROCA modulus included (JWT-14, JWT-15)."""
    check(group, case, valid=case["result"] == "valid")


@pytest.mark.parametrize(("number", "group", "case"), parameters("crypto", "jws"))
def test_crypto(number: int, group: dict[str, Any], case: dict[str, Any]) -> None:
    """json_web_crypto_test.json, its 49 signatures."""
    check(group, case, valid=case["result"] == "valid")


@pytest.mark.parametrize(("number", "group", "case"), parameters("encryption", "jwe") + parameters("crypto", "jwe"))
def test_encrypted_token(number: int, group: dict[str, Any], case: dict[str, Any]) -> None:
    """A JWE is no JWS, valid or not: all 139 and 34 of them (JWT-18)."""
    ring = KeyRing.from_secrets([SECRET], Purpose.SESSION)
    text = case["jwe"] if isinstance(case["jwe"], str) else json.dumps(case["jwe"])
    with pytest.raises(InvalidToken):
        jws.verify(text, ring.signing, typ=None, max_bytes=10**6)
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(text, ring.find, typ=None)


def test_no_case_is_left_out() -> None:
    """Every case of the four files is run: 401, 26, 83 and 139, and each exclusion exists."""
    for name, count in (("signature", 401), ("key", 26), ("crypto", 83), ("encryption", 139)):
        members = ("jwe",) if name == "encryption" else ("jws", "jwe") if name == "crypto" else ("jws",)
        assert sum(len(parameters(name, member)) for member in members) == count
    assert {number for number, *_ in cases("signature")} >= TWINS | INVERTED
