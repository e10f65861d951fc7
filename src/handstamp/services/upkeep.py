"""Upkeep: what has expired is removed, in small batches, beside the requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from handstamp.core.errors import StoreUnavailable
from handstamp.core.policy import HOUR, MINUTE
from handstamp.core.protocols import Clock, SessionBackend

BATCH: Final = 500
"""Rows that are removed at once: some milliseconds, in which other writers wait."""

EVERY: Final = HOUR
"""Seconds from one sweep to the next."""

_LOG: Final = logging.getLogger("handstamp.upkeep")


class Upkeep:
    """Sweeps when it begins, and each hour from then on."""

    def __init__(self, store: SessionBackend, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Sweep in the running event loop, until ``close``."""
        self._task = asyncio.get_running_loop().create_task(self._sweep_again_and_again())

    async def close(self) -> None:
        """Stop. A batch that is under way is removed or not."""
        task, self._task = self._task, None
        if task is not None and task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def sweep(self, *, now: float) -> int:
        """Remove the sessions and used-up things that have expired; how many.

        Used-up things are kept for a minute longer: a process whose clock is behind would take them for fresh.

        Raises:
            StoreUnavailable: The store cannot be reached; the rest stays for the next time.
        """
        sessions = await _in_batches(lambda: self._store.purge_sessions(now=now, limit=BATCH))
        challenges = await _in_batches(lambda: self._store.purge_challenges(now=now - MINUTE, limit=BATCH))
        return sessions + challenges

    async def _sweep_again_and_again(self) -> None:
        while True:
            try:
                await self.sweep(now=self._clock())
            except StoreUnavailable:
                _LOG.warning("what has expired is not removed yet: the store cannot be reached")
            await asyncio.sleep(EVERY)


async def _in_batches(purge: Callable[[], Awaitable[int]]) -> int:
    removed = 0
    while batch := await purge():
        removed += batch
        if batch < BATCH:
            break
    return removed
