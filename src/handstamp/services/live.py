"""What is open: WebSockets and streams by the session that opened them, to be closed when that is over."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from handstamp.core.models import Changes, Session
from handstamp.core.protocols import Clock
from handstamp.services.cache import CoherentCache
from handstamp.services.check import Check
from handstamp.services.closing import Closing
from handstamp.services.watch import Connection, Watch


class Live:
    """The open connections of this process. Every ``now`` is seconds since the epoch."""

    def __init__(
        self, check: Check, cache: CoherentCache, clock: Clock, closing: Callable[[], Closing] = Closing
    ) -> None:
        self._check = check
        self._cache = cache
        self._clock = clock
        self._closing = closing
        self._watches: dict[asyncio.AbstractEventLoop, Watch] = {}
        cache.watch(self)

    def add(self, connection: Connection, session: Session, *, vouched: bool) -> None:
        """Close a connection of the running event loop when the session is over.

        It counts for as long as it exists; only a weak reference is kept.

        Args:
            connection: What was opened.
            session: For whom, as the check had it.
            vouched: Whether the store's word on the session is as new as this call; otherwise it is asked.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._watches:
            for other in [other for other in self._watches if other.is_closed()]:
                del self._watches[other]
            self._watches[loop] = Watch(self._check, self._cache, self._clock, self._closing())
        self._watches[loop].add(connection, session, vouched=vouched)

    def changed(self, changes: Changes) -> None:
        """See ``Watcher``: the sessions concerned are looked at soon, those of other event loops too."""
        here = _running_loop()
        for loop, watch in list(self._watches.items()):
            if loop is here:
                watch.changed(changes)
            elif watch:
                with suppress(RuntimeError):  # that event loop is closed, and all that it had open with it
                    loop.call_soon_threadsafe(watch.changed, changes)

    async def look(self, *, now: float) -> None:
        """Look once, as the task does every 50 ms, and wait until what had to be closed is closed."""
        watch = self._watches.get(asyncio.get_running_loop())
        if watch is not None:
            await watch.look(now=now)
            await watch.closing.settled()

    async def close(self) -> None:
        """Stop looking. Nothing is closed by that: the server closes what is open when it stops."""
        for loop, watch in list(self._watches.items()):
            if loop is asyncio.get_running_loop():
                await watch.close()
        self._watches.clear()

    def __len__(self) -> int:
        return sum(len(watch) for watch in self._watches.values())


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
