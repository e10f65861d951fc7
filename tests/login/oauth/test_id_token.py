"""ID tokens: one good one per algorithm, and the bad ones one by one (OAU-03, OAU-06)."""

from typing import Any

import pytest

from handstamp.core.errors import LoginFailed
from handstamp.login.oauth import id_token
from login.oauth.exchanges import NOW
from login.oauth.openid import CLIENT_ID, ISSUER, NONCE, SigningKey, claims

KEY = SigningKey("k1")


def _verify(token: str, key: SigningKey = KEY, **arguments: Any) -> dict[str, Any]:
    expected: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "nonce": NONCE,
        "access_token": "at",
        "now": NOW,
    }
    return id_token.verify(id_token.parse(token), key.key, **(expected | arguments))


def _refused(token: str, key: SigningKey = KEY, **arguments: Any) -> str:
    with pytest.raises(LoginFailed) as failure:
        _verify(token, key, **arguments)
    assert failure.value.reason == "invalid_response"
    return str(failure.value)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"])
def test_a_good_token_gives_its_claims(algorithm: str) -> None:
    """With the hash of the access token that goes with the algorithm."""
    key = SigningKey("k", algorithm)
    good = claims(at_hash=id_token.access_token_hash(algorithm, "at"))
    assert _verify(key.sign(good), key) == good


def test_the_hash_of_an_access_token_is_the_left_half() -> None:
    """OpenID Connect Core §3.1.3.6: the values of its appendix A.3."""
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert id_token.access_token_hash("RS256", token) == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.parametrize(
    "members",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID},
        {"azp": CLIENT_ID},
        {"exp": int(NOW) - 59},
        {"exp": NOW + 0.5, "iat": NOW - 0.5},
        {"iat": int(NOW) + 60},
        {"iat": 0},
        {"nbf": int(NOW) + 60},
        {"sub": "s" * 255},
        {"unknown": {"a": [1]}},
    ],
)
def test_what_is_allowed_passes(members: dict[str, Any]) -> None:
    """Several audiences with us as ``azp``, clocks that differ by a minute, claims that we do not know."""
    assert _verify(KEY.sign(claims(**members))) == claims(**members)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        *(({"iss": value}, "issuer") for value in (..., None, "", ISSUER + "/", "https://evil.example", [ISSUER])),
        *(({"aud": value}, "someone else") for value in (..., None, "", "other", [], ["other"], {CLIENT_ID: 1}, 1)),
        ({"aud": [CLIENT_ID, "other"]}, "someone else"),
        ({"aud": [CLIENT_ID, CLIENT_ID]}, "someone else"),
        ({"aud": ["other"], "azp": CLIENT_ID}, "someone else"),
        *(({"azp": value}, "someone else") for value in (None, "", "other", [CLIENT_ID])),
        ({"aud": [CLIENT_ID, "other"], "azp": "other"}, "someone else"),
        *(({"exp": value}, "expired") for value in (..., None, int(NOW) - 60, 0, -1, str(int(NOW) + 300), True)),
        *(({"iat": value}, "future") for value in (..., None, int(NOW) + 61, "0", True)),
        *(({"nbf": value}, "not valid yet") for value in (None, int(NOW) + 61, "0", True)),
        *(({"nonce": value}, "nonce") for value in (..., None, "", "other", 1, [NONCE])),
        *(({"at_hash": value}, "at_hash") for value in (None, "", 1, "other", "77QmUPtjPfzWtF2AnpK9RQ")),
        *(({"sub": value}, "who") for value in (..., None, "", 1, "undefined", "null", "None", "s" * 256)),
    ],
)
def test_a_wrong_claim_is_refused(members: dict[str, Any], fault: str) -> None:
    """The message says which, for the log."""
    assert fault in _refused(KEY.sign(claims(**members)))


@pytest.mark.parametrize("nonce", [None, ""])
def test_a_flow_without_nonce_takes_no_token(nonce: str | None) -> None:
    """Nothing equals nothing is no proof (OAU-03)."""
    assert "nonce" in _refused(KEY.sign(claims(nonce="")), nonce=nonce)
    assert "nonce" in _refused(KEY.sign(claims(nonce=...)), nonce=nonce)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "ES384", "", 1, None, ["ES256"]])
def test_an_algorithm_that_is_not_on_the_list_is_refused(algorithm: Any) -> None:
    """Before any key is looked at."""
    assert "algorithm" in _refused(KEY.sign(claims(), alg=algorithm))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
def test_the_key_decides_the_algorithm(algorithm: str) -> None:
    """Not the header (RFC 8725 §3.1)."""
    assert "verify" in _refused(KEY.sign(claims(), alg=algorithm))


def test_a_token_that_another_key_signed_is_refused() -> None:
    """The same kid is not the same key."""
    assert "verify" in _refused(SigningKey("k1").sign(claims()))


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": ""}, {"kid": 1}, {"crit": ["exp"]}, {"b64": False}])
def test_a_header_that_names_no_key_or_asks_for_more_is_refused(header: dict[str, Any]) -> None:
    """``jwk`` and ``jku`` in it mean nothing: the key is among the provider's, by its kid."""
    assert "read" in _refused(KEY.sign(claims(), **header))


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "ü.ü.ü", "e30.e30.", "x" * 16_385])
def test_garbage_is_refused(token: str) -> None:
    """Unsigned tokens and other forms included."""
    assert "read" in _refused(token)


def test_claims_that_are_no_object_are_refused() -> None:
    """Signed or not."""
    assert "verify" in _refused(KEY.sign(["iss"]))


def test_a_token_whose_payload_was_changed_is_refused() -> None:
    """The plainest forgery."""
    header, _, signature = KEY.sign(claims()).split(".")
    _, payload, _ = KEY.sign(claims(sub="subject-2")).split(".")
    assert "verify" in _refused(f"{header}.{payload}.{signature}")


@pytest.mark.parametrize(("at", "says_when"), [(NOW, True), (NOW - 60, True), (NOW + 1, False), (..., False)])
def test_a_new_sign_in_is_new(at: Any, *, says_when: bool) -> None:
    """With the leeway of the clocks; a provider that never says when is not asked for it."""
    id_token.require_new_sign_in(claims(auth_time=at), NOW, says_when=says_when)


@pytest.mark.parametrize(
    ("at", "says_when"),
    [(NOW - 61, True), (NOW - 61, False), (..., True), ("now", True), (True, False), (None, True)],
)
def test_a_sign_in_of_before_is_no_new_one(at: Any, *, says_when: bool) -> None:
    """Nor one of which nobody says when it was (OpenID Connect Core §3.1.3.7, 13)."""
    with pytest.raises(LoginFailed, match="of before"):
        id_token.require_new_sign_in(claims(auth_time=at), NOW, says_when=says_when)
