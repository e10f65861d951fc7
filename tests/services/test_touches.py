"""When sessions were last used."""

import asyncio
import logging
from dataclasses import replace

import pytest

from handstamp.core.models import EndReason, Session
from handstamp.services.touches import Touches
from handstamp.testing import NOW, a_session
from world import NEVER, AdverseStore

INTERVAL = 60.0


async def stored(store: AdverseStore, **changes: object) -> Session:
    """A session that the store has."""
    session = a_session(**changes)
    await store.start_session(session, replaces=None, now=NOW)
    return session


async def asked(store: AdverseStore, times: int) -> None:
    """Wait until the store was asked to write that often."""
    for _ in range(1000):
        if store.asked["touch_sessions"] >= times:
            return
        await asyncio.sleep(0)
    raise AssertionError("nothing is written")


async def last_used(store: AdverseStore, session: Session) -> float:
    """When the store believes that a session was last used, counted from its beginning."""
    row = await store.load_session(session.id)
    assert row is not None
    return row.last_used_at - NOW


def touches_of(store: AdverseStore, *, flush_after: float = NEVER) -> Touches:
    """Touches that are written when the test says so."""
    return Touches(store, interval=INTERVAL, flush_after=flush_after)


async def test_a_use_counts_at_once_and_is_written_later() -> None:
    """The request sees the session as used; the store is told in a batch."""
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store)
    assert touches.used(session, NOW + 60) == replace(session, last_used_at=NOW + 60)
    assert touches.counted(session).last_used_at == NOW + 60
    assert await last_used(store, session) == 0
    await touches.flush()
    assert await last_used(store, session) == 60
    await touches.close()


async def test_a_use_soon_after_the_last_one_is_not_worth_a_write() -> None:
    """From ``interval`` on it is."""
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store)
    assert touches.used(session, NOW + 59.9) is session
    assert touches.used(session, NOW - 60) is session
    await touches.flush()
    assert store.asked["touch_sessions"] == 0
    assert touches.used(session, NOW + 60).last_used_at == NOW + 60
    assert touches.used(session, NOW + 119.9).last_used_at == NOW + 60
    assert touches.used(session, NOW + 120).last_used_at == NOW + 120
    await touches.close()


async def test_uses_of_many_sessions_share_one_write() -> None:
    """A request costs none."""
    store = AdverseStore()
    sessions, touches = [await stored(store) for _ in range(50)], touches_of(store)
    for session in sessions:
        touches.used(session, NOW + 100)
    await touches.flush()
    await touches.flush()
    assert store.asked["touch_sessions"] == 1
    assert {await last_used(store, session) for session in sessions} == {100}
    await touches.close()


async def test_the_last_use_never_moves_back() -> None:
    """Where another process has written a later one, that stays, and counts."""
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store)
    touches.used(session, NOW + 100)
    await store.touch_sessions({session.id: NOW + 200})
    later = replace(session, last_used_at=NOW + 200)
    assert touches.counted(later) is later
    await touches.flush()
    assert await last_used(store, session) == 200
    await touches.close()


async def test_use_keeps_a_session_alive_past_its_idle_limit() -> None:
    """As long as each use comes within the limit of the one before; from its edge on it is idle (SES-05)."""
    store = AdverseStore()
    row, touches = await stored(store, idle_timeout=600), touches_of(store)
    now = NOW
    for _ in range(10):
        now += 599
        assert touches.counted(row).ended_because(now) is None
        touches.used(row, now)
        await touches.flush()
        written = await store.load_session(row.id)
        assert written is not None
        row = written
    assert row.ended_because(now + 599.9) is None
    assert row.ended_because(now + 600) is EndReason.IDLE
    await touches.close()


