"""What has expired is removed, in small batches, beside the requests, and by one process at a time."""

import asyncio
import logging

import pytest
from typing_extensions import override

from handstamp.core.policy import DAY
from handstamp.core.protocols import SessionBackend
from handstamp.services import upkeep
from handstamp.services.upkeep import (
    FIRST_BATCH,
    LARGEST_BATCH,
    LEASE,
    NAME,
    SMALLEST_BATCH,
    Swept,
    Upkeep,
    next_batch,
)
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW, a_session
from upkeep_suite import UpkeepSuite
from world import AdverseStore

EXPIRED = a_session().expires_at


async def stored(count: int) -> AdverseStore:
    """A store with sessions, used-up things and counted attempts that expire together."""
    store = AdverseStore()
    for number in range(count):
        await store.start_session(a_session(id=f"session-{number}"), replaces=None, now=NOW)
        await store.consume_challenge(f"challenge-{number}", expires_at=EXPIRED, now=NOW)
        await store.count_attempt(f"key-{number}", burst=1, every=EXPIRED - NOW, now=NOW)
    return store


def at(store: SessionBackend, now: float) -> Upkeep:
    """An upkeep whose clock stands still."""
    return Upkeep(store, lambda: now)


async def some_turns() -> None:
    """Let the other tasks of the event loop go on."""
    for _ in range(100):
        await asyncio.sleep(0)


class TestProcesses(UpkeepSuite):
    """Two upkeeps of one memory store, whose verbs take their time."""

    @pytest.fixture
    def store(self) -> AdverseStore:
        """A store that keeps nothing yet."""
        return AdverseStore([0, 1, 3])

    @pytest.fixture
    def peer(self, store: AdverseStore) -> AdverseStore:
        """The same."""
        return store


async def test_a_sweep_removes_what_has_expired_and_nothing_else() -> None:
    """Live sessions, and ended ones whose token could still come, stay."""
    store = await stored(3)
    assert await at(store, EXPIRED - 1).sweep() == Swept()
    assert await at(store, EXPIRED + DAY).sweep() == Swept(sessions=3, challenges=3, attempts=3)
    assert await store.load_session("session-0") is None


async def test_used_up_things_are_remembered_a_minute_longer() -> None:
    """Another process may be a minute behind, and would take them for fresh."""
    store = await stored(1)
    assert await at(store, EXPIRED + 59).sweep() == Swept(sessions=1)
    assert not await store.consume_challenge("challenge-0", expires_at=EXPIRED, now=EXPIRED - 30)
    assert await store.count_attempt("key-0", burst=1, every=EXPIRED - NOW, now=EXPIRED - 30) > 0
    assert await at(store, EXPIRED + 60).sweep() == Swept(challenges=1, attempts=1)


async def test_a_sweep_goes_on_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is bounded; there are as many as it takes."""
    monkeypatch.setattr(upkeep, "PAUSE", 0)
    store = await stored(3 * FIRST_BATCH)
    sweeper = Upkeep(store, lambda: EXPIRED + DAY, measure=lambda: 0.0)
    assert (await sweeper.sweep()).sessions == 3 * FIRST_BATCH
    assert store.asked["purge_sessions"] == 3  # 100, 200, and the one that finds nothing


async def test_the_size_of_a_batch_follows_what_the_last_one_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is slow is asked for less at once."""
    monkeypatch.setattr(upkeep, "PAUSE", 0)
    limits: list[int] = []
    moments = iter(range(10_000))

    class Slow(MemoryStore):
        @override
        async def purge_sessions(self, *, now: float, limit: int) -> int:
            limits.append(limit)
            return await super().purge_sessions(now=now, limit=limit)

    store = Slow()
    for _ in range(FIRST_BATCH + 2 * SMALLEST_BATCH):
        await store.start_session(a_session(), replaces=None, now=NOW)
    await Upkeep(store, lambda: EXPIRED, measure=lambda: float(next(moments))).sweep()
    assert limits == [FIRST_BATCH, SMALLEST_BATCH, SMALLEST_BATCH, SMALLEST_BATCH]


