"""Whole sign-ins, against providers that others wrote."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest

from handstamp.core.errors import LoginFailed
from handstamp.core.models import Profile
from handstamp.login.oauth import Apple, OpenIDConnect, X
from handstamp.login.oauth.client import new_client, perform
from login.oauth.provider_apple import ADDRESS, CLIENT, KEY_ID, SUBJECT, TEAM, ProviderApple
from login.oauth.provider_x import ADA, CLIENT_KEY, CLIENT_SECRET, EMAIL, Book, provider_x
from login.oauth.visiting import Visit, query_of, time_of
from parts.oidc import RunningProvider
from parts.serving import serving

pytestmark = pytest.mark.network

NOW = 1_800_000_000.0
X_CALLBACK = "http://localhost:8000/auth/callback/x"


@asynccontextmanager
async def _at_x(book: Book | None = None, *, email: bool = False) -> AsyncGenerator[tuple[Visit, httpx2.AsyncClient]]:
    async with serving(provider_x(book or Book(NOW, X_CALLBACK))) as origin, new_client() as client:
        yield Visit(X("1.0a", CLIENT_KEY, CLIENT_SECRET, api=origin, email=email), X_CALLBACK, NOW), client


async def test_oauth1_signs_in_at_a_provider_on_oauthlib() -> None:
    """Three legs, every signature checked by another implementation (OAU-12)."""
    async with _at_x() as (visit, client):
        assert await visit.sign_in(client) == Profile(
            issuer="https://x.com",
            subject="42",
            name="Ada",
            username="ada",
            picture=str(ADA["profile_image_url_https"]),
        )


async def test_oauth1_gets_the_email_address_when_it_asks() -> None:
    """The query is signed too."""
    async with _at_x(email=True) as (visit, client):
        profile = await visit.sign_in(client)
    assert (profile.email, profile.email_verified) == (EMAIL, True)


async def test_oauth1_ends_where_the_person_says_no() -> None:
    """The callback names the request token as denied."""
    async with _at_x() as (visit, client):
        with pytest.raises(LoginFailed) as failure:
            await visit.sign_in(client, deny="1")
    assert failure.value.reason == "access_denied"


async def test_oauth1_takes_no_verifier_but_the_one_given() -> None:
    """Another browser's guess ends at the provider (OAU-12)."""
    async with _at_x() as (visit, client):
        url, flow = await visit.begin(client)
        parameters = await visit.browse(url)
        with pytest.raises(LoginFailed) as failure:
            await visit.finish(client, flow, {**parameters, "oauth_verifier": "v" * 30})
    assert failure.value.reason == "provider_error"


async def test_oauth1_sends_the_time_it_was_given() -> None:
    """A provider whose clock is far off refuses."""
    async with _at_x(Book(NOW + 3600, X_CALLBACK)) as (visit, client):
        with pytest.raises(LoginFailed) as failure:
            await visit.begin(client)
    assert failure.value.reason == "provider_error"


async def test_apple_takes_the_secret_that_is_signed_for_the_sign_in() -> None:
    """Checked with the public half of our key, with the code, the callback and the challenge; once only."""
    apple, callback = ProviderApple(NOW), "http://127.0.0.1:8000/auth/callback/apple"
    async with serving(apple.app) as origin, new_client() as client:
        apple.issuer = origin
        visit = Visit(Apple(CLIENT, TEAM, KEY_ID, apple.private_key, issuer=origin), callback, NOW)
        url, flow = await visit.begin(client)
        parameters = {"state": flow.state or "", "code": apple.code_for(query_of(url))}
        assert await visit.finish(client, flow, parameters) == Profile(
            issuer=origin, subject=SUBJECT, email=ADDRESS, email_verified=True
        )
        with pytest.raises(LoginFailed) as failure:
            await visit.finish(client, flow, parameters)
    assert failure.value.reason == "provider_error"


@asynccontextmanager
async def _at(
    running: RunningProvider, client_id: str, client_secret: str | None
) -> AsyncGenerator[tuple[Visit, httpx2.AsyncClient]]:
    provider = OpenIDConnect(
        "idp",
        running.issuer,
        "Mine",
        client_id=client_id,
        client_secret=client_secret,
        public_client=client_secret is None,
        trusts_email=True,
    )
    async with new_client() as client:
        # The one place that asks what time it is: the provider is a process of its own, on this machine's clock.
        yield Visit(provider, running.callback_url, time_of(await client.get(running.issuer))), client


@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [
        ("basic", "secret: 100% & more + ="),
        ("public", None),
        ("ecdsa", "ecdsa-secret"),
        ("eddsa", "eddsa-secret"),
        ("pss", "pss-secret"),
    ],
)
async def test_openid_connect_signs_in_at_a_certified_provider(
    openid_provider: RunningProvider, client_id: str, client_secret: str | None
) -> None:
    """Discovery, PKCE, nonce, iss, ID token in each algorithm that we take, userinfo (OAU-02 to OAU-06)."""
    async with _at(openid_provider, client_id, client_secret) as (visit, client):
        assert await visit.sign_in(client, login_hint="grace") == Profile(
            issuer=openid_provider.issuer,
            subject="grace",
            email="grace@mail.example",
            email_verified=True,
            name="The grace",
            username="grace",
        )


async def test_openid_connect_ends_where_the_person_says_no(openid_provider: RunningProvider) -> None:
    """With the state and issuer of the flow."""
    async with _at(openid_provider, "public", None) as (visit, client):
        with pytest.raises(LoginFailed) as failure:
            await visit.sign_in(client, login_hint="nobody")
    assert failure.value.reason == "access_denied"


async def test_openid_connect_redeems_no_code_with_another_verifier(openid_provider: RunningProvider) -> None:
    """A stolen code is worth nothing without the flow's cookie (OAU-02)."""
    async with _at(openid_provider, "public", None) as (visit, client):
        url, flow = await visit.begin(client)
        parameters = await visit.browse(url)
        with pytest.raises(LoginFailed) as failure:
            await visit.finish(client, replace(flow, verifier="v" * 43), parameters)
    assert failure.value.reason == "provider_error"


async def test_openid_connect_takes_no_answer_for_another_nonce(openid_provider: RunningProvider) -> None:
    """An ID token of another sign-in is refused (OAU-03)."""
    async with _at(openid_provider, "public", None) as (visit, client):
        url, flow = await visit.begin(client)
        parameters = await visit.browse(url)
        with pytest.raises(LoginFailed) as failure:
            await visit.finish(client, replace(flow, nonce="another-nonce"), parameters)
    assert failure.value.reason == "invalid_response"


async def test_openid_connect_needs_the_issuer_that_the_provider_promises(openid_provider: RunningProvider) -> None:
    """It says in its document that it names itself, so a callback without is not its own (OAU-04)."""
    async with _at(openid_provider, "public", None) as (visit, client):
        url, flow = await visit.begin(client)
        parameters = await visit.browse(url)
        assert parameters.pop("iss") == openid_provider.issuer
        with pytest.raises(LoginFailed) as failure:
            await visit.finish(client, flow, parameters)
    assert failure.value.reason == "invalid_response"


async def test_openid_connect_takes_no_document_of_another_issuer(openid_provider: RunningProvider) -> None:
    """The same server by another name (OAU-05)."""
    alias = openid_provider.issuer.replace("localhost", "127.0.0.1")
    provider = OpenIDConnect("idp", alias, "Mine", client_id="public", public_client=True)
    async with new_client() as client:
        with pytest.raises(LoginFailed) as failure:
            await perform(provider.begin(callback_url=openid_provider.callback_url, now=NOW), client)
    assert failure.value.reason == "invalid_response"
