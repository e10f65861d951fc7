"""The vault: what providers gave us, sealed, renewed once, and erased when it is not needed."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from handmade import OTHER_SECRET, SECRET
from handstamp.core.errors import (
    ConfigurationError,
    MustSignInAgain,
    NotFound,
    ProviderUnavailable,
    StoreUnavailable,
)
from handstamp.core.keys import Purpose
from handstamp.core.models import Profile, ProviderTokens, SealedTokens, User
from handstamp.core.policy import VaultPolicy
from handstamp.core.sealing import Sealer
from handstamp.services import renewals
from handstamp.services.audit import Audit
from handstamp.services.vault import MAX_SEALED_BYTES, Vault
from handstamp.testing import NOW, a_profile
from world import AdverseStore

ISSUER = "https://id.example"


class Provider:
    """Gives a new refresh token each time, and takes the second use of one for theft."""

    id = "idp"

    def __init__(self) -> None:
        self.good = "refresh-0"
        self.renewed = 0
        self.asked = asyncio.Event()
        self.rotates = True
        self.pauses = 1
        self.fault: Exception | None = None
        self.revoked: list[ProviderTokens] = []
        self.revocation_fault: Exception | None = None
        self.takes_notice = asyncio.Event()
        self.takes_notice.set()

    def speaks_for(self, issuer: str) -> bool:
        """Whether it is its own."""
        return issuer == ISSUER

    async def refresh(self, tokens: ProviderTokens, *, now: float) -> ProviderTokens:
        """The next ones."""
        self.asked.set()
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        if tokens.refresh_token != self.good:
            raise MustSignInAgain("used before, or never given")
        self.renewed += 1
        if self.rotates:
            self.good = f"refresh-{self.renewed}"
        given = self.good if self.rotates else None
        return ProviderTokens(access_token=f"access-{self.renewed}", refresh_token=given, expires_at=now + 3600)

    async def revoke(self, tokens: ProviderTokens, *, now: float) -> None:
        """Take notice."""
        del now
        await self.takes_notice.wait()
        if self.revocation_fault is not None:
            raise self.revocation_fault
        self.revoked.append(tokens)


class World:
    """A vault as in each of two processes, over one store."""

    def __init__(self) -> None:
        self.store = AdverseStore([0, 1, 2])
        self.provider = Provider()
        self.now = NOW
        self.vaults = [self.vault(), self.vault()]

    def vault(self, *, secret: str = SECRET, **policy: bool) -> Vault:
        """Another process."""
        return Vault(
            store=self.store,
            sealer=Sealer([secret], Purpose.PROVIDER_TOKEN, max_bytes=MAX_SEALED_BYTES),
            refreshers=[self.provider],
            policy=VaultPolicy(**policy),
            audit=Audit(self.store),
            clock=lambda: self.now,
        )

    async def signed_in(self, profile: Profile | None = None, **changes: Any) -> User:
        """Somebody who has just signed in, and brought tokens that are good for an hour."""
        tokens = ProviderTokens(access_token="access-0", refresh_token="refresh-0", expires_at=self.now + 3600)
        profile = replace(profile or a_profile(), tokens=replace(tokens, **changes))
        user, _ = await self.store.upsert_identity(profile, user_id=f"user-{profile.subject}", now=self.now)
        await self.vaults[0].keep(profile, user_id=user.id)
        return user

    async def kept(self, user: User) -> SealedTokens | None:
        """What the store has of the user's one identity."""
        (identity,) = await self.store.list_identities(user.id)
        return await self.store.load_tokens(identity.issuer, identity.subject)


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    """Two processes."""
    world = World()
    yield world
    for vault in world.vaults:
        await vault.close()


async def test_a_token_that_is_good_is_given_as_it_is(world: World) -> None:
    """The provider is not asked, in whichever process."""
    user = await world.signed_in()
    assert [await vault.token(user.id, "idp") for vault in world.vaults] == ["access-0"] * 2
    assert world.provider.renewed == 0


