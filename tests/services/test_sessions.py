"""The life of sessions: start, end, list."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from handmade import OTHER_SECRET
from handstamp.core.errors import InvalidToken, LoginFailed, SessionEnded, StoreUnavailable
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import EndReason, Generations
from handstamp.core.policy import DAY, SessionPolicy
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.testing import NOW, a_session
from world import ROTATE_AFTER, TOKENS, AdverseStore, World, generation_of

LATER = NOW + 60
FOREIGN = SessionTokens(KeyRing.from_secrets([OTHER_SECRET], Purpose.SESSION), "https://app.example.com")


async def reason(world: World, session_id: str) -> EndReason | None:
    """Why a session is over."""
    return (await world.row(session_id)).ended_because(LATER)


async def test_a_session_is_stored_as_it_was_started() -> None:
    """Times, methods, device, and limits of the policy."""
    world = World(policy=SessionPolicy(absolute_timeout=DAY, idle_timeout=1000))
    user = await world.user()
    issued = await world[0].sessions.start(
        user,
        amr=("pwd", "otp"),
        aal=2,
        persistent=True,
        user_agent="Browser/1.0",
        address="192.0.2.1",
        now=NOW + 0.75,
    )
    assert await world.row(issued.session.id) == issued.session
    assert issued.session == replace(
        a_session(),
        id=issued.session.id,
        user_id=user.id,
        created_at=NOW + 0.75,
        last_used_at=NOW + 0.75,
        authenticated_at=NOW + 0.75,
        expires_at=NOW + DAY,
        idle_timeout=1000,
        persistent=True,
        generations=Generations(issued=1, confirmed=1, issued_at=NOW + 0.75, confirmed_at=NOW + 0.75),
        amr=("pwd", "otp"),
        aal=2,
        user_agent="Browser/1.0",
        address="192.0.2.1",
    )


async def test_the_first_token_names_the_session_and_its_absolute_limit() -> None:
    """Generation 1, and nothing that the store does not say too."""
    world = World()
    issued = await world.signed_in(now=NOW + 0.75)
    assert TOKENS.decode(issued.token, now=NOW) == SessionClaims(
        user_id=issued.session.user_id,
        session_id=issued.session.id,
        generation=1,
        issued_at=int(NOW),
        expires_at=int(issued.session.expires_at),
    )


async def test_each_session_is_a_new_one() -> None:
    """Whoever signs in twice has two, with ids that nobody chose (SES-02, SES-04)."""
    world = World()
    user = await world.user()
    ids = {(await world.signed_in(user=user)).session.id for _ in range(20)}
    assert len(ids) == 20


async def test_the_session_that_was_presented_is_replaced() -> None:
    """It is ended at once, in every process, and the browser keeps the cookie of the new one (SES-02)."""
    world = World()
    old = await world.signed_in()
    token = old.token.encode()
    for process in world.processes:
        await process.admit(token, now=NOW)
    new = await world.signed_in(presented=token, now=LATER)
    assert new.session.id != old.session.id
    assert await reason(world, old.session.id) is EndReason.REPLACED
    assert await reason(world, new.session.id) is None
    for process in world.processes:
        with pytest.raises(SessionEnded) as caught:
            await process.admit(token, now=LATER)
        assert (caught.value.reason, caught.value.keep_cookie) == (EndReason.REPLACED, True)


async def test_the_end_of_a_replaced_session_is_recorded() -> None:
    """The trail tells of every end, also of the one that a sign-in brings about (LOG-01)."""
    world = World()
    old = await world.signed_in()
    await world.signed_in(user=await world.user(), presented=old.token.encode(), address="192.0.2.9")
    event = await world.event("session_ended")
    assert (event.session_id, event.address, event.detail) == (old.session.id, "192.0.2.9", {"reason": "replaced"})


async def test_a_session_planted_before_the_sign_in_never_becomes_the_users() -> None:
    """The token of the attacker, who planted it, is dead afterwards (SES-03)."""
    world = World()
    planted = await world.signed_in()
    victim = await world.user()
    issued = await world.signed_in(user=victim, presented=planted.token.encode())
    with pytest.raises(SessionEnded):
        await world[1].admit(planted.token.encode(), now=NOW)
    assert (await world[1].admit(issued.token.encode(), now=NOW)).principal.user.id == victim.id
    assert (await world.row(planted.session.id)).user_id != victim.id


@pytest.mark.parametrize("how", ["rubbish", "foreign", "of no session"])
async def test_a_presented_token_that_names_nothing_hinders_no_sign_in(how: str) -> None:
    """A session is started; nothing else is ended (SES-03)."""
    world = World()
    other = await world.signed_in()
    named = {"user_id": "user", "session_id": other.session.id, "generation": 1, "issued_at": int(NOW)}
    claims = SessionClaims(**named, expires_at=int(NOW) + 1)  # type: ignore[arg-type]  # strings and numbers
    presented = {
        "rubbish": b"\xff.a.b",
        "foreign": FOREIGN.encode(replace(claims, expires_at=int(NOW) + 1000)).encode(),
        "of no session": TOKENS.encode(replace(claims, session_id="none", expires_at=int(NOW) + 1000)).encode(),
    }[how]
    issued = await world.signed_in(presented=presented, now=NOW + 1)
    assert await reason(world, issued.session.id) is None
    assert await reason(world, other.session.id) is None


async def test_a_disabled_user_is_refused_and_keeps_what_was_presented() -> None:
    """No session is made, none is replaced, and there is an event."""
    world = World()
    presented = await world.signed_in()
    user = await world[0].accounts.disable((await world.user()).id, now=NOW)
    with pytest.raises(LoginFailed) as caught:
        await world.signed_in(user=user, presented=presented.token.encode(), address="192.0.2.1")
    assert caught.value.reason == "user_disabled"
    assert await reason(world, presented.session.id) is None
    event = await world.event("sign_in_refused")
    assert (event.user_id, event.address) == (user.id, "192.0.2.1")


async def test_a_sign_in_that_cannot_be_stored_is_none() -> None:
    """Nothing is made, nothing replaced, no event pretends otherwise."""
    store = AdverseStore()
    world = World(store)
    old = await world.signed_in()
    store.down.add("start_session")
    with pytest.raises(StoreUnavailable):
        await world.signed_in(presented=old.token.encode())
    assert await reason(world, old.session.id) is None
    assert (await world.events()).count("session_started") == 1


async def test_a_long_user_agent_is_cut() -> None:
    """At 400 characters; an empty one is none."""
    world = World()
    assert (await world.signed_in(user_agent="x" * 401)).session.user_agent == "x" * 400
    assert (await world.signed_in(user_agent="")).session.user_agent is None


async def test_a_long_address_is_cut() -> None:
    """At 100 characters: a proxy that is believed may pass on whatever a stranger wrote."""
    assert (await World().signed_in(address="1" * 101)).session.address == "1" * 100


async def test_the_absolute_limit_is_the_one_that_the_token_says() -> None:
    """Whole seconds, so that row and token agree to the moment."""
    world = World()
    issued = await world.signed_in(now=NOW + 0.9)
    assert TOKENS.decode(issued.token, now=NOW).expires_at == issued.session.expires_at
    assert issued.session.expires_at <= NOW + 0.9 + world.policy.absolute_timeout


async def test_a_sign_in_is_recorded() -> None:
    """With user, session, address and methods (LOG-01)."""
    world = World()
    issued = await world[0].sessions.start(await world.user(), amr=("pwd", "otp"), now=NOW, address="192.0.2.1")
    event = await world.event("session_started")
    assert (event.session_id, event.user_id) == (issued.session.id, issued.session.user_id)
    assert (event.address, dict(event.detail)) == ("192.0.2.1", {"amr": "pwd otp"})


async def test_a_token_is_a_function_of_the_row() -> None:
    """Every process makes the same one, byte for byte, at any time."""
    world = World(processes=3)
    issued = await world.signed_in(now=NOW + 0.3)
    row = await world.row(issued.session.id)
    assert {process.sessions.issued(row).token for process in world.processes} == {issued.token}
    used = replace(row, last_used_at=NOW + 500, user_agent="another")
    assert world[1].sessions.issued(used).token == issued.token


async def test_signing_out_ends_the_session_everywhere() -> None:
    """At the next request of any process (SES-01)."""
    world = World()
    issued = await world.signed_in()
    token = issued.token.encode()
    for process in world.processes:
        await process.admit(token, now=NOW)
    assert await world[0].sessions.sign_out(token, now=LATER, address="192.0.2.1")
    for process in world.processes:
        with pytest.raises(SessionEnded) as caught:
            await process.admit(token, now=LATER)
        assert (caught.value.reason, caught.value.keep_cookie) == (EndReason.SIGNED_OUT, False)
    event = await world.event("session_ended")
    assert (event.address, dict(event.detail)) == ("192.0.2.1", {"reason": "signed_out"})


async def test_a_token_of_any_generation_signs_out() -> None:
    """An old tab whose token was superseded long ago signs out, and raises no alarm."""
    world = World()
    issued = await world.signed_in()
    tokens = await world.rotate(issued, 3)
    assert [generation_of(token) for token in tokens] == [1, 2, 3, 4]
    assert await world[1].sessions.sign_out(tokens[0], now=NOW + 10 * ROTATE_AFTER)
    assert (await world.row(issued.session.id)).end_reason is EndReason.SIGNED_OUT
    assert "session_replayed" not in await world.events()


async def test_signing_out_twice_ends_once() -> None:
    """The second call says that it ended nothing, and records nothing."""
    world = World()
    issued = await world.signed_in()
    token = issued.token.encode()
    outcomes = [await world[number].sessions.sign_out(token, now=LATER) for number in (0, 1)]
    assert outcomes == [issued.session.user_id, None]
    assert (await world.events()).count("session_ended") == 1


@pytest.mark.parametrize("now", [NOW - DAY, NOW + 365 * DAY], ids=["before it was issued", "after it expired"])
async def test_signing_out_does_not_ask_the_clock(now: float) -> None:
    """An authentic token names its session, however far the clocks of two processes are apart."""
    world = World()
    issued = await world.signed_in()
    assert await world[1].sessions.sign_out(issued.token.encode(), now=now)
    assert (await world.row(issued.session.id)).end_reason is EndReason.SIGNED_OUT


async def test_a_token_that_is_not_ours_signs_nobody_out() -> None:
    """It raises, and the session goes on."""
    world = World()
    issued = await world.signed_in()
    forged = FOREIGN.encode(TOKENS.decode(issued.token, now=NOW)).encode()
    with pytest.raises(InvalidToken):
        await world[0].sessions.sign_out(forged, now=NOW)
    assert await reason(world, issued.session.id) is None


async def test_a_sign_out_during_an_outage_is_no_sign_out() -> None:
    """The caller is told that it is not known to be ended, and can try again (SES-11)."""
    store = AdverseStore()
    world = World(store)
    issued = await world.signed_in()
    store.down.add("end_session")
    with pytest.raises(StoreUnavailable):
        await world[0].sessions.sign_out(issued.token.encode(), now=NOW)
    store.down.clear()
    assert await world[0].sessions.sign_out(issued.token.encode(), now=NOW)


@pytest.mark.parametrize("why", list(EndReason))
async def test_an_end_has_the_reason_that_was_given(why: EndReason) -> None:
    """The user is told just that (N7)."""
    world = World()
    issued = await world.signed_in()
    assert await world[0].sessions.end(issued.session.id, reason=why, now=NOW)
    with pytest.raises(SessionEnded) as caught:
        await world[1].admit(issued.token.encode(), now=NOW)
    assert caught.value.reason is why


async def test_the_session_of_another_user_counts_as_missing() -> None:
    """It goes on, and there is no event (SES-10)."""
    world = World()
    issued, other = await world.signed_in(), await world.user()
    for session_id in (issued.session.id, "missing"):
        assert not await world[0].sessions.end(
            session_id, reason=EndReason.ENDED_ELSEWHERE, now=NOW, user_id=other.id
        )
    assert await reason(world, issued.session.id) is None
    assert "session_ended" not in await world.events()
    assert await world[0].sessions.end(
        issued.session.id, reason=EndReason.ENDED_ELSEWHERE, now=NOW, user_id=issued.session.user_id
    )


async def test_of_many_callers_one_ends_a_session() -> None:
    """And one event tells of it."""
    store = AdverseStore(pauses=(0, 2, 1))
    world = World(store, processes=3)
    issued = await world.signed_in()
    outcomes = await asyncio.gather(
        *(world[number % 3].sessions.end(issued.session.id, reason=EndReason.ADMIN, now=NOW) for number in range(30))
    )
    assert outcomes.count(True) == 1
    assert (await world.events()).count("session_ended") == 1


async def test_all_sessions_of_a_user_but_one_can_be_ended() -> None:
    """At the next request of any process; those of others go on (SES-07, SES-08)."""
    world = World()
    user = await world.user()
    issued = [await world.signed_in(user=user) for _ in range(3)]
    stranger = await world.signed_in()
    for process in world.processes:
        for one in (*issued, stranger):
            await process.admit(one.token.encode(), now=NOW)
    kept, *others = issued
    ended = await world[0].sessions.end_all(
        user.id, reason=EndReason.PASSWORD_CHANGED, now=LATER, keep=kept.session.id, address="192.0.2.1"
    )
    assert set(ended) == {one.session.id for one in others}
    for process in world.processes:
        for one in others:
            with pytest.raises(SessionEnded) as caught:
                await process.admit(one.token.encode(), now=LATER)
            assert caught.value.reason is EndReason.PASSWORD_CHANGED
        for one in (kept, stranger):
            assert (await process.admit(one.token.encode(), now=LATER)).principal.session.id == one.session.id
    events = [event for event in await world.store.list_events() if event.event == "session_ended"]
    assert {(event.session_id, event.address) for event in events} == {(one, "192.0.2.1") for one in ended}


async def test_all_sessions_of_a_user_can_be_ended() -> None:
    """Without one to keep. A second call has nothing to end."""
    world = World()
    user = await world.user()
    issued = [await world.signed_in(user=user) for _ in range(3)]
    ended = await world[1].sessions.end_all(user.id, reason=EndReason.ADMIN, now=NOW)
    assert set(ended) == {one.session.id for one in issued}
    assert await world[0].sessions.end_all(user.id, reason=EndReason.ADMIN, now=NOW) == ()


async def test_sessions_that_are_ended_together_are_forgotten_before_the_trail_is_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However long the trail takes, or if the caller gives up meanwhile."""
    caplog.set_level(logging.INFO)
    store = AdverseStore()
    world = World(store)
    user = await world.user()
    for _ in range(3):
        await world[0].admit((await world.signed_in(user=user)).token.encode(), now=NOW)
    assert len(world[0].cache) == 3
    left: list[int] = []
    record = world[0].audit.record_of_each

    async def slow(*args: Any, **kwargs: Any) -> None:
        left.append(len(world[0].cache))
        await record(*args, **kwargs)

    world[0].audit.record_of_each = slow  # type: ignore[method-assign]  # to look in between
    await world[0].sessions.end_all(user.id, reason=EndReason.ADMIN, now=NOW)
    assert left == [0]


