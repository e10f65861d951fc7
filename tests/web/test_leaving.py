"""Who signs out leaves no tokens behind (A8)."""

from dataclasses import replace

import httpx2
import pytest

from handstamp.core.models import ProviderTokens, User
from handstamp.login.oauth import Discord
from handstamp.login.oauth import client as oauth_client
from handstamp.testing import a_profile
from web_world import NOW, OWN, World, cookie, visiting

PROFILE_TOKENS = ProviderTokens(access_token="at", refresh_token="rt")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the provider is told."""
    told: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        told.append(str(request.url))
        return httpx2.Response(200, stream=httpx2.ByteStream(b"{}"))

    transport = httpx2.MockTransport(answer)
    monkeypatch.setattr(oauth_client, "new_client", lambda: httpx2.AsyncClient(transport=transport))
    return told


async def somebody(world: World) -> User:
    """Who has signed in at a provider whose tokens are kept."""
    profile = a_profile(issuer="https://discord.com")
    accounts = (await world.services()).accounts
    return await accounts.sign_in(replace(profile, tokens=PROFILE_TOKENS), now=NOW)


async def has_tokens(world: World, user: User) -> bool:
    """Whether anything is kept."""
    (identity,) = await world.store.list_identities(user.id)
    return await world.store.load_tokens(identity.issuer, identity.subject) is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/auth/logout"), ("DELETE", "/auth/sessions/{id}"), ("DELETE", "/auth/sessions")],
)
async def test_the_last_sign_out_erases_and_revokes(told: list[str], method: str, path: str) -> None:
    """By whichever door; while another session is there the tokens stay."""
    world = World(methods=[Discord("me", "s3cret", keep_tokens=True)])
    async with visiting(world) as client:
        user = await somebody(world)
        first, last = await world.sign_in(user), await world.sign_in(user)
        if path != "/auth/sessions":
            where = path.format(id=first.session.id)
            assert (await client.request(method, where, headers=cookie(first) | OWN)).status_code == 204
            assert await has_tokens(world, user)
        where = path.format(id=last.session.id)
        assert (await client.request(method, where, headers=cookie(last) | OWN)).status_code == 204
        assert not await has_tokens(world, user)
    assert told == ["https://discord.com/api/oauth2/token/revoke"]


async def test_ending_the_others_is_no_sign_out(told: list[str]) -> None:
    """Whoever ends them goes on."""
    world = World(methods=[Discord("me", "s3cret", keep_tokens=True)])
    async with visiting(world) as client:
        user = await somebody(world)
        issued = await world.sign_in(user)
        await client.delete("/auth/sessions?keep=current", headers=cookie(issued) | OWN)
        assert await has_tokens(world, user)
    assert told == []


async def test_who_signs_out_is_signed_out_whatever_the_vault_says(
    told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The session is over; the log says that the tokens are still there."""
    world = World(methods=[Discord("me", "s3cret", keep_tokens=True)])
    async with visiting(world) as client:
        user = await somebody(world)
        issued = await world.sign_in(user)
        world.store.down = {"list_identities"}
        assert (await client.post("/auth/logout", headers=cookie(issued) | OWN)).status_code == 204
        world.store.down = set()
        assert await has_tokens(world, user)
    assert "could not be erased" in caplog.text
    assert told == []


async def test_disabling_and_deleting_erase_and_revoke(told: list[str]) -> None:
    """Each by its own: one keeps the identity, the other takes all."""
    world = World(methods=[Discord("me", "s3cret", keep_tokens=True)])
    async with visiting(world):
        accounts = (await world.services()).accounts
        disabled, deleted = await somebody(world), await somebody(world)
        await accounts.disable(disabled.id, now=NOW)
        assert not await has_tokens(world, disabled)
        (identity,) = await world.store.list_identities(disabled.id)
        again = a_profile(issuer=identity.issuer, subject=identity.subject, tokens=PROFILE_TOKENS)
        assert (await accounts.sign_in(again, now=NOW)).disabled_at == NOW
        assert not await has_tokens(world, disabled)
        await accounts.delete(deleted.id, now=NOW)
        assert await world.store.list_identities(deleted.id) == ()
    assert told == ["https://discord.com/api/oauth2/token/revoke"] * 2


async def test_where_no_tokens_are_kept_nothing_is_asked() -> None:
    """A sign-out costs what it cost."""
    world = World()
    async with visiting(world) as client:
        issued = await world.sign_in()
        world.store.asked.clear()
        assert (await client.post("/auth/logout", headers=cookie(issued) | OWN)).status_code == 204
    assert "list_identities" not in world.store.asked
    assert "list_sessions" not in world.store.asked
