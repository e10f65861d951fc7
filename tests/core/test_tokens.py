"""The session token."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey, OKPKey

from handmade import OTHER_SECRET, SECRET, b64, compact, hkdf, sign
from handstamp.core import jws
from handstamp.core.errors import ConfigurationError, InvalidToken, TokenExpired
from handstamp.core.keys import Key, KeyRing, Purpose
from handstamp.core.tokens import MAX_IAT_LEAD, TYP, SessionClaims, SessionTokens

ORIGIN = "https://app.example.com"
NOW = 1_800_000_000.0
RING = KeyRing.from_secrets([SECRET], Purpose.SESSION)
TOKENS = SessionTokens(RING, ORIGIN)
CLAIMS = SessionClaims(
    user_id="0190f2a4-7c1e-7d3a-9b5c-0f1e2d3c4b5a",
    session_id="mCczgXvHvUHrUzC3OJQNlg",
    generation=3,
    issued_at=1_800_000_000,
    expires_at=1_802_592_000,
)
TOKEN = TOKENS.encode(CLAIMS)

MATERIAL = hkdf(SECRET, "handstamp/1/session")
HEADER: dict[str, Any] = {
    "alg": "HS256",
    "kid": b64(hkdf(SECRET, "handstamp/1/session/kid", 9)),
    "typ": "session+jwt",
}
PAYLOAD: dict[str, Any] = {
    "iss": ORIGIN,
    "aud": ORIGIN,
    "sub": CLAIMS.user_id,
    "sid": CLAIMS.session_id,
    "gen": 3,
    "iat": 1_800_000_000,
    "exp": 1_802_592_000,
}


def compactly(value: dict[str, Any]) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def refused(token: bytes | str, *, now: float = NOW) -> None:
    """Assert that the token is refused, and not for its age."""
    with pytest.raises(InvalidToken) as caught:
        TOKENS.decode(token, now=now)
    assert caught.type is InvalidToken


def test_a_token_says_what_was_encoded() -> None:
    """Text or bytes."""
    assert TOKENS.decode(TOKEN, now=NOW) == CLAIMS
    assert TOKENS.decode(TOKEN.encode(), now=NOW) == CLAIMS


def test_a_token_is_the_documented_bytes() -> None:
    """Three header members and seven claims, compact and in order: computed here by hand, so the same for ever."""
    assert compact(compactly(HEADER), compactly(PAYLOAD), MATERIAL) == TOKEN
    assert TOKENS.encode(CLAIMS) == TOKEN


def test_spelling_of_json_does_not_matter_to_what_is_authentic() -> None:
    """Another writer with our key may use spaces and another order."""
    payload = dict(reversed(PAYLOAD.items()))
    assert TOKENS.decode(compact(json.dumps(HEADER, indent=1).encode(), payload, MATERIAL), now=NOW) == CLAIMS


def test_another_ring_with_the_secret_reads_it() -> None:
    """Processes of a fleet agree without talking to each other; an older secret still verifies."""
    for secrets in ([SECRET], [OTHER_SECRET, SECRET]):
        tokens = SessionTokens(KeyRing.from_secrets(secrets, Purpose.SESSION), ORIGIN)
        assert tokens.decode(TOKEN, now=NOW) == CLAIMS


def test_a_token_can_be_signed_with_a_key_pair() -> None:
    """EdDSA is deterministic too."""
    ring = KeyRing([Key("pair", "EdDSA", OKPKey.generate_key("Ed25519"))])
    tokens = SessionTokens(ring, ORIGIN)
    assert tokens.encode(CLAIMS) == tokens.encode(CLAIMS)
    assert tokens.decode(tokens.encode(CLAIMS), now=NOW) == CLAIMS


def test_the_longest_token_fits_a_cookie() -> None:
    """The longest origin, ids, numbers, kid and deterministic signature: below 4,093 bytes."""
    longest = SessionClaims(
        user_id="~" * 128, session_id="~" * 128, generation=2**53 - 1, issued_at=2**53 - 1, expires_at=2**53 - 1
    )
    for key in (
        Key("k" * 128, "HS512", OctKey.import_key(bytes(range(64)))),
        Key("\U0001f590" * 128, "Ed448", OKPKey.generate_key("Ed448")),
    ):
        assert len(SessionTokens(KeyRing([key]), "https://" + "a" * 292).encode(longest)) < 4093


@pytest.mark.parametrize(
    "origin", ["", "https://a b", 'https://"', "https://" + "a" * 293, "https://ä.example", "https://a\n"]
)
def test_an_origin_that_cannot_be_one_is_refused(origin: str) -> None:
    """It is the issuer of every token, so it is checked once."""
    with pytest.raises(ConfigurationError):
        SessionTokens(RING, origin)


NOT_CLAIMS: list[tuple[str, Any]] = [
    *(
        (name, bad)
        for name in ("user_id", "session_id")
        for bad in ("", "a" * 129, "a b", 'a"b', "a\\b", "ä", "a\n", "\0", 1, None)
    ),
    *((name, bad) for name in ("generation", "issued_at", "expires_at") for bad in (-1, 2**53, True, 1.0, "1", None)),
    ("generation", 0),
]


@pytest.mark.parametrize(("name", "bad"), NOT_CLAIMS, ids=lambda value: repr(value)[:12])
def test_claims_that_are_not_well_formed_do_not_exist(name: str, bad: Any) -> None:
    """What is an error of ours when it is encoded is a bad token when it is decoded."""
    values: dict[str, Any] = {field: getattr(CLAIMS, field) for field in CLAIMS.__slots__}
    with pytest.raises(ValueError, match=r"not an|begin"):
        SessionClaims(**{**values, name: bad})


def test_a_token_lives_until_its_exp_and_not_at_it() -> None:
    """No leeway, at either side of the edge (JWT-09)."""
    assert TOKENS.decode(TOKEN, now=CLAIMS.expires_at - 0.001) == CLAIMS
    for now in (CLAIMS.expires_at, CLAIMS.expires_at + 0.001, CLAIMS.expires_at * 2):
        with pytest.raises(TokenExpired):
            TOKENS.decode(TOKEN, now=now)


def test_the_clock_that_signed_may_be_a_minute_ahead() -> None:
    """At either side of the edge (JWT-09)."""
    assert TOKENS.decode(TOKEN, now=CLAIMS.issued_at - MAX_IAT_LEAD) == CLAIMS
    refused(TOKEN, now=CLAIMS.issued_at - MAX_IAT_LEAD - 0.001)


CLAIM_FAULTS: dict[str, dict[str, Any]] = {
    "wrong issuer": {"iss": "https://other.example"},
    "issuer with a slash": {"iss": ORIGIN + "/"},
    "issuer in upper case": {"iss": ORIGIN.upper()},
    "issuer as a list": {"iss": [ORIGIN]},
    "wrong audience": {"aud": "https://other.example"},
    "audience as a list": {"aud": [ORIGIN]},
    "audience among others": {"aud": [ORIGIN, "https://other.example"]},
    "audience null": {"aud": None},
    "subject empty": {"sub": ""},
    "subject a number": {"sub": 1},
    "subject null": {"sub": None},
    "subject a list": {"sub": ["a"]},
    "subject too long": {"sub": "a" * 129},
    "session a number": {"sid": 1},
    "session with a space": {"sid": "a b"},
    "generation a float": {"gen": 3.0},
    "generation true": {"gen": True},
    "generation text": {"gen": "3"},
    "generation zero": {"gen": 0},
    "generation negative": {"gen": -1},
    "generation huge": {"gen": 2**53},
    "iat text": {"iat": "1800000000"},
    "iat true": {"iat": True},
    "iat null": {"iat": None},
    "iat a fraction": {"iat": 1_800_000_000.5},
    "iat negative": {"iat": -1},
    "exp text": {"exp": "1802592000"},
    "exp true": {"exp": True},
    "exp null": {"exp": None},
    "exp a fraction": {"exp": 1_802_592_000.5},
    "exp an object": {"exp": {}},
    "one claim more": {"role": "admin"},
    "nbf": {"nbf": 0},
}


@pytest.mark.parametrize("members", CLAIM_FAULTS.values(), ids=CLAIM_FAULTS)
def test_a_wrong_claim_is_refused(members: dict[str, Any]) -> None:
    """Over an authentic MAC; a bool is no number and a list is no string (JWT-09, JWT-10)."""
    refused(compact(HEADER, {**PAYLOAD, **members}, MATERIAL))


@pytest.mark.parametrize("name", PAYLOAD)
def test_a_missing_claim_is_refused(name: str) -> None:
    """All seven are required (JWT-09, JWT-10)."""
    refused(compact(HEADER, {key: value for key, value in PAYLOAD.items() if key != name}, MATERIAL))


@pytest.mark.parametrize("members", CLAIM_FAULTS.values(), ids=CLAIM_FAULTS)
def test_a_bad_token_is_not_called_expired(members: dict[str, Any]) -> None:
    """Past its exp too: expired is said only of what is otherwise good."""
    refused(compact(HEADER, {**PAYLOAD, **members}, MATERIAL), now=NOW * 2)


PAYLOADS: dict[str, bytes] = {
    "empty": b"",
    "array": b"[]",
    "no JSON": b"claims",
    "duplicate exp": compactly(PAYLOAD).replace(b'"exp"', b'"exp":1,"exp"'),
    "duplicate sub, escaped": compactly(PAYLOAD).replace(b'"sub"', b'"s\\u0075b":"x","sub"'),
    "exp NaN": compactly({**PAYLOAD, "exp": float("nan")}),
    "exp Infinity": compactly({**PAYLOAD, "exp": float("inf")}),
    "exp 1e999": compactly(PAYLOAD).replace(b"1802592000", b"1e999"),
    "exp 1e10": compactly(PAYLOAD).replace(b"1802592000", b"1e10"),
    "exp of 2,000 digits": compactly(PAYLOAD).replace(b"1802592000", b"1" * 2000),
    "exp of 20 digits": compactly(PAYLOAD).replace(b"1802592000", b"1" * 20),
    "nested arrays": compactly(PAYLOAD).replace(b"1802592000", b"[" * 1000 + b"]" * 1000),
    "UTF-16": json.dumps(PAYLOAD).encode("utf-16"),
    "UTF-16 LE": json.dumps(PAYLOAD).encode("utf-16-le"),
    "BOM": b"\xef\xbb\xbf" + compactly(PAYLOAD),
    "invalid UTF-8": compactly(PAYLOAD).replace(b"mCcz", b"\xff\xfe"),
    "lone surrogate": compactly(PAYLOAD).replace(b"mCcz", b"\\ud800"),
    "a nested JWT": TOKEN.encode(),
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_payload_that_is_no_strict_json_object_is_refused(payload: bytes) -> None:
    """Over an authentic MAC (JWT-07, JWT-08, JWT-09, JWT-12, JWT-18)."""
    refused(compact(HEADER, payload, MATERIAL))


def test_a_hundred_thousand_nested_arrays_are_refused() -> None:
    """In payload or header, signed or not (JWT-12)."""
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    refused(compact(HEADER, deep, MATERIAL))
    refused(compact(deep, PAYLOAD, MATERIAL))


HEADER_FAULTS: dict[str, dict[str, Any]] = {
    "alg none": {"alg": "none"},
    "alg nOnE": {"alg": "nOnE"},
    "alg hs256": {"alg": "hs256"},
    "alg HS384": {"alg": "HS384"},
    "alg RS256": {"alg": "RS256"},
    "alg list": {"alg": ["HS256"]},
    "alg null": {"alg": None},
    "kid unknown": {"kid": "AAAAAAAAAAAA"},
    "kid SQL": {"kid": "x' UNION SELECT 'key"},
    "kid path": {"kid": "../../../dev/null"},
    "kid NUL": {"kid": HEADER["kid"] + "\0"},
    "kid 10 kB": {"kid": "k" * 10_000},
    "kid null": {"kid": None},
    "typ JWT": {"typ": "JWT"},
    "typ in another case": {"typ": "Session+JWT"},
    "typ with application/": {"typ": "application/session+jwt"},
    "typ null": {"typ": None},
    "crit": {"crit": ["exp"]},
    "b64": {"b64": True},
    "jwk": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "jku": {"jku": "https://attacker.example/"},
    "cty": {"cty": "JWT"},
}


@pytest.mark.parametrize("members", HEADER_FAULTS.values(), ids=HEADER_FAULTS)
def test_a_wrong_header_is_refused(members: dict[str, Any]) -> None:
    """Over an authentic MAC (JWT-01 to JWT-04, JWT-11, JWT-13)."""
    refused(compact({**HEADER, **members}, PAYLOAD, MATERIAL))


@pytest.mark.parametrize("name", HEADER)
def test_a_missing_header_member_is_refused(name: str) -> None:
    """All three are required (JWT-01, JWT-11, JWT-13)."""
    refused(compact({key: value for key, value in HEADER.items() if key != name}, PAYLOAD, MATERIAL))


KINDS = {
    "access": "at+jwt",
    "refresh": "rt+jwt",
    "ID token": "JWT",
    "logout": "logout+jwt",
    "DPoP": "dpop+jwt",
    "DBSC": "dbsc+jwt",
    "token exchange": "token-exchange+jwt",
    "client assertion": "client-authentication+jwt",
}


@pytest.mark.parametrize("typ", KINDS.values(), ids=KINDS)
def test_another_kind_of_token_is_no_session(typ: str) -> None:
    """Even with our key and all our claims; nor is a session token one of those (JWT-11)."""
    refused(compact({**HEADER, "typ": typ}, PAYLOAD, MATERIAL))
    with pytest.raises(InvalidToken):
        jws.verify_by_kid(TOKEN, RING.find, typ=typ)


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.SESSION])
def test_a_token_made_for_another_purpose_is_no_session(purpose: Purpose) -> None:
    """Same secret, same claims, same typ, even our kid: another key (JWT-11, CVE-2026-110864)."""
    other = KeyRing.from_secrets([SECRET], purpose).signing
    refused(jws.sign(PAYLOAD, other, typ=TYP))
    refused(compact(HEADER, PAYLOAD, hkdf(SECRET, f"handstamp/1/{purpose}")))


@pytest.mark.parametrize(
    "key",
    [SECRET.encode(), b"", b"secret", bytes(32), HEADER["kid"].encode(), hkdf(OTHER_SECRET, "handstamp/1/session")],
    ids=["the secret itself", "empty", "a word", "zeros", "the kid", "another secret"],
)
def test_a_token_made_with_another_key_is_refused(key: bytes) -> None:
    """The right kid does not help (JWT-02)."""
    refused(compact(HEADER, PAYLOAD, key))


def test_a_token_of_another_application_with_the_same_secret_is_refused() -> None:
    """A secret shared between two origins does not share their sessions (JWT-10)."""
    refused(SessionTokens(RING, "https://staging.example.com").encode(CLAIMS))


FORMS = {
    "empty": "",
    "garbage": "garbage",
    "truncated": TOKEN[:-1],
    "unsigned": TOKEN.rpartition(".")[0] + ".",
    "two parts": TOKEN.rpartition(".")[0],
    "four parts": TOKEN + ".AAAA",
    "five parts": "e30.AAAA.AAAA.AAAA.AAAA",
    "JSON": json.dumps(dict(zip(("protected", "payload", "signature"), TOKEN.split("."), strict=True))),
    "signature of another": TOKEN.rpartition(".")[0] + "." + sign("e30.e30", MATERIAL).rpartition(".")[2],
    "one megabyte": "A" * 1_000_000,
    "not ASCII": TOKEN + "ä",
}


@pytest.mark.parametrize("token", FORMS.values(), ids=FORMS)
def test_a_token_of_another_form_is_refused(token: str) -> None:
    """The JWS layer has the whole list (JWT-05, JWT-12, JWT-18)."""
    refused(token)


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    """One character replaced, anywhere."""
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    character = data.draw(st.sampled_from("AQgwZ059-_=+/. \nä").filter(lambda c: c != TOKEN[position]))
    refused(TOKEN[:position] + character + TOKEN[position + 1 :])


@given(st.integers(0, len(TOKEN)), st.characters())
def test_any_inserted_character_is_refused(position: int, character: str) -> None:
    """One character more, anywhere."""
    refused(TOKEN[:position] + character + TOKEN[position:])


@given(st.integers(0, len(TOKEN) - 1))
def test_any_truncation_is_refused(length: int) -> None:
    """Nothing short of the whole is accepted."""
    refused(TOKEN[:length])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_with_the_one_class(token: bytes) -> None:
    """Nothing but InvalidToken leaves (JWT-17)."""
    refused(token)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(PAYLOAD)), json_values)
def test_an_authentic_claim_of_any_value_raises_nothing_else(name: str, value: Any) -> None:
    """It is read as it is, or refused with the one class (JWT-17)."""
    try:
        claims = TOKENS.decode(compact(HEADER, {**PAYLOAD, name: value}, MATERIAL), now=NOW)
    except InvalidToken:
        return
    assert value in {
        claims.user_id,
        claims.session_id,
        claims.generation,
        claims.issued_at,
        claims.expires_at,
        ORIGIN,
    }


ids = st.text([chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\'], min_size=1, max_size=128)


@given(
    st.builds(
        SessionClaims,
        user_id=ids,
        session_id=ids,
        generation=st.integers(1, 2**53 - 1),
        issued_at=st.integers(0, 2**40),
        expires_at=st.integers(2**40 + 1, 2**53 - 1),
    )
)
def test_every_well_formed_claim_comes_back(claims: SessionClaims) -> None:
    """Encoding loses nothing."""
    token = TOKENS.encode(claims)
    assert len(token) < 4093
    assert TOKENS.decode(token, now=float(claims.issued_at)) == claims


@given(
    st.lists(
        st.builds(
            SessionClaims,
            user_id=ids,
            session_id=ids,
            generation=st.just(1),
            issued_at=st.just(1),
            expires_at=st.just(2),
        ),
        unique=True,
        min_size=2,
        max_size=4,
    )
)
def test_different_claims_have_different_tokens(claims: list[SessionClaims]) -> None:
    """A token names one session."""
    for one, other in itertools.combinations(claims, 2):
        assert TOKENS.encode(one) != TOKENS.encode(other)
