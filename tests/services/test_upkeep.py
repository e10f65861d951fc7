"""What has expired is removed, in small batches, beside the requests."""

import asyncio
import logging

import pytest

from handstamp.core.policy import DAY
from handstamp.services import upkeep
from handstamp.services.upkeep import BATCH, Upkeep
from handstamp.testing import NOW, a_session
from world import AdverseStore

EXPIRED = a_session().expires_at


async def stored(count: int) -> AdverseStore:
    """A store with sessions and used-up things that expire together."""
    store = AdverseStore()
    for number in range(count):
        await store.start_session(a_session(id=f"session-{number}"), replaces=None, now=NOW)
        await store.consume_challenge(f"challenge-{number}", expires_at=EXPIRED, now=NOW)
    return store


async def some_turns() -> None:
    """Let the other tasks of the event loop go on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_sweep_removes_what_has_expired_and_nothing_else() -> None:
    """Live sessions, and ended ones whose token could still come, stay."""
    store = await stored(3)
    sweeper = Upkeep(store, lambda: NOW)
    assert await sweeper.sweep(now=EXPIRED - 1) == 0
    assert await sweeper.sweep(now=EXPIRED + DAY) == 6
    assert await store.load_session("session-0") is None


async def test_used_up_things_are_remembered_a_minute_longer() -> None:
    """Another process may be a minute behind, and would take them for fresh."""
    store = await stored(1)
    assert await Upkeep(store, lambda: NOW).sweep(now=EXPIRED + 30) == 1  # the session
    assert not await store.consume_challenge("challenge-0", expires_at=EXPIRED, now=EXPIRED - 30)


async def test_a_sweep_goes_on_until_nothing_is_left() -> None:
    """Each batch is bounded; there are as many as it takes."""
    store = await stored(2 * BATCH + 1)
    assert await Upkeep(store, lambda: NOW).sweep(now=EXPIRED + DAY) == 2 * (2 * BATCH + 1)
    assert store.asked["purge_sessions"] == 3


async def test_it_sweeps_at_once_and_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is closed."""
    monkeypatch.setattr(upkeep, "EVERY", 0)
    store = AdverseStore()
    sweeper = Upkeep(store, lambda: NOW)
    sweeper.begin()
    await some_turns()
    await sweeper.close()
    asked = store.asked["purge_sessions"]
    assert asked > 2
    await some_turns()
    assert store.asked["purge_sessions"] == asked


async def test_an_outage_is_told_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest stays for the next time."""
    monkeypatch.setattr(upkeep, "EVERY", 0)
    store = await stored(1)
    store.down.add("purge_sessions")
    sweeper = Upkeep(store, lambda: EXPIRED + DAY)
    with caplog.at_level(logging.WARNING, "handstamp.upkeep"):
        sweeper.begin()
        await some_turns()
    assert caplog.records
    store.down.clear()
    await some_turns()
    assert await store.load_session("session-0") is None
    await sweeper.close()


async def test_closing_what_never_began_is_no_error() -> None:
    """As when opening failed half way."""
    await Upkeep(AdverseStore(), lambda: NOW).close()