async def test_what_is_stored_tells_nothing(world: World) -> None:
    """Neither the store nor a representation shows a token."""
    user = await world.signed_in()
    kept = await world.kept(user)
    tokens = await world.vaults[0].tokens(user.id, "idp")
    assert kept is not None
    assert "access-0" not in json.dumps(kept.sealed) + repr(kept) + repr(tokens) + repr(a_profile(tokens=tokens))
    assert "refresh-0" not in repr(tokens)


async def test_sealed_tokens_cannot_be_moved_to_another_identity(world: World) -> None:
    """Whoever writes to the database gets no token of another (context of the seal)."""
    ada, eve = await world.signed_in(), await world.signed_in(access_token="eve's")
    adas, eves = await world.kept(ada), await world.kept(eve)
    assert adas is not None
    assert eves is not None
    await world.store.keep_tokens(replace(eves, sealed=adas.sealed), user_id=eve.id)
    with pytest.raises(MustSignInAgain):
        await world.vaults[0].token(eve.id, "idp")


@pytest.mark.parametrize(("left", "token"), [(61, "access-0"), (60, "access-1"), (0, "access-1"), (-9, "access-1")])
async def test_a_token_is_renewed_in_its_last_minute(world: World, left: float, token: str) -> None:
    """It has to last for the call that it is for."""
    user = await world.signed_in()
    world.now += 3600 - left
    assert await world.vaults[0].token(user.id, "idp") == token
    assert await world.vaults[1].token(user.id, "idp") == token
    assert world.provider.renewed == int(token[-1])


async def test_a_token_of_which_nobody_knows_the_end_is_renewed_when_it_was_refused(world: World) -> None:
    """The one that was refused is not given again; who comes later with the same gets the new one."""
    user = await world.signed_in(expires_at=None)
    world.now += 10**6
    assert await world.vaults[0].token(user.id, "idp") == "access-0"
    assert await world.vaults[0].token(user.id, "idp", refused="access-0") == "access-1"
    assert await world.vaults[1].token(user.id, "idp", refused="access-0") == "access-1"
    assert world.provider.renewed == 1


async def test_one_of_many_callers_renews(world: World) -> None:
    """Fifty in two processes get one token, and the provider sees one request."""
    user = await world.signed_in()
    world.now += 3600
    world.provider.pauses = 50
    tokens = await asyncio.gather(*(world.vaults[number % 2].token(user.id, "idp") for number in range(50)))
    assert set(tokens) == {"access-1"}
    assert world.provider.renewed == 1


async def test_each_new_refresh_token_is_used(world: World) -> None:
    """Rotation, for as long as one likes, in turns."""
    user = await world.signed_in()
    for turn in range(1, 6):
        world.now += 3600
        assert await world.vaults[turn % 2].token(user.id, "idp") == f"access-{turn}"


async def test_a_refresh_token_that_is_not_given_anew_stays(world: World) -> None:
    """Some providers give none back."""
    world.provider.rotates = False
    user = await world.signed_in()
    for turn in range(1, 4):
        world.now += 3600
        assert await world.vaults[0].token(user.id, "idp") == f"access-{turn}"


async def test_a_refusal_marks_the_identity(world: World) -> None:
    """The provider is asked once; who signs in again has good tokens."""
    profile = a_profile()
    user = await world.signed_in(profile)
    world.now += 3600
    world.provider.fault = MustSignInAgain("invalid_grant")
    for vault in world.vaults:
        with pytest.raises(MustSignInAgain):
            await vault.token(user.id, "idp")
    kept = await world.kept(user)
    assert kept is not None
    assert kept.must_sign_in_again
    (event,) = await world.store.list_events()
    assert (event.event, event.user_id) == ("provider_tokens_refused", user.id)
    await world.signed_in(profile)
    assert await world.vaults[1].token(user.id, "idp") == "access-0"


