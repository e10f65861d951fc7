"""The change feed of Redis and Valkey: the server tells which of our keys were written or have gone.

``CLIENT TRACKING ON BCAST`` on a connection of its own tells of every write, whoever made it, and of keys that
expired, were evicted, deleted by hand or flushed. A heartbeat is a key under a name that is followed, written through
another connection: when the server tells of it, all that was written before has been told too.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from handstamp.core.errors import StoreUnavailable
from handstamp.core.lease import HEARTBEAT_EVERY, LEASE, Lease
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes
from handstamp.stores.redis.keys import HEARTBEAT, LIVE, SESSION, TOLD
from handstamp.stores.redis.server import OUTAGES, Server

MOST_TOLD: Final = 10_000
"""More changes than this at once are told as ``everything``."""

_HEARTBEAT_LASTS: Final = 5000
"""Milliseconds until the server removes a heartbeat by itself."""

_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 2.0
"""Seconds between attempts to connect: doubled from the first to the longest, less a random part of up to a half, so
that the processes of a fleet do not come back in step."""

_LOG: Final = logging.getLogger("handstamp.feed")


class RedisFeed:
    """A feed with a connection and a task in the running event loop.

    It is coherent while heartbeats come back, in the loop in which it follows; in any other, and after a fork, it
    cannot tell. When its loop has been closed, the first poll in another one begins anew there.

    Args:
        server: Open, or opened later: until then the feed is not coherent.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(self, server: Server, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._monotonic = monotonic
        self._lease = Lease()
        self._sessions: set[str] = set()
        self._users: set[str] = set()
        self._everything = True
        self._told = False
        """Whether all that changed was told."""
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._begin(_running_loop())

    def poll(self, now: float) -> Changes:
        """See ``ChangeFeed``. Under 0.3 µs while nothing changes."""
        del now  # silence is measured by a clock that nobody sets
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if loop is not self._loop or not self._lease.holds(self._monotonic()):
            self._begin(loop)
            return UNKNOWN
        return NOTHING_CHANGED if self._told else self._changes()

    def close(self) -> None:
        """See ``ChangeFeed``."""
        self._closed = True
        self._lease.drop()
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # the loop is closed, and the task with it
                loop.call_soon_threadsafe(task.cancel)

    def _changes(self) -> Changes:
        if self._everything:
            changes = EVERYTHING_CHANGED
        else:
            changes = Changes(sessions=tuple(self._sessions), users=tuple(self._users))
        self._sessions.clear()
        self._users.clear()
        self._everything, self._told = False, True
        return changes

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Follow the changes in a loop, unless there is one already in which they are followed."""
        if self._closed or loop is None or (self._loop is not None and not self._loop.is_closed()):
            return
        self._lost()
        self._loop = loop
        self._task = loop.create_task(self._follow_again_and_again())

    async def _follow_again_and_again(self) -> None:
        wait = _FIRST_WAIT
        while True:
            began = self._monotonic()
            try:
                await self._follow()
            except (*OUTAGES, StoreUnavailable) as error:
                _LOG.warning(
                    "changes of sessions are not told now, so every request asks: %s", str(error) or "silence"
                )
            except Exception:  # noqa: BLE001  whatever the fault is, the feed must come back when it has gone
                _LOG.exception("changes of sessions are not told now, so every request asks")
            finally:
                self._lost()
            self._server.renew()
            if self._monotonic() - began > _LONGEST_WAIT:  # it was connected: this is another outage
                wait = _FIRST_WAIT
            await asyncio.sleep(wait * (1 - secrets.randbelow(1000) / 2000))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _follow(self) -> None:
        connection = self._server.connection()
        try:
            async with asyncio.timeout(self._server.time_limit):
                await connection.connect()
                parser = connection._parser  # noqa: SLF001  the driver has no other way to hear of invalidations
                parser.set_invalidation_push_handler(_as_it_came)
                prefixes = [word for prefix in TOLD for word in ("PREFIX", prefix)]
                await connection.send_command("CLIENT", "TRACKING", "ON", "BCAST", *prefixes)
                await connection.read_response()
            await self._listen(connection)
        finally:
            await connection.disconnect(nowait=True)

    async def _listen(self, connection: Any) -> None:
        beating = asyncio.get_running_loop().create_task(self._beat())
        try:
            while True:
                # Silence for so long is a broken path, for heartbeats come each second. The driver gives None then.
                message = await connection.read_response(timeout=LEASE, push_request=True)
                if message is None:
                    raise TimeoutError
                self._note(message)
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            mark = self._lease.beat(self._monotonic())
            # One that cannot be sent is one that does not come back: the lease runs out by itself.
            with suppress(StoreUnavailable):
                await self._server.command("SET", f"{HEARTBEAT}{mark}", "", "PX", _HEARTBEAT_LASTS)
            await asyncio.sleep(HEARTBEAT_EVERY)

    def _note(self, message: Sequence[Any] | None) -> None:
        """Keep what an invalidation tells. One without keys is a flush: everything is gone."""
        keys = message[1] if message else None
        if keys is None:
            self._forget_all()
            return
        for key in keys:
            if key.startswith(HEARTBEAT):
                self._lease.came_back(key.removeprefix(HEARTBEAT))
                continue
            self._told = False
            if key.startswith(SESSION):
                self._sessions.add(key.removeprefix(SESSION))
            else:
                self._users.add(key.removeprefix(LIVE))
        if len(self._sessions) + len(self._users) > MOST_TOLD:
            self._forget_all()

    def _forget_all(self) -> None:
        self._everything, self._told = True, False
        self._sessions.clear()
        self._users.clear()

    def _lost(self) -> None:
        """The path is broken: what is missed is everything."""
        self._lease.drop()
        self._forget_all()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _as_it_came(message: Sequence[Any]) -> Sequence[Any]:
    return message
