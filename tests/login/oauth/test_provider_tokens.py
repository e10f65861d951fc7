"""What providers are asked for where tokens are kept, how they are renewed, and what asks for a new sign-in."""

from typing import Any

import httpx2
import pytest

from handstamp.core.errors import LoginFailed, MustSignInAgain, ProviderUnavailable
from handstamp.core.models import ProviderTokens
from handstamp.login.oauth import (
    Apple,
    Discord,
    Facebook,
    GitHub,
    GitLab,
    Google,
    Microsoft,
    OpenIDConnect,
    X,
    client,
)
from handstamp.login.oauth.flow import CONFIRM, Flow
from login.oauth.every_provider import APPLE_PEM, KEY_ID, TEAM
from login.oauth.exchanges import CALLBACK, NOW, answer, body, drive, query
from login.oauth.openid import CLIENT_ID, ISSUER, NONCE, SigningKey, claims, document

KEEP: dict[str, Any] = {"keep_tokens": True, "scopes": ["calendar", "email"]}
TOKENS = ProviderTokens(access_token="at", refresh_token="rt")
KEY = SigningKey("k1")
MICROSOFT = "https://login.microsoftonline.com"


def idp(**options: Any) -> OpenIDConnect:
    """A provider whose document is known."""
    way = OpenIDConnect("idp", ISSUER, "Mine", client_id=CLIENT_ID, client_secret="s3cret", **options)
    drive(way.begin(callback_url=CALLBACK, now=NOW), answer(document(revocation_endpoint=f"{ISSUER}/revoke")))
    return way


def asked(way: Any, issuer: str | None = None, *, anew: bool = False) -> dict[str, str]:
    """The parameters with which a browser is sent to a provider."""
    answers = [] if issuer is None else [answer(document(issuer=issuer))]
    begun, _ = drive(way.begin(callback_url=CALLBACK, now=NOW, anew=anew), *answers)
    return query(begun.url)


def test_a_refresh_token_is_asked_for_where_tokens_are_kept() -> None:
    """As each provider wants it, beside what the application asks for, each once."""
    google = asked(Google("me", "s", **KEEP), "https://accounts.google.com")
    assert google["scope"] == "openid email profile calendar"
    assert (google["access_type"], google["prompt"]) == ("offline", "consent")
    assert asked(idp(**KEEP))["scope"] == "openid email profile calendar offline_access"
    assert asked(idp(**KEEP))["prompt"] == "consent"
    assert asked(X("2.0", "me", "s", **KEEP))["scope"] == "users.read tweet.read calendar email offline.access"
    assert asked(Discord("me", "s", **KEEP))["scope"] == "identify email calendar"
    assert asked(GitHub("me", "s", **KEEP))["scope"] == "read:user user:email calendar email"
    assert asked(Facebook("me", "s", **KEEP))["scope"] == "public_profile email calendar"
    gitlab = asked(GitLab("me", "s", **KEEP), "https://gitlab.com")
    assert (gitlab["scope"], "prompt" in gitlab) == ("openid email profile calendar", False)
    apple = asked(Apple("me", TEAM, KEY_ID, APPLE_PEM, keep_tokens=True), "https://appleid.apple.com")
    assert (apple["scope"], apple["response_mode"]) == ("openid name email", "form_post")
    tenant = f"{MICROSOFT}/{{tenantid}}/v2.0"
    microsoft = asked(Microsoft("me", "s", **KEEP), tenant)
    assert microsoft["scope"] == "openid email profile calendar offline_access"


def test_nothing_more_is_asked_for_where_none_are_kept() -> None:
    """Off by default."""
    google = asked(Google("me", "s"), "https://accounts.google.com")
    assert (google["scope"], "access_type" in google) == ("openid email profile", False)
    assert asked(X("2.0", "me", "s"))["scope"] == "users.read tweet.read"
    for way in (Google("me", "s"), X("2.0", "me", "s"), Discord("me", "s"), idp()):
        assert way.token_refresher() is None
    assert idp(**KEEP).token_refresher() is not None


def test_a_new_sign_in_is_asked_for() -> None:
    """Where the provider knows such a thing (OpenID Connect Core §3.1.2.1)."""
    openid = asked(idp(), anew=True)
    assert (openid["prompt"], openid["max_age"]) == ("login", "0")
    assert asked(idp(**KEEP), anew=True)["prompt"] == "login consent"
    assert asked(Facebook("me", "s"), anew=True)["auth_type"] == "reauthenticate"
    assert asked(GitHub("me", "s"), anew=True).keys() == asked(GitHub("me", "s")).keys()
    assert asked(X("2.0", "me", "s"), anew=True).keys() == asked(X("2.0", "me", "s")).keys()
    token = answer({})
    token = type(token)(200, {}, b"oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true")
    begun, _ = drive(X("1.0a", "me", "s").begin(callback_url=CALLBACK, now=NOW, anew=True), token)
    assert query(begun.url) == {"force_login": "true", "oauth_token": "t"}