async def test_a_refusal_does_not_mark_what_was_brought_meanwhile(world: World) -> None:
    """Who signs in while the old tokens are refused has the new ones."""
    profile = a_profile()
    user = await world.signed_in(profile)
    world.now += 3600
    world.provider.fault, world.provider.pauses = MustSignInAgain("invalid_grant"), 60
    asking = asyncio.ensure_future(world.vaults[0].token(user.id, "idp"))
    await world.provider.asked.wait()
    await world.signed_in(profile, access_token="brought")
    assert await asking == "brought"


async def test_a_provider_that_is_out_of_order_loses_nothing(world: World) -> None:
    """An error that says that it can be tried again; then it works."""
    user = await world.signed_in()
    before = await world.kept(user)
    world.now += 3600
    world.provider.fault = ProviderUnavailable("503")
    with pytest.raises(ProviderUnavailable) as failure:
        await world.vaults[0].token(user.id, "idp")
    assert failure.value.retry_after > 0
    assert await world.kept(user) == before
    world.provider.fault = None
    assert await world.vaults[1].token(user.id, "idp") == "access-1"


async def test_in_its_last_minute_a_token_is_still_good(world: World) -> None:
    """Where the provider does not answer it is given, unless it is the one that was refused."""
    user = await world.signed_in()
    world.now += 3590
    world.provider.fault = ProviderUnavailable("503")
    assert await world.vaults[0].token(user.id, "idp") == "access-0"
    with pytest.raises(ProviderUnavailable):
        await world.vaults[0].token(user.id, "idp", refused="access-0")


async def test_whoever_holds_the_lease_too_long_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was killed in the midst holds the others up until its lease has run out, and loses nothing."""
    monkeypatch.setattr(renewals, "PATIENCE", 0.2)
    user = await world.signed_in()
    world.now += 3600
    taken: list[str] = []
    take = world.store.take_lease

    async def note(name: str, *, holder: str, until: float, now: float) -> bool:
        taken.append(name)
        return await take(name, holder="killed", until=until, now=now) and False

    monkeypatch.setattr(world.store, "take_lease", note)
    with pytest.raises(ProviderUnavailable):
        await world.vaults[0].token(user.id, "idp")
    monkeypatch.setattr(world.store, "take_lease", take)
    with pytest.raises(ProviderUnavailable):
        await world.vaults[1].token(user.id, "idp")
    world.now += renewals.LEASE
    assert await world.vaults[1].token(user.id, "idp") == "access-1"


async def test_who_comes_a_moment_too_late_takes_what_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is free again, and the token is new already: the provider is not asked a second time."""
    user = await world.signed_in()
    world.now += 3600
    take = world.store.take_lease

    async def after_another(name: str, *, holder: str, until: float, now: float) -> bool:
        monkeypatch.setattr(world.store, "take_lease", take)
        await world.vaults[1].token(user.id, "idp")
        return await take(name, holder=holder, until=until, now=now)

    monkeypatch.setattr(world.store, "take_lease", after_another)
    assert await world.vaults[0].token(user.id, "idp") == "access-1"
    assert world.provider.renewed == 1