async def test_a_use_that_is_written_late_revives_nothing() -> None:
    """A session that was ended or idle by then stays as it is."""
    store = AdverseStore()
    ended, idle, touches = await stored(store), await stored(store, idle_timeout=90), touches_of(store)
    for session in (ended, idle):
        touches.used(session, NOW + 100)
    await store.end_session(ended.id, reason=EndReason.ADMIN, now=NOW + 100)
    await touches.flush()
    assert [await last_used(store, session) for session in (ended, idle)] == [0, 0]
    await touches.close()


async def test_what_cannot_be_written_stays_for_the_next_time(caplog: pytest.LogCaptureFixture) -> None:
    """An outage loses no use and raises nothing; the session counts as used meanwhile."""
    caplog.set_level(logging.WARNING)
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store)
    touches.used(session, NOW + 100)
    store.down.add("touch_sessions")
    await touches.flush()
    assert "uses of 1 sessions are not written yet" in caplog.text
    assert touches.counted(session).last_used_at == NOW + 100
    store.down.clear()
    await touches.flush()
    assert await last_used(store, session) == 100
    await touches.close()


async def test_a_use_during_a_write_is_not_lost() -> None:
    """It is later than what is being written, so it stays noted."""
    store = AdverseStore(pauses=(1,))
    session, touches = await stored(store), touches_of(store)
    touches.used(session, NOW + 100)
    flush = asyncio.ensure_future(touches.flush())
    await asyncio.sleep(0)
    touches.used(session, NOW + 200)
    await flush
    assert await last_used(store, session) == 100
    assert touches.counted(session).last_used_at == NOW + 200
    await touches.close()
    assert await last_used(store, session) == 200


async def test_uses_are_written_by_themselves_also_those_noted_meanwhile() -> None:
    """Without anybody calling ``flush``, and without another use that would begin the next batch."""
    store = AdverseStore(pauses=(1,))
    session, other, touches = await stored(store), await stored(store), touches_of(store, flush_after=0)
    touches.used(session, NOW + 100)
    await asked(store, 1)
    touches.used(other, NOW + 100)
    for _ in range(50):
        await asyncio.sleep(0)
    assert [await last_used(store, one) for one in (session, other)] == [100, 100]
    await touches.close()


async def test_uses_are_written_by_themselves_when_an_outage_is_over() -> None:
    """It is tried again until it succeeds."""
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store, flush_after=0)
    store.down.add("touch_sessions")
    touches.used(session, NOW + 100)
    await asked(store, 3)
    store.down.clear()
    for _ in range(10):
        await asyncio.sleep(0)
    assert await last_used(store, session) == 100
    await touches.close()


async def test_a_new_batch_begins_after_the_last_one_was_written() -> None:
    """The task that writes ends when nothing is noted, and comes back with the next use."""
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store, flush_after=0)
    for used_at in (100, 200):
        touches.used(session, NOW + used_at)
        for _ in range(10):
            await asyncio.sleep(0)
        assert await last_used(store, session) == used_at
    await touches.close()


async def test_closing_writes_what_is_noted() -> None:
    """And stops; closing what was never used, or again, does nothing."""
    store = AdverseStore()
    session, touches = await stored(store), touches_of(store)
    await touches.close()
    touches.used(session, NOW + 100)
    flusher = touches._flusher
    assert flusher is not None
    await touches.close()
    assert await last_used(store, session) == 100
    await touches.close()
    await asyncio.sleep(0)
    assert flusher.cancelled()


def test_a_loop_that_was_closed_takes_no_use_with_it() -> None:
    """Test clients run each request on a loop of its own: what was noted on the last one is written on this one."""
    store = AdverseStore()
    touches = touches_of(store)

    async def use(used_at: float) -> Session:
        session = await stored(store)
        touches.used(session, NOW + used_at)
        return session

    sessions = [asyncio.run(use(used_at)) for used_at in (100, 200)]

    async def close() -> list[float]:
        await touches.close()
        return [await last_used(store, session) for session in sessions]

    assert asyncio.run(close()) == [100, 200]
