"""The check at each request: who is let in, and why somebody is not."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handmade import OTHER_SECRET
from handstamp.core.errors import InvalidToken, SessionEnded, StoreUnavailable, TokenExpired
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import EndReason, Session
from handstamp.core.policy import HOUR, SessionPolicy
from handstamp.core.tokens import SessionTokens
from handstamp.services.cache import Admission
from handstamp.services.check import REPLACED_KEEPS_COOKIE
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW
from world import EACH_REQUEST, GRACE, ROTATE_AFTER, TOKENS, AdverseStore, Process, World, generation_of

REPORT = SessionPolicy(on_replay="report")
DUE = NOW + ROTATE_AFTER
FOREIGN = SessionTokens(KeyRing.from_secrets([OTHER_SECRET], Purpose.SESSION), "https://app.example.com")


async def ended(process: Process, token: bytes, *, now: float, address: str | None = None) -> SessionEnded:
    """How a process says that a session is over."""
    with pytest.raises(SessionEnded) as caught:
        await process.admit(token, now=now, address=address)
    return caught.value


# who is let in


async def test_an_authentic_token_of_a_live_session_is_let_in() -> None:
    """User and session are those of the store, in every process (A5)."""
    world = World()
    issued = await world.signed_in()
    user = await world[0].accounts.get(issued.session.user_id)
    for process in world.processes:
        admission = await process.check.authenticate(issued.token.encode(), now=NOW)
        assert admission.principal.user == user
        assert admission.principal.session == issued.session
        assert (admission.generation, admission.settled) == (1, True)


async def test_the_second_request_is_answered_from_memory() -> None:
    """The store is not asked again (N1)."""
    store = AdverseStore()
    world = World(store)
    token = (await world.signed_in()).token.encode()
    first = await world[0].admit(token, now=NOW)
    store.asked.clear()
    assert world[0].check.find(token, NOW + 59) is first
    assert world[1].check.find(token, NOW + 59) is None
    assert not store.asked


async def test_an_answer_is_kept_until_a_use_is_worth_counting() -> None:
    """A minute, so that a session in use does not go idle."""
    world = World()
    token = (await world.signed_in()).token.encode()
    await world[0].admit(token, now=NOW)
    assert world[0].check.find(token, NOW + 59.9) is not None
    assert world[0].check.find(token, NOW + 60) is None


@pytest.mark.parametrize(
    ("policy", "limit"),
    [
        (SessionPolicy(absolute_timeout=30), 30),
        (SessionPolicy(rotation=replace(SessionPolicy().rotation, rotate_after=20)), 20),
        (SessionPolicy(idle_timeout=100), 10),
    ],
    ids=["absolute limit", "rotation", "idle limit"],
)
async def test_an_answer_is_kept_no_longer_than_it_holds(policy: SessionPolicy, limit: float) -> None:
    """The first limit that anything about it runs into."""
    world = World(policy=policy)
    token = (await world.signed_in()).token.encode()
    admission = await world[0].admit(token, now=NOW)
    assert admission.good_until == NOW + limit
    assert world[0].check.find(token, NOW + limit) is None


async def test_an_answer_for_a_late_token_is_kept_until_its_grace_is_over() -> None:
    """Not a moment longer, though nothing in the store changes then."""
    world = World()
    old, _ = await world.rotate(await world.signed_in())
    now = DUE + GRACE - 1
    assert (await world[1].admit(old, now=now)).good_until == DUE + GRACE
    assert world[1].check.find(old, now) is not None
    assert (await ended(world[1], old, now=DUE + GRACE)).reason is EndReason.REPLAYED


# who is not


@pytest.mark.parametrize("token", [b"", b"rubbish", b"a.b.c", b"\xff" * 10, b"x" * 5000])
async def test_what_is_no_token_is_invalid(token: bytes) -> None:
    """And the store is not asked for it (A5)."""
    store = AdverseStore()
    with pytest.raises(InvalidToken):
        await World(store)[0].check.authenticate(token, now=NOW)
    assert not store.asked


async def test_a_token_of_another_key_is_invalid() -> None:
    """Whatever it says (A5)."""
    world = World()
    issued = await world.signed_in()
    forged = FOREIGN.encode(TOKENS.decode(issued.token, now=NOW)).encode()
    with pytest.raises(InvalidToken) as caught:
        await world[0].check.authenticate(forged, now=NOW)
    assert caught.type is InvalidToken


async def test_a_session_that_the_store_does_not_have_is_over() -> None:
    """For a reason that nobody knows (A5)."""
    world = World()
    issued = await world.signed_in()
    token = issued.token.encode()
    await world[0].admit(token, now=NOW)
    purged = issued.session.expires_at
    assert await world.store.purge_sessions(now=purged, limit=10) == 1
    assert (await ended(world[0], token, now=NOW + 1)).reason is EndReason.UNKNOWN


async def test_an_idle_session_is_over_from_its_limit_on() -> None:
    """Also where it was in memory, and in a process that never saw it (SES-05)."""
    world = World(policy=SessionPolicy(idle_timeout=HOUR))
    token = (await world.signed_in()).token.encode()
    await world[0].admit(token, now=NOW)
    for process in world.processes:
        assert (await ended(process, token, now=NOW + HOUR)).reason is EndReason.IDLE
    await world[0].admit(token, now=NOW + HOUR - 1)


async def test_use_in_one_process_counts_in_all_once_it_is_written() -> None:
    """So a session does not go idle in one that has not seen it lately."""
    world = World(policy=SessionPolicy(idle_timeout=HOUR))
    token = (await world.signed_in()).token.encode()
    await world[0].admit(token, now=NOW + HOUR - 1)
    await world[0].touches.flush()
    admission = await world[1].admit(token, now=NOW + 2 * HOUR - 2)
    assert admission.principal.session.last_used_at == NOW + 2 * HOUR - 2
    for process in world.processes:
        await process.close()


async def test_use_counts_in_the_same_process_before_it_is_written() -> None:
    """The store may be slow to learn of it."""
    world = World(policy=SessionPolicy(idle_timeout=HOUR))
    token = (await world.signed_in()).token.encode()
    for step in range(1, 5):
        await world[0].admit(token, now=NOW + step * (HOUR - 1))


async def test_no_use_extends_a_session_past_its_absolute_limit() -> None:
    """An authentic token past its ``exp`` is an ended session, not an invalid token (SES-05, SES-06)."""
    world = World(policy=SessionPolicy(absolute_timeout=600))
    issued = await world.signed_in()
    token = issued.token.encode()
    await world[0].admit(token, now=NOW + 599)
    assert (await ended(world[0], token, now=NOW + 600)).reason is EndReason.EXPIRED
    with pytest.raises(TokenExpired):
        TOKENS.decode(token, now=NOW + 600)


async def test_a_session_whose_row_expires_before_its_token_is_over() -> None:
    """The store has the last word: somebody may have shortened it there."""
    store = MemoryStore()
    world = World(store)
    issued = await world.signed_in()
    store._sessions[issued.session.id] = replace(issued.session, expires_at=NOW + 10)
    assert (await world[0].admit(issued.token.encode(), now=NOW + 9)).good_until == NOW + 10
    assert (await ended(world[0], issued.token.encode(), now=NOW + 10)).reason is EndReason.EXPIRED


async def test_a_session_of_another_user_than_the_token_says_is_no_session() -> None:
    """The token is refused as invalid, and the session is left alone."""
    world = World()
    issued = await world.signed_in()
    claims = replace(TOKENS.decode(issued.token, now=NOW), user_id=(await world.user()).id)
    with pytest.raises(InvalidToken, match="another user"):
        await world[0].check.authenticate(TOKENS.encode(claims).encode(), now=NOW)
    assert (await world.row(issued.session.id)).ended_at is None


async def test_a_user_who_was_disabled_or_deleted_by_hand_is_refused() -> None:
    """Also where the sessions were not ended: the user is looked at too, at the next request (SES-01)."""
    world = World()
    issued = await world.signed_in()
    token, user_id = issued.token.encode(), issued.session.user_id
    for process in world.processes:
        await process.admit(token, now=NOW)
    await world.store.disable_user(user_id, now=NOW)
    for process in world.processes:
        assert (await ended(process, token, now=NOW)).reason is EndReason.USER_DISABLED
    await world.store.enable_user(user_id)
    for process in world.processes:
        await process.admit(token, now=NOW)
    await world.store.delete_user(user_id)
    for process in world.processes:
        assert (await ended(process, token, now=NOW)).reason is EndReason.USER_DELETED


@pytest.mark.parametrize(
    ("age", "keep"), [(-60, True), (0, True), (REPLACED_KEEPS_COOKIE - 0.5, True), (REPLACED_KEEPS_COOKIE, False)]
)
async def test_the_cookie_of_a_replaced_session_is_kept_for_a_minute(age: float, keep: bool) -> None:  # noqa: FBT001  a table
    """The browser has that of the new one already, and a late response must not delete it."""
    world = World()
    issued = await world.signed_in()
    await world[0].sessions.end(issued.session.id, reason=EndReason.REPLACED, now=NOW)
    refusal = await ended(world[0], issued.token.encode(), now=NOW + age)
    assert (refusal.reason, refusal.keep_cookie) == (EndReason.REPLACED, keep)


@pytest.mark.parametrize("verb", ["load_session", "load_user"])
async def test_a_store_that_cannot_be_asked_lets_nobody_in_and_ends_nothing(verb: str) -> None:
    """There is no falling back to the signature; what is in memory goes on being served (SES-11, N8)."""
    store = AdverseStore()
    world = World(store)
    token = (await world.signed_in()).token.encode()
    known = await world[0].admit(token, now=NOW)
    store.down.add(verb)
    with pytest.raises(StoreUnavailable):
        await world[1].admit(token, now=NOW)
    assert await world[0].admit(token, now=NOW + 1) is known
    store.down.clear()
    assert (await world[1].admit(token, now=NOW)).settled


# coherence


@pytest.mark.parametrize("pauses", [(0,), (1,), (0, 1, 2), (3, 0, 0, 1)])
async def test_an_end_during_a_load_is_seen_at_the_next_request(pauses: tuple[int, ...]) -> None:
    """Wherever it falls, in the process that ends the session and in the others (SES-01)."""
    for wait in range(12):
        world = World(AdverseStore(pauses))
        issued = await world.signed_in()
        token = issued.token.encode()

        async def end(world: World = world, issued: str = issued.session.id, wait: int = wait) -> None:
            for _ in range(wait):
                await asyncio.sleep(0)
            await world[0].sessions.end(issued, reason=EndReason.ADMIN, now=NOW)

        await asyncio.gather(
            end(), *(process.admit(token, now=NOW) for process in world.processes), return_exceptions=True
        )
        for process in world.processes:
            assert (await ended(process, token, now=NOW)).reason is EndReason.ADMIN


# many at once


@pytest.mark.parametrize("pauses", [(1,), (3, 0, 2)])
async def test_a_thousand_requests_at_once_with_an_unknown_session_make_two_queries(pauses: tuple[int, ...]) -> None:
    """The first one's, and one for all who came while it was under way; each is refused."""
    store = AdverseStore(pauses)
    world = World(store)
    claims = TOKENS.decode((await world.signed_in()).token, now=NOW)
    tokens = [
        TOKENS.encode(replace(claims, session_id="unknown", generation=generation)).encode()
        for generation in range(1, 5)
    ]
    store.asked.clear()
    refusals = await asyncio.gather(*(ended(world[0], tokens[number % 4], now=NOW) for number in range(1000)))
    assert {refusal.reason for refusal in refusals} == {EndReason.UNKNOWN}
    assert store.asked == {"load_session": 2}
    assert len(world[0].cache) == 0