@pytest.mark.parametrize(("aim", "at"), [(CONFIRM, NOW), ("sign_in", NOW - 9000)])
def test_who_confirms_has_signed_in_anew(aim: str, at: float) -> None:
    """A sign-in need not; and the tokens are with the profile where they are kept."""
    flow = Flow(
        id="1",
        provider="idp",
        issuer=ISSUER,
        created_at=NOW,
        expires_at=NOW + 600,
        state="st",
        verifier="v",
        nonce=NONCE,
        aim=aim,
    )
    callback = {"state": "st", "code": "c"}

    def finish(at: float) -> ProviderTokens | None:
        token = KEY.sign(claims(auth_time=at, email="ada@idp.example", name="Ada"))
        tokens = answer({"access_token": "at", "refresh_token": "rt", "token_type": "bearer", "id_token": token})
        exchange = idp(**KEEP).finish(flow, callback, callback_url=CALLBACK, now=NOW)
        return drive(exchange, tokens, answer({"keys": [KEY.public]}))[0].tokens

    assert finish(at) == TOKENS
    if aim == CONFIRM:
        with pytest.raises(LoginFailed, match="of before"):
            finish(NOW - 9000)


def test_tokens_are_renewed_and_withdrawn_where_the_document_says() -> None:
    """With the secret; a provider without such an endpoint is not told."""
    way = idp(**KEEP)
    renewed, (request,) = drive(way.renew(TOKENS, now=NOW), answer({"access_token": "new", "token_type": "bearer"}))
    assert (renewed.access_token, request.url) == ("new", f"{ISSUER}/token")
    _, (request,) = drive(way.withdraw(TOKENS, now=NOW), answer({}))
    assert (request.url, body(request)["token"]) == (f"{ISSUER}/revoke", "rt")
    silent = OpenIDConnect("idp", ISSUER, "Mine", client_id=CLIENT_ID, client_secret="s3cret", **KEEP)
    drive(silent.withdraw(TOKENS, now=NOW), answer(document()))


def test_others_are_told_where_they_want_it() -> None:
    """Discord and X have an endpoint, GitHub and Facebook none of this kind."""
    _, (request,) = drive(Discord("me", "s", **KEEP).withdraw(TOKENS, now=NOW), answer({}))
    assert request.url == "https://discord.com/api/oauth2/token/revoke"
    _, (request,) = drive(X("2.0", "me", "s", **KEEP).withdraw(TOKENS, now=NOW), answer({}))
    assert request.url == "https://api.x.com/2/oauth2/revoke"
    new = answer({"access_token": "new", "token_type": "bearer"})
    renewed, (request,) = drive(X("2.0", "me", "s", **KEEP).renew(TOKENS, now=NOW), new)
    assert (renewed.access_token, request.url) == ("new", "https://api.x.com/2/oauth2/token")
    for way in (GitHub("me", "s", **KEEP), Facebook("me", "s", **KEEP)):
        drive(way.withdraw(TOKENS, now=NOW))
    renewed, (request,) = drive(GitHub("me", "s", **KEEP).renew(TOKENS, now=NOW), new)
    assert request.url == "https://github.com/login/oauth/access_token"


def test_the_tokens_of_a_plain_provider_are_with_the_profile() -> None:
    """Where they are kept."""
    flow = Flow.start(provider="discord", issuer="https://discord.com", now=NOW, state="st", verifier="v")
    answers = (
        answer({"access_token": "at", "refresh_token": "rt", "token_type": "Bearer", "expires_in": 60}),
        answer({"id": "1", "username": "ada"}),
    )
    exchange = Discord("me", "s", **KEEP).finish(flow, {"state": "st", "code": "c"}, callback_url=CALLBACK, now=NOW)
    profile, _ = drive(exchange, *answers)
    assert profile.tokens == ProviderTokens(access_token="at", refresh_token="rt", expires_at=NOW + 60)


def test_a_provider_speaks_for_its_own_people() -> None:
    """By issuer; Microsoft's, for many tenants, is none by itself."""
    assert Google("me", "s").speaks_for("https://accounts.google.com")
    assert not Google("me", "s").speaks_for("https://x.com")
    tenant = "11111111-2222-3333-4444-555555555555"
    one, other = f"{MICROSOFT}/{tenant}/v2.0", f"{MICROSOFT}/{tenant[:-1]}6/v2.0"
    assert Microsoft("me", "s").speaks_for(one)
    assert not Microsoft("me", "s").speaks_for(f"https://evil.example/{tenant}/v2.0")
    assert not Microsoft("me", "s").speaks_for(f"{MICROSOFT}/common/v2.0")
    assert not Microsoft("me", "s").speaks_for(tenant)
    only = Microsoft("me", "s", tenant=tenant)
    assert (only.speaks_for(one), only.speaks_for(other)) == (True, False)


@pytest.mark.parametrize(
    ("status", "members", "error"),
    [(400, {"error": "invalid_grant"}, MustSignInAgain), (503, {}, ProviderUnavailable)],
)
async def test_who_asks_the_vault_hears_what_it_means(
    monkeypatch: pytest.MonkeyPatch, status: int, members: dict[str, str], error: type[Exception]
) -> None:
    """That the person has to come back, or that it will work later."""
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(status, stream=httpx2.ByteStream(answer(members).body))
    )
    monkeypatch.setattr(client, "new_client", lambda: httpx2.AsyncClient(transport=transport))
    way = GitHub("me", "s", **KEEP)
    with pytest.raises(error):
        await way.refresh(TOKENS, now=NOW)
    discord = Discord("me", "s", **KEEP)
    with pytest.raises(ProviderUnavailable):
        await discord.revoke(TOKENS, now=NOW)
    await discord.close()
    await way.close()
