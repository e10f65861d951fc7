"""The change feed of PostgreSQL: one connection that listens, read as soon as something arrives.

Three things that this relies on, from the manual's page on NOTIFY and its source (``async.c``): notifications of all
transactions, whatever their channel, go through one queue in the order of their commits; a transaction that commits
wakes every listening session before its client is answered; a session that listens gets all that is committed after
LISTEN has returned.

The event loop reads the socket in a callback, not in a task. What arrived before a request is therefore known before
the code that answers that request runs, even where a handler has held up the loop.

Heartbeats are sent by the connections that load sessions, not by the listening one. So each that comes back proves
that the server which answers us is the server at which we listen, and that a transaction of another connection
reaches us: what the listening connection tells itself would come back from a server that everybody else has left.
They go to a channel that this feed alone listens to, so that nobody hears those of others. As there is one queue,
they come behind every change that was committed before they were sent, as they would in one channel:
``PreCommit_Notify`` takes a lock before it writes to the queue, and keeps it until the commit; a session reads the
queue from front to back, and passes over what is in channels of others.

A heartbeat is sent only where the triggers are what they were when the feed began, which is looked up in the
statement that sends it. One that comes back says, too, that changes were told until it was sent.
"""

import asyncio
import logging
import os
import secrets
import time
from contextlib import ExitStack, suppress
from typing import Final, Protocol

import psycopg

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.ids import new_session_id
from handstamp.core.lease import HEARTBEAT_EVERY, LEASE, Lease
from handstamp.core.models import NOTHING_CHANGED, UNKNOWN, Changes
from handstamp.stores.sql.postgresql.changes import CHANNEL
from handstamp.stores.sql.postgresql.connect import Driver
from handstamp.stores.sql.postgresql.listener import listen

MOST_TOLD: Final = 10_000
"""More changes than this at once are told as ``everything``."""

_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 5.0
"""Seconds before a lost connection is made anew; each time twice as long."""

_KINDS: Final = ("session", "user")

_LOG: Final = logging.getLogger("handstamp.store")


class Source(Protocol):
    """What a feed needs of its database."""

    async def listening_connection(self) -> Driver:
        """A connection of its own."""
        ...

    async def state(self) -> str:
        """What the triggers are: another text as soon as one was changed, or made anew."""
        ...

    async def check(self) -> None:
        """See that the triggers are there."""
        ...

    async def beat(self, channel: str, mark: str, *, state: str, limit: float) -> bool:
        """Notify by a connection that loads sessions, if the triggers have this state; whether they have."""
        ...


class PostgresqlFeed:
    """A feed that listens in the event loop in which it was made. Anywhere else, and after a fork, it cannot tell.

    When that loop has been closed, the first poll in another one begins anew there.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._process = os.getpid()
        self._closed = False
        self._lease = Lease()
        self._channel = f"{CHANNEL}_{new_session_id()}"
        self._told = _Told()
        self._opened = ExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        loop = _running_loop()
        if loop is not None:
            self._begin(loop)

    def poll(self, now: float) -> Changes:
        """See ``ChangeFeed``. About 0.5 µs where nothing has changed. The lease is measured by a monotonic clock."""
        del now
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return UNKNOWN
        if loop is not self._loop or not self._lease.holds(time.monotonic()):
            return self._unknown(loop)
        return self._told.taken() if self._told else NOTHING_CHANGED

    def close(self) -> None:
        """See ``ChangeFeed``."""
        self._closed = True
        self._lease.drop()
        loop, task = self._loop, self._task
        if loop is not None and task is not None and os.getpid() == self._process:
            with suppress(RuntimeError):  # the loop is closed, and the task with it
                loop.call_soon_threadsafe(task.cancel)
            if loop is _running_loop():
                self._opened.close()

    def _unknown(self, loop: asyncio.AbstractEventLoop) -> Changes:
        ours_is_gone = self._loop is None or self._loop.is_closed()
        if ours_is_gone and not self._closed and os.getpid() == self._process:
            self._lost()
            self._begin(loop)
        return UNKNOWN

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task = loop.create_task(self._listen_again_and_again())

    def _lost(self) -> None:
        """Whatever happens until somebody listens again is not told."""
        self._lease.drop()
        self._told.everything = True

    async def _listen_again_and_again(self) -> None:
        delay = _FIRST_DELAY
        while True:
            began = time.monotonic()
            try:
                await self._listen()
            except (psycopg.Error, OSError, StoreUnavailable, ConfigurationError) as error:
                _LOG.warning("changes are not heard now, and every request asks the store: %s", error)
            except Exception:  # noqa: BLE001  whatever the fault is, the feed must come back when it has gone
                _LOG.exception("changes are not heard now, and every request asks the store")
            finally:
                self._lost()
            if time.monotonic() - began > _LONGEST_DELAY:
                delay = _FIRST_DELAY
            await asyncio.sleep(delay * (0.5 + secrets.randbelow(1000) / 1000))  # not all processes at once
            delay = min(2 * delay, _LONGEST_DELAY)

    async def _listen(self) -> None:
        """Listen until the connection is lost, or has been silent for as long as the lease.

        Raises:
            psycopg.Error, OSError, StoreUnavailable: It was lost, or there is none.
            ConfigurationError: The triggers are not there, or were changed while the feed listened.
        """
        connection = await self._source.listening_connection()
        with ExitStack() as self._opened:
            lost = await listen(connection, self._channel, self._hear, self._opened)
            state = await self._source.state()  # before the check: what is changed after it is another state
            await self._source.check()
            began = time.monotonic()
            while not lost.done():
                await self._beat(self._lease.beat(time.monotonic()), state)
                await asyncio.wait([lost], timeout=HEARTBEAT_EVERY)
                now = time.monotonic()
                if not self._lease.holds(now) and now - began > LEASE:
                    raise TimeoutError("no heartbeat has come back")
            raise lost.result()

    async def _beat(self, mark: str, state: str) -> None:
        try:
            as_it_was = await self._source.beat(self._channel, mark, state=state, limit=HEARTBEAT_EVERY)
        except StoreUnavailable:
            _LOG.debug("a heartbeat could not be sent", exc_info=True)  # the lease runs out by itself
            return
        if not as_it_was:
            raise ConfigurationError("what tells the changes was changed itself")

    def _hear(self, channel: str, payload: str) -> None:
        if channel == self._channel:
            self._lease.came_back(payload)
        else:
            kind, _, key = payload.partition(":")
            self._told.add(kind, key)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Told:
    """What has been heard and not been told yet. Empty: falsy."""

    __slots__ = ("_keys", "everything")

    def __init__(self) -> None:
        self.everything = False
        self._keys: dict[tuple[str, str], None] = {}

    def __bool__(self) -> bool:
        return self.everything or bool(self._keys)

    def add(self, kind: str, key: str) -> None:
        """Note a change. What is no change of a session or user may be any change."""
        if kind not in _KINDS or len(self._keys) >= MOST_TOLD:
            self.everything = True
            self._keys.clear()
        elif not self.everything:
            self._keys[kind, key] = None

    def taken(self) -> Changes:
        """All of it as changes; nothing is left here."""
        keys, everything = self._keys, self.everything
        self._keys, self.everything = {}, False
        return Changes(
            everything=everything,
            sessions=tuple(key for kind, key in keys if kind == "session"),
            users=tuple(key for kind, key in keys if kind == "user"),
        )
