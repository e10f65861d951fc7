"""Google: OpenID Connect whose word on e-mail addresses counts."""

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.login.oauth import Google
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.provider import Provider
from login.oauth.exchanges import NOW, answer, drive
from login.oauth.openid import CLIENT_ID, NONCE, SigningKey, claims, document

CALLBACK = "https://app.example/auth/callback/google"
ISSUER = "https://accounts.google.com"
KEY = SigningKey("k1", "RS256")


def test_google_is_google() -> None:
    """Its names are part of the public API."""
    provider: Provider = Google("me", "s3cret")
    assert (provider.id, provider.label, provider.issuer) == ("google", "Google", ISSUER)


@pytest.mark.parametrize(("stated", "verified"), [(True, True), (False, False), ("true", False)])
def test_an_address_that_google_verified_is_verified(stated: object, *, verified: bool) -> None:
    """When it says so literally; the key is (issuer, subject) in any case (OAU-07)."""
    provider = Google(CLIENT_ID, "s3cret")
    drive(provider.begin(callback_url=CALLBACK, now=NOW), answer(document(issuer=ISSUER)))
    flow = Flow.start(provider="google", issuer=ISSUER, now=NOW, state="st", verifier="ver", nonce=NONCE)
    token = KEY.sign(claims(iss=ISSUER, sub="108", email="ada@gmail.example", email_verified=stated, name="Ada"))
    tokens = answer({"access_token": "at", "token_type": "Bearer", "id_token": token})
    exchange = provider.finish(flow, {"state": "st", "code": "c", "iss": ISSUER}, callback_url=CALLBACK, now=NOW)
    profile, _ = drive(exchange, tokens, answer({"keys": [KEY.public]}))
    assert (profile.issuer, profile.subject) == (ISSUER, "108")
    assert (profile.email, profile.email_verified) == ("ada@gmail.example", verified)


def test_google_has_a_secret() -> None:
    """There is no public client of it for web applications."""
    with pytest.raises(ConfigurationError, match="HANDSTAMP_GOOGLE_CLIENT_SECRET"):
        Google("me")
