"""The authenticator app of a user."""

import asyncio
import itertools
import logging
from collections import Counter
from dataclasses import replace

import pytest

from handmade import OTHER_SECRET, SECRET
from handstamp.core.errors import Busy, InvalidInput, RateLimited
from handstamp.core.keys import Purpose
from handstamp.core.models import Credential, CredentialKind, User
from handstamp.core.policy import HOUR
from handstamp.core.protocols import ThrottleStore
from handstamp.core.sealing import Sealer
from handstamp.login.totp.authenticator import Authenticator, Enrolment
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW, a_credential, a_user
from login.totp.app import App
from login.totp.counting import Unlimited, a_throttle
from world import AdverseStore

LATER = NOW + 30


class World:
    """A store with Ada in it, who sets up apps."""

    def __init__(self, store: MemoryStore | None = None, *, attempts: ThrottleStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.attempts = attempts or self.store
        self.authenticator = self.with_secrets(SECRET)
        self.ada = a_user()

    def with_secrets(self, *secrets: str) -> Authenticator:
        """A server with these secrets, the newest first."""
        sealer = Sealer(secrets, Purpose.TOTP_SECRET)
        return Authenticator(store=self.store, throttle=a_throttle(self.attempts), sealer=sealer)

    async def added(self, user: User) -> User:
        """A user, stored."""
        assert await self.store.add_user(user)
        return user

    async def begun(self, user: User | None = None, *, now: float = NOW) -> tuple[App, Enrolment]:
        """An app that is being set up."""
        enrolment = await self.authenticator.enrol((user or self.ada).id, now=now)
        return App(enrolment.secret), enrolment

    async def app(self, user: User | None = None, *, now: float = NOW) -> App:
        """An app that counts; the code of ``now`` is used."""
        app, enrolment = await self.begun(user, now=now)
        await self.authenticator.confirm((user or self.ada).id, enrolment.id, app.code(now), now=now)
        return app

    async def stored(self, user: User | None = None) -> list[Credential]:
        """All apps of a user, as they are kept."""
        theirs = await self.store.list_credentials((user or self.ada).id)
        return [one for one in theirs if one.kind is CredentialKind.TOTP]

    async def fault(self, code: str, *, now: float = LATER, user: User | None = None) -> str:
        """The code of what is wrong with a code."""
        with pytest.raises(InvalidInput) as refused:
            await self.authenticator.verify((user or self.ada).id, code, now=now)
        (fault,) = refused.value.faults
        assert fault.pointer == "/code"
        assert not code or code not in fault.text
        return fault.code


@pytest.fixture
async def world() -> World:
    """Ada, without an app."""
    world = World()
    await world.added(world.ada)
    return world


@pytest.fixture
async def generous() -> World:
    """Ada, who may try as often as she likes."""
    world = World(attempts=Unlimited())
    await world.added(world.ada)
    return world


async def test_an_app_counts_once_a_code_of_it_was_typed(world: World) -> None:
    """From then on its codes are taken, and it is said since when."""
    app, enrolment = await world.begun()
    confirmed = await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(NOW), now=NOW)
    assert confirmed.first
    assert await world.authenticator.since(world.ada.id) == NOW
    await world.authenticator.verify(world.ada.id, app.code(LATER), now=LATER)


async def test_an_app_that_was_not_confirmed_lets_nobody_in(world: World) -> None:
    """And is no reason to ask for a code."""
    app, _ = await world.begun()
    assert await world.authenticator.since(world.ada.id) is None
    assert await world.fault(app.code(LATER)) == "code_wrong"


async def test_setting_up_again_begins_anew(world: World) -> None:
    """A new secret, and the one before is worth nothing."""
    app, first = await world.begun()
    other, second = await world.begun()
    assert app.secret != other.secret
    assert len(await world.stored()) == 1
    with pytest.raises(InvalidInput) as refused:
        await world.authenticator.confirm(world.ada.id, first.id, app.code(NOW), now=NOW)
    assert [fault.code for fault in refused.value.faults] == ["enrolment_over"]
    await world.authenticator.confirm(world.ada.id, second.id, other.code(NOW), now=NOW)


