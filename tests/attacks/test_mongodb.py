"""MongoDB, attacked: documents that no program of ours would write."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from bson import Binary, ObjectId
from pymongo import AsyncMongoClient

from handstamp.core.models import NOTHING_CHANGED, EndReason
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.shape import SESSIONS, USERS
from handstamp.testing import NOW, a_session
from parts.mongo_emulator import RunningEmulator

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]

PATIENCE = 10.0


@pytest.fixture
async def store(emulator: RunningEmulator) -> AsyncIterator[MongoStore]:
    """An open store."""
    store = MongoStore(emulator.new_url())
    await store.migrate()
    await store.open()
    yield store
    await store.close()


async def test_ids_of_any_kind_leave_the_feed_alive(store: MongoStore) -> None:
    """An id that is a document cannot be kept in a dict. It ended the feed of every process, for good."""
    feed, session = store.feed(), a_session()
    await store.start_session(session, replaces=None, now=NOW)
    async with asyncio.timeout(PATIENCE):
        while feed.poll(NOW) is not NOTHING_CHANGED:  # noqa: ASYNC110  a feed is polled
            await asyncio.sleep(0.01)
    async with AsyncMongoClient[dict[str, object]](store._connection._url) as client:
        by_hand = client.get_default_database()
        for kind in ({"tenant": 1, "user": 2}, ObjectId(), 7, Binary(b"\x00"), None):
            await by_hand[USERS].insert_one({"_id": kind})
            await by_hand[SESSIONS].insert_one({"_id": kind})
    await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
    async with asyncio.timeout(PATIENCE):
        while session.id not in (changes := feed.poll(NOW)).sessions:
            assert changes.coherent
            await asyncio.sleep(0.01)
