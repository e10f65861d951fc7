"""The MongoDB store: its parts as one."""

import asyncio
from contextlib import suppress
from typing import Final

from handstamp.core.protocols import ChangeFeed
from handstamp.stores.mongodb.audit import MongoAudit
from handstamp.stores.mongodb.challenges import MongoChallenges
from handstamp.stores.mongodb.connection import Connection
from handstamp.stores.mongodb.credentials import MongoCredentials
from handstamp.stores.mongodb.feed import MongoFeed
from handstamp.stores.mongodb.identities import MongoIdentities
from handstamp.stores.mongodb.leases import MongoLeases
from handstamp.stores.mongodb.mail import MongoMail
from handstamp.stores.mongodb.sessions import MongoSessions
from handstamp.stores.mongodb.throttle import MongoThrottle
from handstamp.stores.mongodb.users import MongoUsers
from handstamp.stores.mongodb.watch import Watch

TIME_LIMIT: Final = 5.0


class MongoStore(
    MongoSessions,
    MongoUsers,
    MongoIdentities,
    MongoCredentials,
    MongoChallenges,
    MongoThrottle,
    MongoLeases,
    MongoAudit,
    MongoMail,
):
    """Keeps everything in a MongoDB database, which may be the application's own.

    Every write is acknowledged by a majority of the replica set, every read is what a majority has, at the primary.
    The object belongs to the event loop in which it is opened, until it is closed. It is opened after a fork, in
    each process.

    Args:
        url: ``mongodb://user:password@host:27017/database`` or ``mongodb+srv://…``, with any option of the driver.
        time_limit: How long a verb may wait for the server, in seconds; then it raises ``StoreUnavailable``.

    Raises:
        ConfigurationError: The URL has another form; the message says what to do.
    """

    def __init__(self, url: str, *, time_limit: float = TIME_LIMIT) -> None:
        super().__init__(Connection(url, time_limit=time_limit))
        self._time_limit = time_limit
        self._feeds: set[MongoFeed] = set()
        self._watch: Watch | None = None
        self._watching: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """See ``Store``."""
        await self._connection.open()

    async def migrate(self) -> None:
        """See ``Store``."""
        await self._connection.migrate()

    def feed(self) -> ChangeFeed:
        """See ``Store``. To be called in the event loop: all feeds share one change stream, which is read there."""
        if self._watch is None:
            self._watch = Watch(self._connection, self._feeds)
            task = asyncio.get_running_loop().create_task(self._watch.run())
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)
        feed = MongoFeed(self._watch.lease, self._closed)
        self._feeds.add(feed)
        return feed

    async def close(self) -> None:
        """See ``Store``. Feeds are closed too."""
        for feed in tuple(self._feeds):
            feed.close()
        with suppress(TimeoutError):  # the server need not be told; the tasks are cancelled anyway
            async with asyncio.timeout(self._time_limit):
                await asyncio.gather(*self._watching, return_exceptions=True)
        await self._connection.close()

    def _closed(self, feed: MongoFeed) -> None:
        self._feeds.discard(feed)
        if not self._feeds:
            self._watch = None
            for task in self._watching:
                task.cancel()
