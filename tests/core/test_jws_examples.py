"""The examples printed in the RFCs on JOSE: 7515, 7520, 7797, 8037 and 7638."""

import json
from typing import Any

import pytest

from handmade import b64
from handstamp.core import jws
from handstamp.core.encoding import base64url_decode
from handstamp.core.errors import InvalidKey, InvalidToken
from handstamp.core.jwk import load_public_key, load_shared_key
from handstamp.core.keys import Key
from vectors import load

PRIVATE = {"d", "p", "q", "dp", "dq", "qi"}
RFC7520 = [
    "jws/4_1.rsa_v15_signature.json",
    "jws/4_2.rsa-pss_signature.json",
    "jws/4_3.ecdsa_signature.json",
    "jws/4_4.hmac-sha2_integrity_protection.json",
    "curve25519/jws.json",
]
JSON_ONLY = [
    "jws/4_1.rsa_v15_signature.json",
    "jws/4_2.rsa-pss_signature.json",
    "jws/4_3.ecdsa_signature.json",
    "jws/4_4.hmac-sha2_integrity_protection.json",
    "jws/4_5.signature_with_detached_content.json",
    "jws/4_6.protecting_specific_header_fields.json",
    "jws/4_7.protecting_content_only.json",
    "jws/4_8.multiple_signatures.json",
    "curve25519/jws.json",
    "rfc7797/4.2.hmac-sha2_b64_false.json",
    "rfc7797/hmac-sha2_b64_false.json",
]
JWE = [
    "jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json",
    "jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json",
    "jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json",
    "jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm.json",
    "jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json",
    "jwe/5_6.direct_encryption_using_aes-gcm.json",
    "jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2.json",
    "jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json",
    "jwe/5_9.compressed_content.json",
    "curve25519/ecdh-es.json",
]
EXAMPLES: dict[str, dict[str, Any]] = {example["id"]: example for example in load("jose/rfc_examples.json")["jws"]}


def key_for(jwk: dict[str, Any], algorithm: str) -> Key:
    """The verifying half of a printed key, for the algorithm of the example."""
    if jwk["kty"] == "oct":
        return load_shared_key({"kid": "unnamed", **jwk, "alg": algorithm})
    return load_public_key({**{name: value for name, value in jwk.items() if name not in PRIVATE}, "alg": algorithm})


def accepted(expectation: str) -> list[str]:
    """Ids of the examples that a strict verifier accepts or rejects."""
    return [name for name, example in EXAMPLES.items() if example["expect"] == expectation]


@pytest.mark.parametrize("name", accepted("accept"))
def test_an_example_gives_its_payload(name: str) -> None:
    """RFC 7515 appendices A.1 to A.4 and RFC 8037 appendix A.4."""
    example = EXAMPLES[name]
    payload = jws.verify(example["compact"], key_for(example["jwk"], example["alg"]), typ=None)
    assert payload == base64url_decode(example["compact"].split(".")[1].encode())
    assert b64(payload) == example.get("payload_b64u", b64(payload))


@pytest.mark.parametrize("name", accepted("accept"))
def test_an_example_is_refused_by_the_key_of_another(name: str) -> None:
    """One key, one algorithm, one signature."""
    for other in accepted("accept"):
        if other != name:
            key = key_for(EXAMPLES[other]["jwk"], EXAMPLES[other]["alg"])
            with pytest.raises(InvalidToken):
                jws.verify(EXAMPLES[name]["compact"], key, typ=None)


@pytest.mark.parametrize("name", accepted("reject"))
def test_an_example_that_is_not_for_us_is_refused(name: str) -> None:
    """Unsecured, both JSON serialisations, and an extension that must be understood (JWT-01, JWT-04, JWT-05)."""
    example = EXAMPLES[name]
    token = example["compact"] if "compact" in example else json.dumps(example["json"])
    for other in accepted("accept"):
        with pytest.raises(InvalidToken):
            jws.verify(token, key_for(EXAMPLES[other]["jwk"], EXAMPLES[other]["alg"]), typ=None)


@pytest.mark.parametrize("path", RFC7520)
def test_an_example_of_the_cookbook_gives_its_payload(path: str) -> None:
    """RFC 7520 §4.1 to §4.4, and Ed25519."""
    example = load(f"jose/{path}")
    key = key_for(example["input"]["key"], example["input"]["alg"])
    assert jws.verify(example["output"]["compact"], key, typ=None) == example["input"]["payload"].encode()


@pytest.mark.parametrize("path", JSON_ONLY)
def test_the_other_serialisations_of_the_cookbook_are_refused(path: str) -> None:
    """Whatever is not compact, and unencoded payloads, even where they are compact (JWT-04, JWT-05)."""
    example = load(f"jose/{path}")
    tokens = [json.dumps(value) for name, value in example["output"].items() if name != "compact"]
    if "b64" in path:
        tokens += [value for name, value in example["output"].items() if name == "compact"]
    keys = example["input"]["key"] if isinstance(example["input"]["key"], list) else [example["input"]["key"]]
    algorithms = example["input"]["alg"] if isinstance(example["input"]["alg"], list) else [example["input"]["alg"]]
    for jwk, algorithm in zip(keys, algorithms, strict=True):
        for token in tokens:
            with pytest.raises(InvalidToken):
                jws.verify(token, key_for(jwk, algorithm), typ=None, max_bytes=10**5)


@pytest.mark.parametrize("path", JWE)
def test_an_encrypted_example_of_the_cookbook_is_refused(path: str) -> None:
    """Five parts are no JWS (JWT-18)."""
    example = load(f"jose/{path}")
    with pytest.raises(InvalidToken):
        jws.parse(example["output"]["compact"], max_bytes=10**5)


@pytest.mark.parametrize(
    ("name", "loads"),
    [
        ("3_1.ec_public_key", True),
        ("3_2.ec_private_key", False),
        ("3_3.rsa_public_key", True),
        ("3_4.rsa_private_key", False),
        ("3_5.symmetric_key_mac_computation", False),
        ("3_6.symmetric_key_encryption", False),
    ],
)
def test_only_public_keys_of_the_cookbook_are_public_keys(name: str, loads: bool) -> None:  # noqa: FBT001  a parameter
    """RFC 7520 §3 (JWT-15)."""
    jwk = load(f"jose/jwk/{name}.json")
    if loads:
        assert load_public_key(jwk).kid == jwk["kid"]
    else:
        with pytest.raises(InvalidKey):
            load_public_key(jwk)


def test_only_the_mac_key_of_the_cookbook_is_a_shared_key() -> None:
    """RFC 7520 §3.5 and §3.6: a key for encryption verifies nothing."""
    assert load_shared_key(load("jose/jwk/3_5.symmetric_key_mac_computation.json")).algorithm == "HS256"
    with pytest.raises(InvalidKey):
        load_shared_key(load("jose/jwk/3_6.symmetric_key_encryption.json"))


@pytest.mark.parametrize("example", load("jose/rfc_examples.json")["thumbprints"], ids=lambda example: example["id"])
def test_a_key_without_kid_has_the_printed_thumbprint(example: dict[str, Any]) -> None:
    """RFC 7638 §3.1, RFC 8037 appendix A.3 and RFC 9449."""
    jwk = {name: value for name, value in example["jwk"].items() if name not in PRIVATE | {"kid"}}
    assert load_public_key(jwk).kid == example["sha256_thumbprint"]
