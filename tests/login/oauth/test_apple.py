"""Apple: a secret signed for each sign-in, an answer by form, and a name that comes once."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey

from handstamp.core import jws
from handstamp.core.errors import ConfigurationError
from handstamp.core.keys import Key
from handstamp.login.oauth import Apple
from handstamp.login.oauth.apple import SECRET_LIFETIME
from login.oauth.every_provider import APPLE_KEY, APPLE_PEM, CASES, CLIENT, KEY_ID, TEAM
from login.oauth.exchanges import NOW, body, drive, query

CASE = CASES["apple"]


def _name(user: str | None) -> str | None:
    provider, flow, _ = CASE.begin()
    parameters = {"state": flow.state or "", "code": "c"} | ({} if user is None else {"user": user})
    exchange = provider.finish(flow, parameters, callback_url=CASE.callback, now=NOW)
    return drive(exchange, *CASE.responses(CASE.said(), flow))[0].name


def test_people_are_sent_out_with_a_form_as_the_way_back() -> None:
    """Apple knows no other where name or address are asked for; state, nonce and challenge go along."""
    _, flow, url = CASE.begin()
    assert url.startswith("https://appleid.apple.com/auth/authorize?")
    sent = query(url)
    assert (sent["response_mode"], sent["response_type"], sent["scope"]) == ("form_post", "code", "openid name email")
    assert (sent["nonce"], sent["state"]) == (flow.nonce, flow.state)


def test_the_secret_is_signed_for_this_sign_in() -> None:
    """ES256, by our key, from our team, for Apple, as our client, and good for five minutes."""
    _, (request, _) = CASE.finish()
    sent = body(request)
    assert (request.url, sent["client_id"]) == ("https://appleid.apple.com/auth/token", CLIENT)
    assert "authorization" not in request.headers
    public = Key(KEY_ID, "ES256", ECKey.import_key(APPLE_KEY.as_dict(private=False)))
    parsed = jws.parse(sent["client_secret"])
    assert (parsed.header["alg"], parsed.kid) == ("ES256", KEY_ID)
    assert jws.claims(jws.verify_parsed(parsed, public, typ="JWT")) == {
        "iss": TEAM,
        "iat": NOW,
        "exp": NOW + SECRET_LIFETIME,
        "aud": "https://appleid.apple.com",
        "sub": CLIENT,
    }
    assert SECRET_LIFETIME <= 600


@pytest.mark.parametrize("said", [True, "true"])
def test_apple_writes_verified_in_two_ways(said: object) -> None:
    """Relayed addresses are Apple's own, and verified like the others."""
    profile, _ = CASE.finish(email_verified=said)
    assert (profile.email, profile.email_verified) == ("x7k2m9@privaterelay.appleid.com", True)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (json.dumps({"name": {"firstName": "Ada", "lastName": "Lovelace"}}), "Ada Lovelace"),
        (json.dumps({"name": {"firstName": "Ada"}}), "Ada"),
        (json.dumps({"name": {"firstName": "", "lastName": "Lovelace"}}), "Lovelace"),
        (json.dumps({"name": {"firstName": None, "lastName": 1}}), None),
        (json.dumps({"name": {"firstName": "a\u202eb"}}), None),
        (json.dumps({"name": {"firstName": "a" * 300}}), None),
        (json.dumps({"name": "Ada"}), None),
        (json.dumps({"email": "ada@mail.example"}), None),
        (json.dumps(["Ada"]), None),
        ('{"name":' * 100, None),
        ("Ada", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_comes_the_first_time_only(user: str | None, name: str | None) -> None:
    """Beside the code; what is none counts as not said, and so does every later sign-in."""
    assert _name(user) == name


def test_unverified_email_at_a_provider_beside_the_code() -> None:
    """The address there is signed by nobody: only the ID token's counts."""
    profile, _ = CASE.finish(email=..., email_verified="true")
    assert (profile.email, profile.email_verified) == (None, False)


def test_a_name_in_the_id_token_would_be_nobody_s() -> None:
    """Apple puts none there."""
    provider, flow, _ = CASE.begin()
    exchange = provider.finish(flow, {"state": flow.state or "", "code": "c"}, callback_url=CASE.callback, now=NOW)
    assert drive(exchange, *CASE.responses(CASE.said(name="Eve"), flow))[0].name is None


def test_the_registration_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key whose line breaks a file of variables cannot hold."""
    for name, value in (
        ("CLIENT_ID", CLIENT),
        ("TEAM_ID", TEAM),
        ("KEY_ID", KEY_ID),
        ("PRIVATE_KEY", APPLE_PEM.replace("\n", "\\n")),
    ):
        monkeypatch.setenv(f"HANDSTAMP_APPLE_{name}", value)
    assert Apple().id == "apple"


@pytest.mark.parametrize("missing", ["client_id", "team_id", "key_id", "private_key"])
def test_what_is_missing_is_named(missing: str) -> None:
    """The message says which variable to set."""
    given: dict[str, Any] = {
        "client_id": CLIENT,
        "team_id": TEAM,
        "key_id": KEY_ID,
        "private_key": APPLE_PEM,
    }
    del given[missing]
    with pytest.raises(ConfigurationError, match=f"set HANDSTAMP_APPLE_{missing.upper()}"):
        Apple(**given)


def _pem(key: Any, *, private: bool = True) -> str:
    return str(key.as_pem(private=private).decode())


@pytest.mark.parametrize(
    "key",
    [
        "secret",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        _pem(APPLE_KEY, private=False),
        _pem(ECKey.generate_key("P-384")),
        _pem(OKPKey.generate_key("Ed25519")),
    ],
    ids=["no key", "garbage", "public", "another curve", "another kind"],
)
def test_a_key_that_is_none_stops_the_start(key: str) -> None:
    """And is not shown."""
    with pytest.raises(ConfigurationError, match=r"the text of the \.p8 file") as refusal:
        Apple(CLIENT, TEAM, KEY_ID, key)
    assert key not in str(refusal.value)