async def test_a_new_app_takes_the_place_of_the_one_before(world: World) -> None:
    """Not before it is confirmed, and then at once."""
    old = await world.app()
    new, enrolment = await world.begun(now=LATER)
    await world.authenticator.verify(world.ada.id, old.code(LATER), now=LATER)
    confirmed = await world.authenticator.confirm(world.ada.id, enrolment.id, new.code(LATER), now=LATER)
    assert not confirmed.first
    assert await world.fault(old.code(LATER, 1)) == "code_wrong"
    await world.authenticator.verify(world.ada.id, new.code(LATER, 1), now=LATER)
    assert len(await world.stored()) == 1


async def test_an_app_that_was_left_behind_does_not_count(world: World) -> None:
    """A process that died between confirming one and removing the other leaves two: the newer is the one."""
    old = await world.app()
    (left,) = await world.stored()
    new = await world.app(now=LATER)
    assert await world.store.add_credential(left, most=2)
    assert await world.fault(old.code(LATER, 1)) == "code_wrong"
    await world.authenticator.verify(world.ada.id, new.code(LATER, 1), now=LATER)


async def test_what_is_being_set_up_is_shown_to_who_began_it(world: World) -> None:
    """By its id, and until it is over."""
    app, enrolment = await world.begun()
    grace = await world.added(a_user())
    pending = world.authenticator.pending
    assert await pending(world.ada.id, enrolment.id, now=NOW + HOUR - 1) == enrolment
    assert await pending(world.ada.id, enrolment.id, now=NOW + HOUR) is None
    assert await pending(grace.id, enrolment.id, now=NOW) is None
    assert await pending(world.ada.id, "", now=NOW) is None
    await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(NOW), now=NOW)
    assert await pending(world.ada.id, enrolment.id, now=NOW) is None


async def test_an_enrolment_is_over_after_an_hour(world: World) -> None:
    """Somebody else may have seen the picture by then."""
    app, enrolment = await world.begun()
    now = NOW + HOUR
    with pytest.raises(InvalidInput) as refused:
        await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(now), now=now)
    assert [(fault.code, fault.pointer) for fault in refused.value.faults] == [("enrolment_over", "/enrolment")]


async def test_an_enrolment_is_its_owner_s(world: World) -> None:
    """Another user confirms nothing by its id, and nothing of theirs (MFA-03)."""
    app, enrolment = await world.begun()
    grace = await world.added(a_user())
    with pytest.raises(InvalidInput):
        await world.authenticator.confirm(grace.id, enrolment.id, app.code(NOW), now=NOW)
    assert [one.confirmed_at for one in await world.stored()] == [None]


async def test_a_wrong_code_confirms_nothing(world: World) -> None:
    """What is being set up may be tried again; attempts are limited (MFA-05)."""
    app, enrolment = await world.begun()
    for _ in range(5):
        with pytest.raises(InvalidInput) as refused:
            await world.authenticator.confirm(world.ada.id, enrolment.id, app.wrong(NOW), now=NOW)
        assert [fault.code for fault in refused.value.faults] == ["code_wrong"]
    with pytest.raises(RateLimited):
        await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(NOW), now=NOW)
    await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(LATER), now=LATER)


async def test_the_code_that_confirmed_opens_nothing_more(world: World) -> None:
    """It was used (MFA-01)."""
    app = await world.app()
    assert await world.fault(app.code(NOW), now=NOW) == "code_used"


async def test_a_code_is_good_once(world: World) -> None:
    """And so is none of an earlier step after it (RFC 6238 §5.2; MFA-01)."""
    app = await world.app()
    await world.authenticator.verify(world.ada.id, app.code(LATER, 1), now=LATER)
    for steps in (0, 1):
        assert await world.fault(app.code(LATER, steps)) == "code_used"
    assert await world.fault(app.code(LATER, 2)) == "code_wrong"
    await world.authenticator.verify(world.ada.id, app.code(LATER, 2), now=LATER + 30)


async def test_of_fifty_who_use_one_code_one_succeeds(generous: World) -> None:
    """The step is taken by a swap, which one wins (MFA-01)."""
    app = await generous.app()
    outcomes = await asyncio.gather(
        *(generous.authenticator.verify(generous.ada.id, app.code(LATER), now=LATER) for _ in range(50)),
        return_exceptions=True,
    )
    assert Counter(type(outcome) for outcome in outcomes) == {type(None): 1, InvalidInput: 49}


