"""What is open, attacked: rows that nobody can read, and news of people who have nothing open."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from pymongo import AsyncMongoClient

from handstamp.core.models import Changes, EndReason
from handstamp.services.live import Live
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.shape import SESSIONS, USERS, Database
from parts.mongo_emulator import RunningEmulator
from world import World

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]

PATIENCE = 15.0


@dataclass(eq=False)
class Opened:
    """A connection that remembers why it was closed."""

    reason: EndReason | None = None

    def stop(self, reason: EndReason) -> bool:
        """Take note; there are no last words."""
        self.reason = reason
        return False

    async def say_last_words(self) -> None:
        """Nothing."""


@pytest.fixture
async def store(emulator: RunningEmulator) -> AsyncIterator[MongoStore]:
    """An open store."""
    store = MongoStore(emulator.new_url())
    await store.migrate()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def by_hand(store: MongoStore) -> AsyncIterator[Database]:
    """The database in the hands of a person."""
    async with AsyncMongoClient[dict[str, object]](store._connection._url) as client:
        yield client.get_default_database()


async def all_closed(*opened: Opened) -> None:
    """Wait until every one of them is."""
    async with asyncio.timeout(PATIENCE):
        while not all(one.reason for one in opened):  # noqa: ASYNC110  what is waited for knows no event
            await asyncio.sleep(0.01)


async def test_documents_that_cannot_be_read_keep_nobody_elses_connection_open(
    store: MongoStore, by_hand: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Twenty users lost a field by hand. To look at them fails, and whoever else was ended is still put out."""
    world = World(store, processes=1)
    live = Live(world[0].check, world[0].cache, time.time)  # noqa: TID251  as Auth has it
    issued = [await world.signed_in(now=time.time()) for _ in range(60)]  # noqa: TID251  the server's time counts too
    opened = [Opened() for _ in issued]
    for connection, one in zip(opened, issued, strict=True):
        live.add(connection, one.session, vouched=False)
    spoilt, others = issued[::3], [one for number, one in enumerate(issued) if number % 3]
    users = [one.session.user_id for one in spoilt]
    await by_hand[USERS].update_many({"_id": {"$in": users}}, {"$unset": {"picture": ""}})
    ids = [one.session.id for one in others]
    await by_hand[SESSIONS].update_many({"_id": {"$in": ids}}, {"$set": {"ended_at": 1.0, "end_reason": "admin"}})
    await all_closed(*(connection for number, connection in enumerate(opened) if number % 3))
    assert {connection.reason for connection in opened[::3]} == {None}
    assert "not read" in caplog.text

    await by_hand[USERS].update_many({"_id": {"$in": users}}, {"$set": {"picture": None, "disabled_at": 1.0}})
    await all_closed(*opened)
    assert {connection.reason for connection in opened[::3]} == {EndReason.USER_DISABLED}
    await live.close()


async def test_news_of_others_is_not_kept_where_nothing_is_open_any_more(store: MongoStore) -> None:
    """A process that once had a WebSocket would else keep the id of everybody who signs in."""
    world = World(store, processes=1)
    live = Live(world[0].check, world[0].cache, time.time)  # noqa: TID251  as Auth has it
    connection = Opened()
    live.add(connection, (await world.signed_in(now=time.time())).session, vouched=True)  # noqa: TID251  see above
    await asyncio.sleep(0)
    del connection
    assert len(live) == 0
    live.changed(Changes(users=tuple(map(str, range(10_000))), sessions=tuple(map(str, range(10_000)))))
    (watch,) = live._watches.values()
    assert not watch._users
    assert not watch._suspects
    await live.close()
