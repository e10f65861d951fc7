"""Closing what is open: many at once, each within a time limit, whoever is slow."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

AT_ONCE: Final = 256
"""Connections that are being closed at the same time; those behind them wait for a place."""

WITHIN: Final = 1.0
"""Seconds in which a connection takes its last words, or goes without."""


class Closing:
    """Runs last words beside everything else. There is a task for each that is being said, and none for the rest."""

    def __init__(self, *, at_once: int = AT_ONCE, within: float = WITHIN) -> None:
        self._at_once = at_once
        self._within = within
        self._waiting: deque[Callable[[], Awaitable[None]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, last_words: Callable[[], Awaitable[None]]) -> None:
        """Have something said soon, in the running event loop. It raises nothing but being cancelled."""
        self._waiting.append(last_words)
        if len(self._tasks) < self._at_once:
            task = asyncio.get_running_loop().create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Come back when everything that was added is said or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _work(self) -> None:
        while self._waiting:
            last_words = self._waiting.popleft()
            try:
                async with asyncio.timeout(self._within):
                    await last_words()
            except TimeoutError:
                continue  # whoever does not take them is let go by what the cancelled call cleans up
