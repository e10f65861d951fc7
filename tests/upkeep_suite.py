"""What two processes that keep up one store must do, on each store: its test file is wiring only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from handstamp.core.policy import DAY
from handstamp.core.protocols import SessionBackend
from handstamp.services import upkeep
from handstamp.services.upkeep import LEASE, NAME, Swept, Upkeep
from handstamp.testing import CALLERS, NOW, ConformanceSuite, a_session

EXPIRED = a_session().expires_at + DAY
COUNT = CALLERS + 3
"""Of each kind, in batches of five: the last one is not full."""


class Noted:
    """A store that notes when a purge begins and ends, and can be made to wait within one.

    Args:
        store: Asked for everything.
        who: The process.
        steps: Where it is noted, for all processes.
    """

    def __init__(self, store: SessionBackend, who: str, steps: list[tuple[str, str]]) -> None:
        self._store = store
        self._who = who
        self._steps = steps
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)
        return self._noted(verb) if name.startswith("purge_") else verb

    def _noted(self, verb: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
        async def purge(**how: Any) -> int:
            self._steps.append((self._who, "begins"))
            self.reached.set()
            await self.go_on.wait()
            removed = await verb(**how)
            self._steps.append((self._who, "ends"))
            return removed

        return purge


def at(store: "SessionBackend | Noted", now: float) -> Upkeep:
    """The upkeep of one process."""
    return Upkeep(cast("SessionBackend", store), lambda: now)


async def filled(store: SessionBackend) -> None:
    """Store what expires."""
    for number in range(COUNT):
        await store.start_session(a_session(), replaces=None, now=NOW)
        await store.consume_challenge(f"challenge-{number}", expires_at=NOW + 1, now=NOW)
        await store.count_attempt(f"key-{number}", burst=3, every=1.0, now=NOW)


class UpkeepSuite(ConformanceSuite):
    """The promises of upkeep."""

    @pytest.fixture(autouse=True)
    def small_batches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Many batches without many rows, and nobody has to wait."""
        monkeypatch.setattr(upkeep, "FIRST_BATCH", 5)
        monkeypatch.setattr(upkeep, "SMALLEST_BATCH", 5)
        monkeypatch.setattr(upkeep, "LARGEST_BATCH", 5)
        monkeypatch.setattr(upkeep, "PAUSE", 0)

    async def test_two_processes_never_purge_at_the_same_time(
        self, store: SessionBackend, peer: SessionBackend
    ) -> None:
        """One sweeps at a time, each purge of it; and all that had expired is gone in the end, once."""
        await filled(store)
        steps: list[tuple[str, str]] = []
        both = [at(Noted(store, "one", steps), EXPIRED), at(Noted(peer, "two", steps), EXPIRED)]
        swept = Swept()
        finished = 0
        while finished < 3:
            rounds = await asyncio.gather(*(process.sweep() for process in both))
            finished += sum(one.finished for one in rounds)
            swept = swept + rounds[0] + rounds[1]
        assert (swept.sessions, swept.challenges, swept.attempts) == (COUNT, COUNT, COUNT)
        assert len(steps) >= 3 * COUNT // 5
        assert steps[0::2] == [(who, "begins") for who, _ in steps[1::2]]
        assert {what for _, what in steps[1::2]} == {"ends"}

    async def test_a_process_that_was_killed_is_taken_over(self, store: SessionBackend, peer: SessionBackend) -> None:
        """It holds nobody up for longer than the lease."""
        await filled(store)
        assert await store.take_lease(NAME, holder="killed", until=EXPIRED + LEASE, now=EXPIRED)
        assert await at(peer, EXPIRED + LEASE - 1).sweep() == Swept(finished=False)
        swept = await at(peer, EXPIRED + LEASE).sweep()
        assert swept == Swept(sessions=COUNT, challenges=COUNT, attempts=COUNT)

    async def test_a_process_that_stops_lets_others_go_on_at_once(
        self, store: SessionBackend, peer: SessionBackend
    ) -> None:
        """In the midst of a batch too."""
        await filled(store)
        held = Noted(store, "one", [])
        held.go_on.clear()
        stopped = at(held, EXPIRED)
        stopped.begin()
        async with asyncio.timeout(10):
            await held.reached.wait()
        assert not (await at(peer, EXPIRED).sweep()).finished
        await stopped.close()
        assert (await at(peer, EXPIRED).sweep()).finished