async def test_what_is_erased_meanwhile_is_not_revoked_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two who sign a user out at once, one has the tokens."""
    user = await world.signed_in()
    erase = world.store.erase_tokens

    async def after_another(issuer: str, subject: str) -> SealedTokens | None:
        await erase(issuer, subject)
        return await erase(issuer, subject)

    monkeypatch.setattr(world.store, "erase_tokens", after_another)
    await world.vaults[0].forget(user.id)
    await world.vaults[0].close()
    assert world.provider.revoked == []


async def test_a_caller_that_goes_away_does_not_tear_a_renewal(world: World) -> None:
    """What the provider has given is stored."""
    user = await world.signed_in()
    world.now += 3600
    world.provider.pauses = 20
    asking = asyncio.ensure_future(world.vaults[0].token(user.id, "idp"))
    await world.provider.asked.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await world.vaults[0].close()
    assert world.provider.renewed == 1
    assert await world.vaults[1].token(user.id, "idp") == "access-1"


def test_each_event_loop_renews_for_itself() -> None:
    """Test clients run each request on a loop of its own: nobody waits for a task of another, nor closes it."""
    world = World()
    vault = world.vaults[0]

    async def left_behind() -> "tuple[User, asyncio.Task[str]]":
        user = await world.signed_in()
        world.now += 3600
        world.provider.pauses = 10**6
        asking = asyncio.create_task(vault.token(user.id, "idp"))
        await world.provider.asked.wait()
        return user, asking

    async def elsewhere(user: User) -> str:
        await vault.close()
        world.provider.pauses = 0
        world.now += renewals.LEASE
        return await vault.token(user.id, "idp")

    with asyncio.Runner() as first:
        user, asking = first.run(left_behind())
        assert asyncio.run(elsewhere(user)) == "access-1"
        assert not asking.done()


async def test_a_store_that_is_gone_for_a_moment_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider has just given exists nowhere else: it is offered again."""
    monkeypatch.setattr(renewals, "_SWAP_PAUSE", 0.01)
    user = await world.signed_in()
    world.now += 3600
    swap, asked = world.store.swap_tokens, 0

    async def flaky(seen: SealedTokens, becomes: SealedTokens) -> bool:
        nonlocal asked
        asked += 1
        if asked < 4:
            raise StoreUnavailable("restarting")
        return await swap(seen, becomes)

    monkeypatch.setattr(world.store, "swap_tokens", flaky)
    world.store.down = {"release_lease"}
    assert await world.vaults[0].token(user.id, "idp") == "access-1"
    assert await world.vaults[1].token(user.id, "idp") == "access-1"


async def test_what_comes_after_the_sign_out_is_not_kept(world: World) -> None:
    """A renewal that was under way is revoked, and stays erased."""
    user = await world.signed_in()
    world.now += 3600
    world.provider.pauses = 60
    asking = asyncio.ensure_future(world.vaults[0].token(user.id, "idp"))
    await world.provider.asked.wait()
    await world.vaults[1].signed_out(user.id)
    with pytest.raises(NotFound):
        await asking
    await world.vaults[0].close()
    await world.vaults[1].close()
    assert await world.kept(user) is None
    assert {tokens.access_token for tokens in world.provider.revoked} == {"access-0", "access-1"}


async def test_signing_in_again_updates_what_is_kept(world: World) -> None:
    """A9; a refresh token that is not given again stays."""
    profile = a_profile()
    user = await world.signed_in(profile)
    await world.signed_in(profile, access_token="newer", refresh_token=None)
    tokens = await world.vaults[0].tokens(user.id, "idp")
    assert (tokens.access_token, tokens.refresh_token) == ("newer", "refresh-0")
    await world.signed_in(profile, refresh_token="newest")
    assert (await world.vaults[1].tokens(user.id, "idp")).refresh_token == "newest"


async def test_a_refresh_token_that_cannot_be_opened_is_not_kept(world: World) -> None:
    """After the secret was changed what is new is kept alone."""
    profile = a_profile()
    await world.signed_in(profile)
    other = world.vault(secret=OTHER_SECRET)
    user, _ = await world.store.upsert_identity(profile, user_id="same", now=NOW)
    tokens = ProviderTokens(access_token="new")
    await other.keep(replace(profile, tokens=tokens), user_id=user.id)
    assert await other.tokens(user.id, "idp") == tokens


async def test_tokens_that_are_too_long_are_not_kept(world: World) -> None:
    """Signing in works all the same."""
    user = await world.signed_in(access_token="x" * MAX_SEALED_BYTES)
    with pytest.raises(NotFound):
        await world.vaults[0].token(user.id, "idp")


async def test_who_brings_none_keeps_what_was_there(world: World) -> None:
    """A sign-in whose provider keeps none says nothing of tokens."""
    profile = a_profile()
    user = await world.signed_in(profile)
    await world.vaults[0].keep(profile, user_id=user.id)
    assert await world.vaults[0].token(user.id, "idp") == "access-0"