async def test_the_live_sessions_of_a_user_are_listed() -> None:
    """Last used first; ended ones and those of others are left out (SES-07)."""
    world = World()
    user = await world.user()
    one, two, three = [await world.signed_in(user=user, now=NOW + number) for number in range(3)]
    await world.signed_in()
    await world[0].sessions.end(two.session.id, reason=EndReason.ADMIN, now=LATER)
    assert await world[1].sessions.list(user.id, now=LATER) == (three.session, one.session)


async def test_a_user_agent_is_kept_without_what_nobody_sees() -> None:
    """A server may let NUL through; a page shows the rest."""
    world = World()
    agent = "Browser\x00/1.0\ud800\u202e"
    issued = await world[0].sessions.start(await world.user(), amr=(), user_agent=agent, address="\x00", now=NOW)
    assert (issued.session.user_agent, issued.session.address) == ("Browser/1.0", None)
    assert await world.row(issued.session.id) == issued.session


@pytest.mark.parametrize("odd", ["\x00", "\ud800"])
async def test_an_id_that_cannot_be_one_ends_nothing(odd: str) -> None:
    """As it may stand in an address, %00: a missing session like any other."""
    world = World()
    assert not await world[0].sessions.end(odd, reason=EndReason.ADMIN, now=NOW)
    assert await world.events() == []
