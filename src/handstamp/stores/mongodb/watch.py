"""The change stream over the database, and the heartbeats that prove that it brings what happens.

A heartbeat is an update of a document of this process. It comes back through the stream, behind every change that a
majority had before. So the lease holds only while changes come through.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from handstamp.core.errors import StoreUnavailable
from handstamp.core.ids import new_session_id
from handstamp.core.lease import HEARTBEAT_EVERY, LEASE, Lease
from handstamp.stores.mongodb.connection import Connection
from handstamp.stores.mongodb.feed import MongoFeed
from handstamp.stores.mongodb.shape import HEARTBEATS, SESSIONS, USERS, Document

SILENCE: Final = 2 * LEASE
"""Seconds without any change, not even a heartbeat, after which the stream is opened anew."""

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_DOUBLINGS: Final = 6

_log = logging.getLogger("handstamp.stores.mongodb")


class _StreamEnded(Exception):  # noqa: N818  named for what is the case
    """The server closed the stream, because what it was about is gone."""


class Watch:
    """Tells the feeds of one process what changes, by anyone's hand, until it is cancelled.

    After a drop the stream goes on where it was. Where that cannot be, everything may have changed.
    """

    def __init__(self, connection: Connection, feeds: Collection[MongoFeed]) -> None:
        self.lease = Lease()
        self._connection = connection
        self._feeds = feeds
        self._id = new_session_id()
        self._token: Mapping[str, Any] | None = None
        self._failures = 0

    async def run(self) -> None:
        """Follow the stream, and open it again whenever it breaks."""
        while True:
            try:
                await self._follow()
            except* (PyMongoError, StoreUnavailable, TimeoutError, _StreamEnded) as broken:
                if broken.subgroup((OperationFailure, _StreamEnded)) is not None:
                    self._token = None
                _log.warning("the change stream broke: %s", ", ".join(_names(broken)))
            except* Exception:  # noqa: BLE001  whatever the fault is, the stream must come back when it has gone
                self._token = None
                _log.exception("the change stream broke")
            self.lease.drop()
            await asyncio.sleep(self._pause())

    async def _follow(self) -> None:
        token = self._token
        async with self._stream(token) as stream:
            if token is None:
                for feed in self._feeds:
                    feed.note_everything()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._send_heartbeats())
                both.create_task(self._read(stream))

    @asynccontextmanager
    async def _stream(self, token: Mapping[str, Any] | None) -> AsyncGenerator[AsyncDatabaseChangeStream[Document]]:
        async with asyncio.timeout(SILENCE):
            stream = await self._connection.database.watch(
                _pipeline(self._id), resume_after=token, max_await_time_ms=int(1000 * HEARTBEAT_EVERY)
            )
        try:
            yield stream
        finally:
            with suppress(PyMongoError, TimeoutError):  # a server that does not answer need not be told
                async with asyncio.timeout(HEARTBEAT_EVERY):
                    await stream.close()

    async def _send_heartbeats(self) -> None:
        while True:
            mark = self.lease.beat(time.monotonic())
            beat = self._connection.collection(HEARTBEATS).update_one(
                {"_id": self._id}, {"$set": {"mark": mark}, "$currentDate": {"at": True}}, upsert=True
            )
            await self._connection.within(LEASE, beat)
            await asyncio.sleep(HEARTBEAT_EVERY)

    async def _read(self, stream: AsyncDatabaseChangeStream[Document]) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    change = await stream.next()
            except StopAsyncIteration:
                raise _StreamEnded from None
            self._take(change)
            self._token = stream.resume_token

    def _take(self, change: Mapping[str, Any]) -> None:
        if "documentKey" not in change:  # a collection or the database was dropped or renamed
            for feed in self._feeds:
                feed.note_everything()
            return
        collection, key = change["ns"]["coll"], change["documentKey"]["_id"]
        if collection == HEARTBEATS:
            self._failures = 0
            self.lease.came_back(change.get("mark", ""))
            return
        if not isinstance(key, str):  # none of ours, and it may be of a kind that cannot be kept
            return
        for feed in self._feeds:
            (feed.note_session if collection == SESSIONS else feed.note_user)(key)

    def _pause(self) -> float:
        """Seconds to the next try: longer each time, and another length in each process."""
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures, _DOUBLINGS))
        self._failures += 1
        return longest * (0.5 + secrets.randbelow(501) / 1000)


def _names(broken: BaseExceptionGroup[Exception]) -> list[str]:
    """The kinds of the errors. Their texts are long."""
    return [
        name
        for error in broken.exceptions
        for name in (_names(error) if isinstance(error, BaseExceptionGroup) else [type(error).__name__])
    ]


def _pipeline(heart: str) -> list[Document]:
    """What the server sends: changes of sessions and users, our heartbeats, and what befell whole collections."""
    watched = [SESSIONS, USERS]
    untold = {"$or": [_changes_only(SESSIONS, "last_used_at"), _changes_only(USERS, "ways_in")]}
    return [
        {
            "$match": {
                "$or": [
                    {"ns.coll": {"$in": watched}},
                    {"to.coll": {"$in": watched}},
                    {"ns.coll": HEARTBEATS, "documentKey._id": heart},
                    {"operationType": {"$in": ["dropDatabase", "invalidate"]}},
                ],
            },
        },
        {"$match": {"$expr": {"$not": [untold]}}},
        {
            "$project": {
                "ns": 1,
                "documentKey": 1,
                "mark": {"$ifNull": ["$updateDescription.updatedFields.mark", "$fullDocument.mark"]},
            },
        },
    ]


def _changes_only(collection: str, field: str) -> Document:
    """Whether an update is of a collection, and of one field of its document."""
    return {
        "$and": [
            {"$eq": ["$ns.coll", collection]},
            {"$eq": ["$operationType", "update"]},
            {"$eq": [_names_of("$updateDescription.updatedFields"), [field]]},
            {"$eq": ["$updateDescription.removedFields", []]},
        ]
    }


def _names_of(document: str) -> Document:
    return {"$map": {"input": {"$objectToArray": document}, "in": "$$this.k"}}
