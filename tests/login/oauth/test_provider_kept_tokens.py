"""Tokens that are kept, against providers that others wrote: rotation, revocation, and processes side by side."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import MustSignInAgain
from handstamp.core.models import Profile, User
from handstamp.login.oauth import OpenIDConnect, X
from handstamp.testing import NOW
from login.oauth.provider_x import CLIENT_KEY, CLIENT_SECRET, Book, provider_x
from login.oauth.visiting import Visit, time_of
from parts.oidc import RunningProvider
from parts.serving import serving

pytestmark = pytest.mark.network

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def signed_in(running: RunningProvider, database: str) -> AsyncGenerator[tuple[Auth, User, Profile]]:
    """Somebody who has signed in, in an application that keeps tokens."""
    way = OpenIDConnect(
        "idp", running.issuer, "Mine", client_id="offline", client_secret="offline-secret", keep_tokens=True
    )
    async with httpx2.AsyncClient() as client:
        now = time_of(await client.get(running.issuer))
        profile = await Visit(way, running.callback_url, now).sign_in(client)
    auth = Auth(database, methods=[way], secret=SECRET)
    services = await auth.open()
    user = await services.accounts.sign_in(profile, now=auth.clock())
    try:
        yield auth, user, profile
    finally:
        await auth.close()


async def test_tokens_are_renewed_at_a_certified_provider(openid_provider: RunningProvider) -> None:
    """It gives a new refresh token each time, and takes the old one for theft: all are withdrawn then."""
    async with signed_in(openid_provider, "memory://") as (auth, user, profile):
        assert profile.tokens is not None
        assert profile.tokens.expires_at is not None
        first = profile.tokens
        seen, token = {first.access_token}, first.access_token
        for _ in range(3):
            token = await auth.vault.token(user.id, "idp", refused=token)
            assert token not in seen
            seen.add(token)
        await auth.vault.keep(profile, user_id=user.id)  # the first refresh token, used before
        with pytest.raises(MustSignInAgain):
            await auth.vault.token(user.id, "idp", refused=first.access_token)
        with pytest.raises(MustSignInAgain):
            await auth.vault.token(user.id, "idp")


async def test_signing_out_withdraws_the_tokens_at_the_provider(openid_provider: RunningProvider) -> None:
    """RFC 7009: the refresh token renews nothing any more, wherever a copy of it may be."""
    async with signed_in(openid_provider, "memory://") as (auth, user, profile):
        await auth.vault.signed_out(user.id)
        await auth.close()
        await auth.open()
        await auth.vault.keep(profile, user_id=user.id)  # somebody had a copy
        assert profile.tokens is not None
        with pytest.raises(MustSignInAgain):
            await auth.vault.token(user.id, "idp", refused=profile.tokens.access_token)


async def test_two_processes_renew_once(openid_provider: RunningProvider, tmp_path: Path) -> None:
    """Forty callers: one request, one new token; a second use of the refresh token would be taken for theft."""
    database = f"sqlite:///{tmp_path / 'app.db'}"
    async with signed_in(openid_provider, database) as (auth, user, profile):
        assert profile.tokens is not None
        begin = auth.clock() + 2.5
        command = [
            sys.executable,
            str(ROOT / "tests" / "renewing_process.py"),
            database,
            openid_provider.issuer,
            user.id,
            profile.tokens.access_token,
            str(begin),
        ]
        processes = [
            await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        answers = await asyncio.gather(*(process.communicate() for process in processes))
        assert [process.returncode for process in processes] == [0, 0], answers
        tokens = {token for out, _ in answers for token in out.decode().split()}
        assert len(tokens) == 1
        assert tokens == {await auth.vault.token(user.id, "idp")}


async def test_a_token_of_oauth_1_is_kept_and_invalidated() -> None:
    """With its secret; every signature is checked by another implementation (OAU-12)."""
    now, callback = NOW, "http://localhost:8000/auth/callback/x"
    book = Book(now, callback)
    async with serving(provider_x(book)) as origin:
        way = X("1.0a", CLIENT_KEY, CLIENT_SECRET, api=origin, keep_tokens=True)
        async with httpx2.AsyncClient() as client:
            profile = await Visit(way, callback, now).sign_in(client)
        auth = Auth("memory://", methods=[way], secret=SECRET, clock=lambda: now)
        services = await auth.open()
        user = await services.accounts.sign_in(profile, now=now)
        tokens = await auth.vault.tokens(user.id, "x")
        assert book.access_tokens == {tokens.access_token: tokens.secret}
        with pytest.raises(MustSignInAgain):
            await auth.vault.token(user.id, "x", refused=tokens.access_token)
        await auth.vault.keep(profile, user_id=user.id)
        await auth.vault.forget(user.id)
        await auth.close()
        assert book.access_tokens == {}


async def test_a_provider_that_was_not_told_to_keep_tokens_keeps_none(openid_provider: RunningProvider) -> None:
    """Off by default: nothing is stored that nobody uses."""
    way = OpenIDConnect("idp", openid_provider.issuer, "Mine", client_id="offline", client_secret="offline-secret")
    async with httpx2.AsyncClient() as client:
        now = time_of(await client.get(openid_provider.issuer))
        profile = await Visit(way, openid_provider.callback_url, now).sign_in(client)
    assert profile.tokens is None


async def test_who_closes_the_application_leaves_no_connection(openid_provider: RunningProvider) -> None:
    """``auth.close()`` closes what the ways in hold; they may be used again."""
    way = OpenIDConnect(
        "idp", openid_provider.issuer, "Mine", client_id="offline", client_secret="offline-secret", keep_tokens=True
    )
    auth = Auth("memory://", methods=[way], secret=SECRET)
    for turn in range(2):
        await auth.open()
        await way.network.perform(
            way.begin(callback_url=openid_provider.callback_url, now=auth.clock() + turn * 7200)
        )
        client = way.network._client
        assert client is not None
        await auth.close()
        assert client.is_closed
    await auth.close()