async def test_a_thousand_requests_at_once_with_a_session_not_in_memory_make_a_few_queries() -> None:
    """As a page does that asks for many things at once; each is let in. They come to the user in two groups."""
    store = AdverseStore((2,))
    world = World(store)
    token = (await world.signed_in()).token.encode()
    store.asked.clear()
    admissions = await asyncio.gather(*(world[1].admit(token, now=NOW) for _ in range(1000)))
    assert all(admission.settled for admission in admissions)
    assert store.asked["load_session"] == 2
    assert store.asked["load_user"] <= 3


async def test_a_request_that_is_cancelled_takes_no_other_with_it() -> None:
    """Not even where it was asking the store for all of them."""
    world = World(AdverseStore((3,)))
    token = (await world.signed_in()).token.encode()
    requests = [asyncio.create_task(world[0].admit(token, now=NOW)) for _ in range(20)]
    for turn in range(10):
        await asyncio.sleep(0)
        requests[-turn // 2].cancel()
    told = await asyncio.gather(*requests, return_exceptions=True)
    assert sum(isinstance(one, Admission) for one in told) >= 10
    assert all(isinstance(one, (Admission, asyncio.CancelledError)) for one in told)


# rotation


async def test_a_token_is_replaced_when_it_is_old_enough() -> None:
    """At the response; the successor names the same session and nothing else changes (SES-06)."""
    world = World()
    issued = await world.signed_in()
    token = issued.token.encode()
    assert await world[0].serve(token, now=DUE - 0.5) is None
    successor = await world[0].serve(token, now=DUE)
    assert successor is not None
    before, after = TOKENS.decode(token, now=NOW), TOKENS.decode(successor, now=DUE)
    assert after == replace(before, generation=2, issued_at=int(DUE))


async def test_arrival_writes_nothing() -> None:
    """A request that fails before it responds has changed nothing."""
    world = World()
    issued = await world.signed_in()
    admission = await world[0].admit(issued.token.encode(), now=DUE)
    assert not admission.settled
    assert (await world.row(issued.session.id)).generations == issued.session.generations


async def test_a_successor_that_got_lost_is_sent_again() -> None:
    """Byte for byte the same, by any process, however long after, until it is seen (B4, N4)."""
    world = World()
    token = (await world.signed_in()).token.encode()
    successor = await world[0].serve(token, now=DUE)
    for process, now in itertools.product(world.processes, (DUE, DUE + GRACE, DUE + 100 * ROTATE_AFTER)):
        assert await process.serve(token, now=now) == successor
    assert successor is not None
    assert await world[1].serve(successor, now=DUE + 100 * ROTATE_AFTER) is None


async def test_a_successor_that_is_seen_is_confirmed_once_and_then_served_from_memory() -> None:
    """The first request with it writes, the second does not, the third does not even ask."""
    store = AdverseStore()
    world = World(store)
    issued = await world.signed_in()
    _, successor = await world.rotate(issued)
    row = await world.row(issued.session.id)
    assert (row.generations.issued, row.generations.confirmed) == (2, 2)
    store.asked.clear()
    assert await world[1].serve(successor, now=DUE) is None
    assert await world[1].serve(successor, now=DUE) is None
    assert store.asked == {"load_session": 1, "load_user": 1}


@pytest.mark.parametrize("processes", [1, 2, 4])
@pytest.mark.parametrize("pauses", [(0,), (1,), (0, 2, 1), (5, 0, 0, 3, 1)])
async def test_a_hundred_parallel_requests_across_a_rotation_all_come_in(
    processes: int, pauses: tuple[int, ...]
) -> None:
    """None is refused, none taken for a replay, and all that carry a successor carry the same one (N4)."""
    world = World(AdverseStore(pauses), processes=processes)
    issued = await world.signed_in()
    token = issued.token.encode()
    sent = await asyncio.gather(*(world[number % processes].serve(token, now=DUE) for number in range(100)))
    (successor,) = set(sent)
    assert successor is not None
    row = await world.row(issued.session.id)
    assert (row.generations.issued, row.generations.confirmed) == (2, 1)
    sent = await asyncio.gather(*(world[number % processes].serve(successor, now=DUE) for number in range(100)))
    assert set(sent) == {None}
    row = await world.row(issued.session.id)
    assert (row.generations.issued, row.generations.confirmed) == (2, 2)
    assert "session_replayed" not in await world.events()


@given(pauses=st.lists(st.integers(0, 4), min_size=1, max_size=12), old=st.lists(st.booleans(), max_size=12))
@settings(max_examples=50)
async def test_requests_with_the_parent_and_its_successor_mix_in_any_order(
    pauses: list[int], old: list[bool]
) -> None:
    """Some still carry the old token while others confirm the new one: all come in, none is sent an older one."""
    world = World(AdverseStore(pauses))
    issued = await world.signed_in()
    token = issued.token.encode()
    successor = await world[0].serve(token, now=DUE)
    assert successor is not None
    presented = [token if is_old else successor for is_old in old]
    sent = await asyncio.gather(*(world[number % 2].serve(one, now=DUE + 1) for number, one in enumerate(presented)))
    assert set(sent) <= {None, successor}
    assert (await world.row(issued.session.id)).ended_at is None


async def test_a_slow_handler_sends_no_old_token_over_a_newer_one() -> None:
    """What it carries is decided when its response starts, and by then its token was superseded twice."""
    world = World()
    issued = await world.signed_in()
    token = issued.token.encode()
    slow = [await process.admit(token, now=DUE) for process in world.processes]
    tokens = await world.rotate(issued, 3)
    assert generation_of(tokens[-1]) == 4
    for process, admission in zip(world.processes, slow, strict=True):
        assert await process.respond(admission, now=DUE + 3 * ROTATE_AFTER) is None
    assert await world[0].serve(tokens[-1], now=NOW + 3 * ROTATE_AFTER) is None


async def test_a_slow_handler_sends_the_newest_token_while_its_own_is_the_parent() -> None:
    """The browser may have lost it otherwise."""
    world = World()
    token = (await world.signed_in()).token.encode()
    slow = await world[0].admit(token, now=DUE)
    successor = await world[1].serve(token, now=DUE + 1)
    assert successor is not None
    assert await world[0].respond(slow, now=DUE + HOUR) == successor


async def test_a_late_response_puts_no_old_token_over_its_successor() -> None:
    """A successor got lost; then two tabs get it at once, and the response of one is late on its way (N4).

    Its token is not superseded as soon as the other tab has used it: for ``rotate_after`` from then on, no newer
    token is on the way to the browser that a late response could undo.
    """
    world = World()
    token = (await world.signed_in()).token.encode()
    await world[0].serve(token, now=DUE)
    now = DUE + 10 * ROTATE_AFTER
    quick, late = [await process.serve(token, now=now) for process in world.processes]
    assert quick is not None
    assert late is not None
    assert late == quick
    assert await world[0].serve(quick, now=now + 1) is None
    cookie = late
    for minutes in range(120):
        cookie = await world[0].serve(cookie, now=now + 60 * minutes) or cookie
    assert generation_of(cookie) > generation_of(late)


@pytest.mark.parametrize("verb", ["swap_generations", "load_session"])
async def test_a_rotation_that_cannot_be_written_refuses_nobody(verb: str) -> None:
    """The request was let in; nothing is sent, and the next one makes up for it (N8)."""
    store = AdverseStore()
    world = World(store)
    token = (await world.signed_in()).token.encode()
    admission = await world[0].admit(token, now=DUE)
    store.down.add(verb)
    with pytest.raises(StoreUnavailable):
        await world[0].check.settle(admission, now=DUE)
    store.down.clear()
    assert await world[0].serve(token, now=DUE) is not None


async def test_a_store_that_can_only_be_read_goes_on_letting_in() -> None:
    """For as long as it lasts, with the old token."""
    store = AdverseStore()
    world = World(store)
    token = (await world.signed_in()).token.encode()
    store.down |= {"swap_generations", "touch_sessions", "record_events"}
    for number in range(100):
        assert await world[number % 2].serve(token, now=DUE + 60 * number) is None


async def test_whoever_always_loses_the_swap_sends_nothing_in_the_end() -> None:
    """It does not try for ever."""
    store = AdverseStore()
    world = World(store)
    token = (await world.signed_in()).token.encode()
    admission = await world[0].admit(token, now=DUE)

    async def lost(*_args: object, **_kwargs: object) -> bool:
        await asyncio.sleep(0)
        return False

    store.swap_generations = lost  # type: ignore[method-assign]  # a store that others keep writing to
    assert await world[0].check.settle(admission, now=DUE) is None
    assert store.asked["load_session"] <= 1 + 5


async def test_a_session_that_ended_meanwhile_gets_no_token() -> None:
    """Signed out, removed or idle while the handler worked: the response carries none."""
    world = World(policy=SessionPolicy(idle_timeout=HOUR))
    for how in ("signed out", "removed", "idle"):
        issued = await world.signed_in()
        token = issued.token.encode()
        admission = await world[0].admit(token, now=DUE)
        now = DUE
        if how == "signed out":
            assert await world[1].sessions.sign_out(token, now=DUE)
        elif how == "removed":
            await world.store.purge_sessions(now=issued.session.expires_at, limit=100)
        else:
            now = DUE + HOUR
        assert await world[0].check.settle(admission, now=now) is None


# replay


async def test_a_stolen_token_that_comes_back_after_its_grace_puts_both_out() -> None:
    """The thief is refused, and so is the owner at the next request, in every process (B4)."""
    world = World()
    issued = await world.signed_in()
    stolen, current = await world.rotate(issued)
    for process in world.processes:
        await process.admit(current, now=DUE)
    thief = await ended(world[1], stolen, now=DUE + GRACE)
    assert (thief.reason, thief.keep_cookie) == (EndReason.REPLAYED, False)
    for process in world.processes:
        assert (await ended(process, current, now=DUE + GRACE)).reason is EndReason.REPLAYED
    assert (await world.row(issued.session.id)).end_reason is EndReason.REPLAYED


async def test_a_thief_who_rotates_first_is_found_when_the_owner_comes_back() -> None:
    """Whoever falls behind by more than the grace gives the other away."""
    world = World()
    issued = await world.signed_in()
    stolen = issued.token.encode()
    thieves = await world.rotate(issued, 2)
    assert (await ended(world[0], stolen, now=NOW + 3 * ROTATE_AFTER)).reason is EndReason.REPLAYED
    assert (await ended(world[1], thieves[-1], now=NOW + 3 * ROTATE_AFTER)).reason is EndReason.REPLAYED


async def test_a_replay_is_recorded_with_its_cause() -> None:
    """Both addresses, and what tells a theft from a false alarm (N4, LOG-01)."""
    world = World()
    issued = await world.signed_in(address="192.0.2.1")
    stolen, _ = await world.rotate(issued)
    await ended(world[1], stolen, now=DUE + GRACE + 7, address="198.51.100.7")
    event = await world.event("session_replayed")
    assert (event.session_id, event.user_id, event.address) == (
        issued.session.id,
        issued.session.user_id,
        "198.51.100.7",
    )
    assert dict(event.detail) == {
        "cause": "superseded_after_grace",
        "presented": "1",
        "issued": "2",
        "confirmed": "2",
        "superseded_for": "307 s",
        "grace": "300 s",
        "session_address": "192.0.2.1",
        "on_replay": "end",
    }
    end = await world.event("session_ended")
    assert (end.address, dict(end.detail)) == ("198.51.100.7", {"reason": "replayed"})


async def test_a_replay_of_what_was_forgotten_is_recorded_as_far_as_it_is_known() -> None:
    """When it was superseded is not kept for ever; an address may be missing."""
    world = World()
    stolen, *_ = await world.rotate(await world.signed_in(), 3)
    await ended(world[0], stolen, now=NOW + 3 * ROTATE_AFTER)
    event = await world.event("session_replayed")
    assert (event.detail["superseded_for"], event.detail["session_address"]) == ("unknown", "unknown")


async def test_many_replays_at_once_make_one_event() -> None:
    """All are refused for the same reason."""
    world = World(AdverseStore((0, 1, 2)), processes=3)
    stolen, _ = await world.rotate(await world.signed_in())
    refusals = await asyncio.gather(*(ended(world[number % 3], stolen, now=DUE + GRACE) for number in range(30)))
    assert {refusal.reason for refusal in refusals} == {EndReason.REPLAYED}
    await world.event("session_replayed")
    await world.event("session_ended")


async def test_report_only_lets_a_replay_in_and_records_it() -> None:
    """The session goes on for both, nothing is sent to the late one, and there is an event (B4)."""
    world = World(policy=REPORT)
    stolen, current = await world.rotate(await world.signed_in())
    assert await world[1].serve(stolen, now=DUE + GRACE, address="198.51.100.7") is None
    assert await world[0].serve(current, now=DUE + GRACE) is None
    event = await world.event("session_replayed")
    assert (event.address, event.detail["on_replay"]) == ("198.51.100.7", "report")
    assert "session_ended" not in await world.events()


async def test_a_replay_that_cannot_be_written_is_refused_all_the_same() -> None:
    """As an outage: nobody is let in, and the next try ends the session."""
    store = AdverseStore()
    world = World(store)
    stolen, _ = await world.rotate(await world.signed_in())
    store.down.add("end_session")
    with pytest.raises(StoreUnavailable):
        await world[0].admit(stolen, now=DUE + GRACE)
    store.down.clear()
    assert (await ended(world[0], stolen, now=DUE + GRACE)).reason is EndReason.REPLAYED


# the store went back


class LaggingStore(MemoryStore):
    """A store whose next read gives a row as it was before."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Session] = []

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        return self.before.pop() if self.before else await super().load_session(session_id)


async def test_a_row_that_was_read_too_early_is_read_again() -> None:
    """Another process may have rotated between the read and the token's arrival."""
    store = LaggingStore()
    world = World(store)
    issued = await world.signed_in()
    _, current = await world.rotate(issued)
    store.before.append(issued.session)
    assert (await world[1].admit(current, now=DUE)).generation == 2
    assert (await world.row(issued.session.id)).ended_at is None


@pytest.mark.parametrize("policy", [SessionPolicy(), REPORT], ids=["end", "report"])
async def test_a_token_ahead_of_the_store_ends_the_session(policy: SessionPolicy) -> None:
    """A restored backup looks like this. Generations may be used twice then, so nothing is merely reported."""
    store = MemoryStore()
    world = World(store, policy=policy)
    issued = await world.signed_in(address="192.0.2.1")
    *_, current = await world.rotate(issued, 2)
    store._put_session(issued.session)
    refusal = await ended(world[1], current, now=NOW + 2 * ROTATE_AFTER, address="198.51.100.7")
    assert refusal.reason is EndReason.STORE_WENT_BACK
    assert (await world.row(issued.session.id)).end_reason is EndReason.STORE_WENT_BACK
    event = await world.event("session_store_went_back")
    assert event.address == "198.51.100.7"
    assert event.detail["cause"] == "generation_ahead"
    assert (event.detail["presented"], event.detail["issued"]) == ("3", "1")


# rotation at each request


async def test_a_token_can_be_replaced_at_each_response() -> None:
    """Each request brings the next generation (B4, experimental)."""
    world = World(policy=EACH_REQUEST)
    cookie = (await world.signed_in()).token.encode()
    for number in range(20):
        answer = await world[number % 2].serve(cookie, now=NOW + number)
        assert answer is not None
        assert generation_of(answer) == generation_of(cookie) + 1
        cookie = answer


async def test_a_late_request_gets_the_current_token_where_each_request_rotates() -> None:
    """Parallel requests fall behind all the time there; after the short grace it is a replay."""
    world = World(policy=EACH_REQUEST)
    first = (await world.signed_in()).token.encode()
    second = await world[0].serve(first, now=NOW)
    assert second is not None
    third = await world[0].serve(second, now=NOW)
    assert await world[1].serve(first, now=NOW + 9.5) == third
    assert (await ended(world[1], first, now=NOW + 10)).reason is EndReason.REPLAYED


async def test_parallel_requests_all_come_in_where_each_request_rotates() -> None:
    """Within the grace none is refused, and each response carries the newest token of its moment."""
    world = World(AdverseStore((0, 1, 3)), policy=EACH_REQUEST)
    cookie = (await world.signed_in()).token.encode()
    for burst in range(5):
        sent = await asyncio.gather(*(world[number % 2].serve(cookie, now=NOW + burst) for number in range(20)))
        newest = max((token for token in sent if token), key=generation_of)
        assert generation_of(newest) == generation_of(cookie) + 1
        cookie = newest
    assert "session_replayed" not in await world.events()


async def test_an_answer_with_something_to_send_is_not_kept() -> None:
    """A cached one would send nothing."""
    world = World(policy=EACH_REQUEST)
    cookie = (await world.signed_in()).token.encode()
    admission: Admission = await world[0].admit(cookie, now=NOW)
    assert not admission.settled
    assert world[0].check.find(cookie, NOW) is None