async def test_of_fifty_who_confirm_one_app_one_succeeds(generous: World) -> None:
    """The others are told that it is over."""
    app, enrolment = await generous.begun()
    confirm = generous.authenticator.confirm
    outcomes = await asyncio.gather(
        *(confirm(generous.ada.id, enrolment.id, app.code(NOW), now=NOW) for _ in range(50)), return_exceptions=True
    )
    assert Counter(type(outcome) for outcome in outcomes).total() == 50
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert len(await generous.stored()) == 1


async def test_whoever_is_too_late_confirms_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody was faster between the look and the swap."""
    app, enrolment = await world.begun()

    async def slower(seen: Credential, becomes: Credential) -> bool:
        return False

    monkeypatch.setattr(world.store, "swap_credential", slower)
    with pytest.raises(InvalidInput) as refused:
        await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(NOW), now=NOW)
    assert [fault.code for fault in refused.value.faults] == ["enrolment_over"]


async def test_of_two_apps_confirmed_at_once_the_newer_stays(world: World) -> None:
    """Whoever is faster: neither removes both."""
    apps = [a_credential(world.ada.id, CredentialKind.TOTP, confirmed_at=None, created_at=NOW + n) for n in range(2)]
    sealer = Sealer([SECRET], Purpose.TOTP_SECRET)
    secrets = [bytes([number]) * 20 for number in range(2)]
    for app, secret in zip(apps, secrets, strict=True):
        sealed = sealer.seal(secret, context=f"totp\0{world.ada.id}".encode())
        assert await world.store.add_credential(replace(app, secret=sealed), most=2)
    for app, secret in [*zip(apps, secrets, strict=True)][::-1]:
        with_it = world.authenticator.confirm(world.ada.id, app.id, App(secret).code(NOW), now=NOW)
        if app is apps[1]:
            await with_it
        else:
            with pytest.raises(InvalidInput):
                await with_it
    assert [one.id for one in await world.stored()] == [apps[1].id]


async def test_of_many_who_begin_at_once_one_enrolment_is_left() -> None:
    """The last one; those who are told that it is busy have begun nothing."""
    world = World(AdverseStore([0, 1, 3, 2]))
    await world.added(world.ada)
    outcomes = await asyncio.gather(
        *(world.authenticator.enrol(world.ada.id, now=NOW) for _ in range(50)), return_exceptions=True
    )
    (left,) = await world.stored()
    begun = [outcome for outcome in outcomes if isinstance(outcome, Enrolment)]
    assert left.id in [enrolment.id for enrolment in begun]
    assert {type(outcome) for outcome in outcomes} <= {Enrolment, Busy}


async def test_nobody_sets_up_an_app_who_does_not_exist(world: World) -> None:
    """A user who was deleted meanwhile."""
    with pytest.raises(Busy):
        await world.authenticator.enrol("missing", now=NOW)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥", "0" * 100_000])
async def test_what_can_be_no_code_costs_no_attempt(world: World, code: str) -> None:
    """It says so, and the store is not asked."""
    app = await world.app()
    for _ in range(10):
        assert await world.fault(code) == "code_malformed"
    await world.authenticator.verify(world.ada.id, app.code(LATER), now=LATER)


async def test_attempts_are_limited(world: World) -> None:
    """Five, then one each half minute; a right one fills the bucket (MFA-05)."""
    app = await world.app()
    for _ in range(5):
        assert await world.fault(app.wrong(LATER)) == "code_wrong"
    with pytest.raises(RateLimited) as refused:
        await world.authenticator.verify(world.ada.id, app.code(LATER), now=LATER)
    assert refused.value.retry_after == 30
    now = LATER + 30
    await world.authenticator.verify(world.ada.id, app.code(now), now=now)
    assert [await world.fault(app.wrong(now), now=now) for _ in range(5)] == ["code_wrong"] * 5


async def test_who_is_signed_in_is_counted_apart(world: World) -> None:
    """A stranger who knows the password uses up the attempts at sign-in, and no others."""
    app = await world.app()
    for _ in range(5):
        await world.fault(app.wrong(LATER))
    await world.authenticator.verify(world.ada.id, app.code(LATER), now=LATER, place="a session")


async def test_a_code_is_its_owner_s(world: World) -> None:
    """The secret of another user does not count, not even where somebody moves its row in the database."""
    app = await world.app()
    grace = await world.added(a_user())
    assert await world.fault(app.code(LATER), user=grace) == "code_wrong"
    (stolen,) = await world.stored()
    assert await world.store.add_credential(replace(stolen, id="moved", user_id=grace.id), most=1)
    assert await world.fault(app.code(LATER), user=grace) == "code_wrong"


async def test_the_secret_is_sealed_at_rest(world: World) -> None:
    """The store, and whoever reads it, has nothing to make codes of (MFA-01)."""
    app = await world.app()
    (kept,) = await world.stored()
    assert app.secret.hex() not in kept.secret
    assert Sealer([SECRET], Purpose.TOTP_SECRET).open(
        kept.secret, context=f"totp\0{world.ada.id}".encode()
    ) == app.secret  # fmt: skip
    assert "secret" not in repr(Enrolment("id", app.secret)).partition("id=")[2]


async def test_a_secret_moves_to_the_server_s_newer_key(world: World) -> None:
    """At the next right code; until then, and only then, the older one is needed."""
    app = await world.app()
    changing = world.with_secrets(OTHER_SECRET, SECRET)
    await changing.verify(world.ada.id, app.code(LATER), now=LATER)
    (moved,) = await world.stored()
    await changing.verify(world.ada.id, app.code(LATER, 1), now=LATER)
    assert [one.secret for one in await world.stored()] == [moved.secret]
    await world.with_secrets(OTHER_SECRET).verify(world.ada.id, app.code(LATER, 2), now=LATER + 30)


async def test_a_secret_that_does_not_open_lets_nobody_in(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so; the user goes on being asked, and has recovery codes."""
    app, enrolment = await world.begun()
    stranger = world.with_secrets(OTHER_SECRET)
    assert await stranger.pending(world.ada.id, enrolment.id, now=NOW) is None
    await world.authenticator.confirm(world.ada.id, enrolment.id, app.code(NOW), now=NOW)
    with caplog.at_level(logging.WARNING, "handstamp.totp"), pytest.raises(InvalidInput):
        await stranger.verify(world.ada.id, app.code(LATER), now=LATER)
    assert "cannot be used" in caplog.text
    assert await stranger.since(world.ada.id) == NOW


