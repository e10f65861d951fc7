"""Upkeep: what has expired is removed, in small batches, beside the requests, and by one process at a time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from handstamp.core.errors import StoreUnavailable
from handstamp.core.ids import new_session_id
from handstamp.core.policy import HOUR, MINUTE
from handstamp.core.protocols import Clock, SessionBackend
from handstamp.services.tasks import stopped

EVERY: Final = HOUR
"""Seconds from one sweep to the next."""

LEASE: Final = 1.5 * MINUTE
"""Seconds for which a process that was killed in the midst of a sweep holds the others up. The clocks of two may
differ by a minute; the rest is for a batch and the pause after it."""

NAME: Final = "upkeep"
"""Of the lease."""

FIRST_BATCH: Final = 100
SMALLEST_BATCH: Final = 50
LARGEST_BATCH: Final = 500
"""Rows that are removed at once. A batch takes long on a far server, however small it is: so there is a smallest."""

BATCH_TAKES: Final = 0.02
"""Seconds that a batch is to take: other writers wait meanwhile, and nobody is to wait for 50 ms."""

PAUSE: Final = 0.05
"""Seconds between two batches. Whoever waits for the lock of SQLite looks at it every 25 ms, and then gets it."""

_LOG: Final = logging.getLogger("handstamp.upkeep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep has removed."""

    sessions: int = 0
    challenges: int = 0
    """Used-up one-time things."""
    attempts: int = 0
    """Keys of which no attempt counts any more."""
    finished: bool = True
    """False where another process is at it, or took over."""

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(
            sessions=self.sessions + other.sessions,
            challenges=self.challenges + other.challenges,
            attempts=self.attempts + other.attempts,
            finished=self.finished and other.finished,
        )


class Upkeep:
    """Sweeps one store when it begins, and each hour from then on.

    Args:
        store: Open. Whatever it keeps of that which expires is swept; where users and sessions live in two stores,
            each has an upkeep, and a lease, of its own.
        clock: Seconds since the epoch.
        measure: Seconds of a clock that nobody sets, to find how long a batch takes.
    """

    def __init__(self, store: SessionBackend, clock: Clock, *, measure: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._measure = measure
        self._holder = new_session_id()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Sweep in the running event loop, until ``close``."""
        self._task = asyncio.get_running_loop().create_task(self._sweep_again_and_again())

    async def close(self) -> None:
        """Stop, so that others can go on at once. A batch that is under way is removed or not."""
        task, self._task = self._task, None
        await stopped(task)

    async def sweep(self) -> Swept:
        """Remove what has expired by now, unless another process is at it; what was removed.

        What another process whose clock is behind could take for fresh is kept for a minute longer.

        Raises:
            StoreUnavailable: The store cannot be reached; the rest stays for the next time.
        """
        now, swept = self._clock(), Swept()
        try:
            for kind, purge in self._kinds(now):
                removed, finished = await self._in_batches(purge)
                swept = replace(swept, **{kind: removed}, finished=finished)
                if not finished:
                    break
        finally:
            with suppress(StoreUnavailable):  # then it ends by itself
                await self._store.release_lease(NAME, holder=self._holder)
        return swept

    def _kinds(self, now: float) -> tuple[tuple[str, Callable[[int], Awaitable[int]]], ...]:
        store, earlier = self._store, now - MINUTE
        return (
            ("sessions", lambda limit: store.purge_sessions(now=now, limit=limit)),
            ("challenges", lambda limit: store.purge_challenges(now=earlier, limit=limit)),
            ("attempts", lambda limit: store.purge_attempts(now=earlier, limit=limit)),
        )

    async def _in_batches(self, purge: Callable[[int], Awaitable[int]]) -> tuple[int, bool]:
        """Purge until nothing is left; how many were removed, and False where another has the lease before that."""
        removed, limit = 0, FIRST_BATCH
        while await self._holds():
            began = self._measure()
            batch = await purge(limit)
            took = self._measure() - began
            removed += batch
            if batch < limit:
                return removed, True
            limit = next_batch(limit, took)
            await asyncio.sleep(PAUSE)
        return removed, False

    async def _holds(self) -> bool:
        """Take the lease, or renew it."""
        now = self._clock()
        return await self._store.take_lease(NAME, holder=self._holder, until=now + LEASE, now=now)

    async def _sweep_again_and_again(self) -> None:
        while True:
            wait = EVERY
            try:
                if not (await self.sweep()).finished:
                    wait = LEASE  # whoever is at it may be gone
            except StoreUnavailable:
                _LOG.warning("what has expired is not removed yet: the store cannot be reached")
            await asyncio.sleep(wait)


def next_batch(limit: int, took: float) -> int:
    """How many rows to remove at once, where ``limit`` of them took so many seconds: at most twice as many."""
    fitting = limit * 2 if took <= 0 else min(limit * 2, int(limit * BATCH_TAKES / took))
    return max(SMALLEST_BATCH, min(LARGEST_BATCH, fitting))