async def test_a_token_of_oauth_1_has_its_secret(world: World) -> None:
    """And no end."""
    user = await world.signed_in(secret="s3cret", refresh_token=None, expires_at=None)
    tokens = await world.vaults[0].tokens(user.id, "idp")
    assert (tokens.access_token, tokens.secret, tokens.expires_at) == ("access-0", "s3cret", None)


async def test_of_several_logins_the_last_used_one_counts(world: World) -> None:
    """Those of other providers do not, nor one of which nothing is kept."""
    first, second, third = a_profile(), a_profile(), a_profile()
    user = await world.signed_in(first)
    await world.store.link_identity(second, user_id=user.id, now=NOW + 1)
    await world.store.link_identity(third, user_id=user.id, now=NOW + 2)
    await world.store.link_identity(a_profile(issuer="https://other.example"), user_id=user.id, now=NOW + 3)
    brought = ProviderTokens(access_token="second")
    await world.vaults[0].keep(replace(second, tokens=brought), user_id=user.id)
    assert await world.vaults[0].token(user.id, "idp") == "second"


async def test_what_is_not_kept_is_said(world: World) -> None:
    """Of somebody who never came, and of a provider that keeps nothing."""
    with pytest.raises(NotFound):
        await world.vaults[0].token("nobody", "idp")
    with pytest.raises(ConfigurationError, match="keep_tokens"):
        await world.vaults[0].token("nobody", "other")


async def test_signing_out_erases_and_revokes(world: World) -> None:
    """A8. Nobody waits for the provider."""
    user = await world.signed_in()
    world.provider.takes_notice.clear()
    await world.vaults[0].signed_out(user.id)
    assert await world.kept(user) is None
    assert world.provider.revoked == []
    world.provider.takes_notice.set()
    await world.vaults[0].close()
    assert [tokens.refresh_token for tokens in world.provider.revoked] == ["refresh-0"]
    await world.vaults[0].signed_out(user.id)


async def test_what_is_configured_is_done(world: World) -> None:
    """Tokens that are to outlive a sign-out, or that no provider is to be told of."""
    user = await world.signed_in()
    keeping = world.vault(erase_at_sign_out=False, erase_when_disabled=False, revoke=False)
    await keeping.signed_out(user.id)
    await keeping.disabled(user.id)
    assert await keeping.token(user.id, "idp") == "access-0"
    await keeping.forget(user.id)
    await keeping.close()
    assert (await world.kept(user), world.provider.revoked) == (None, [])


async def test_disabling_erases(world: World) -> None:
    """By default."""
    user = await world.signed_in()
    await world.vaults[0].disabled(user.id)
    assert await world.kept(user) is None


async def test_a_provider_that_does_not_take_notice_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The tokens are erased all the same."""
    user = await world.signed_in()
    world.provider.revocation_fault = ProviderUnavailable("the revocation endpoint answered 503")
    await world.vaults[0].forget(user.id)
    await world.vaults[0].close()
    assert "was not told" in caplog.text
    assert "refresh-0" not in caplog.text


async def test_what_cannot_be_revoked_is_left(world: World) -> None:
    """Of a provider that is gone, refused before, or sealed with a secret that is gone."""
    user = await world.signed_in()
    kept = await world.kept(user)
    assert kept is not None
    for sealed in (
        replace(kept, issuer="https://gone.example"),
        replace(kept, must_sign_in_again=True),
        replace(kept, subject="moved"),
    ):
        world.vaults[0].revoke(sealed)
    await world.vaults[0].close()
    assert world.provider.revoked == []


async def test_where_nothing_is_kept_nobody_is_asked() -> None:
    """Most applications keep none: their stores are not asked at each sign-out."""
    store = AdverseStore()
    vault = Vault(
        store=store,
        sealer=Sealer([SECRET], Purpose.PROVIDER_TOKEN),
        refreshers=[],
        policy=VaultPolicy(),
        audit=Audit(store),
        clock=lambda: NOW,
    )
    user, _ = await store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    (identity,) = await store.list_identities(user.id)
    store.asked.clear()
    await vault.signed_out(user.id)
    assert (await vault.state(identity), await vault.held(user.id)) == (None, ())
    assert not store.asked