async def test_turning_off_is_said_once(world: World) -> None:
    """Fifty who do it at once: one ended it. What was being set up goes as well."""
    app = await world.app()
    await world.begun()
    outcomes = await asyncio.gather(*(world.authenticator.turn_off(world.ada.id) for _ in range(50)))
    assert outcomes.count(True) == 1
    assert await world.stored() == []
    assert await world.fault(app.code(LATER)) == "code_wrong"
    await world.begun()
    assert await world.authenticator.turn_off(world.ada.id) is False
    assert await world.authenticator.turn_off("missing") is False


async def test_other_credentials_are_left_alone(world: World) -> None:
    """Whatever happens to apps."""
    others = [a_credential(world.ada.id, kind) for kind in CredentialKind if kind is not CredentialKind.TOTP]
    for other in others:
        assert await world.store.add_credential(other, most=1)
    for _ in range(2):
        await world.app()
    await world.authenticator.turn_off(world.ada.id)
    assert sorted(one.id for one in await world.store.list_credentials(world.ada.id)) == sorted(o.id for o in others)


async def test_who_is_never_first_is_told_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is not used then."""
    app = await world.app()
    numbers = itertools.count()

    async def slower(seen: Credential, becomes: Credential) -> bool:
        next(numbers)
        return False

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "swap_credential", slower)
        with pytest.raises(Busy):
            await world.authenticator.verify(world.ada.id, app.code(LATER), now=LATER)
    assert next(numbers) == 8
    await world.authenticator.verify(world.ada.id, app.code(LATER), now=LATER)