@pytest.mark.parametrize(
    ("limit", "took", "following"),
    [
        (100, 0.02, 100),
        (100, 0.04, 50),
        (100, 0.016, 125),
        (100, 0.001, 200),
        (100, 0.0, 200),
        (400, 0.001, LARGEST_BATCH),
        (100, 60.0, SMALLEST_BATCH),
        (SMALLEST_BATCH, 0.04, SMALLEST_BATCH),
        (SMALLEST_BATCH, 0.016, 62),
    ],
)
def test_a_batch_is_as_large_as_fits_into_its_time(limit: int, took: float, following: int) -> None:
    """Twice the last one at most, and within bounds."""
    assert next_batch(limit, took) == following


async def test_it_pauses_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that others get in; after the last one there is nothing to pause for."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    store = await stored(FIRST_BATCH)
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        await at(store, EXPIRED).sweep()
    assert [seconds for seconds in pauses if seconds] == [upkeep.PAUSE]


async def test_the_lease_is_renewed_before_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the time that it is then, so that a long sweep is one sweep."""
    monkeypatch.setattr(upkeep, "PAUSE", 0)
    times = iter(EXPIRED + DAY + step * (LEASE - 1) for step in range(100))
    ends: list[float] = []

    class Leased(MemoryStore):
        @override
        async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
            ends.append(until - now)
            assert await super().take_lease(name, holder=holder, until=until, now=now)
            return not await super().take_lease(name, holder="another", until=until, now=now)

    store = Leased()
    for _ in range(FIRST_BATCH):
        await store.start_session(a_session(), replaces=None, now=NOW)
    assert (await Upkeep(store, lambda: next(times)).sweep()).finished
    assert ends == [LEASE] * 4  # two of sessions, and one of each other kind


async def test_it_stops_when_it_has_lost_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after the process was held up for longer than the lease; what another holds then is not given back."""
    monkeypatch.setattr(upkeep, "PAUSE", 0)

    class TakenOver(MemoryStore):
        @override
        async def purge_sessions(self, *, now: float, limit: int) -> int:
            assert await self.take_lease(NAME, holder="another", until=now + 2 * LEASE, now=now + LEASE)
            return await super().purge_sessions(now=now, limit=limit)

    store = TakenOver()
    for _ in range(2 * FIRST_BATCH):
        await store.start_session(a_session(), replaces=None, now=NOW)
    assert await at(store, EXPIRED).sweep() == Swept(sessions=FIRST_BATCH, finished=False)
    assert not await store.take_lease(NAME, holder="a third", until=EXPIRED + LEASE, now=EXPIRED)


async def test_it_sweeps_at_once_and_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is closed."""
    monkeypatch.setattr(upkeep, "EVERY", 0)
    store = AdverseStore()
    sweeper = at(store, NOW)
    sweeper.begin()
    await some_turns()
    await sweeper.close()
    asked = store.asked["purge_sessions"]
    assert asked > 2
    await some_turns()
    assert store.asked["purge_sessions"] == asked


@pytest.mark.parametrize(("busy", "waits"), [(False, upkeep.EVERY), (True, LEASE)])
async def test_it_looks_sooner_where_another_was_at_it(
    monkeypatch: pytest.MonkeyPatch,
    busy: bool,  # noqa: FBT001  a table
    waits: float,
) -> None:
    """That one may have been killed: whoever looks after its lease takes over."""
    store = MemoryStore()
    if busy:
        await store.take_lease(NAME, holder="another", until=NOW + LEASE, now=NOW)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.get_running_loop().create_future()

    sweeper = at(store, NOW)
    with monkeypatch.context() as patched:
        patched.setattr("handstamp.services.upkeep.asyncio.sleep", sleep)
        sweeper.begin()
        async with asyncio.timeout(10):
            while not waited:
                await asyncio.wait([asyncio.ensure_future(store.load_session("none"))])
    await sweeper.close()
    assert waited == [waits]


async def test_an_outage_is_told_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest stays for the next time. The lease cannot be given back then, and ends by itself."""
    monkeypatch.setattr(upkeep, "EVERY", 0)
    store = await stored(1)
    store.down |= {"purge_sessions", "release_lease"}
    sweeper = at(store, EXPIRED + DAY)
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
    await at(AdverseStore(), NOW).close()


def test_what_several_stores_have_removed_is_summed_up() -> None:
    """It is finished where all are."""
    one, other = Swept(sessions=1, challenges=2, attempts=3), Swept(sessions=10, challenges=20, attempts=30)
    assert one + other == Swept(sessions=11, challenges=22, attempts=33)
    assert (one + Swept(finished=False)).finished is False
