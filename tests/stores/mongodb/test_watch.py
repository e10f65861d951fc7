"""The change stream: changes by hand, broken connections, silence."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from handstamp.core.errors import StoreUnavailable
from handstamp.core.lease import LEASE
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes, EndReason
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.shape import HEARTBEATS, SESSIONS, USERS, Database
from handstamp.testing import NOW, a_profile, a_session
from handstamp.testing.samples import LATER
from parts.mongo_emulator import RunningEmulator
from parts.stalling import StallingProxy, stalling_proxy

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]

PATIENCE = 10.0


async def until(feed: ChangeFeed, wanted: Callable[[Changes], bool]) -> Changes:
    """The first poll that says what is wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(changes := feed.poll(NOW)):
        assert time.monotonic() < deadline, "the feed did not say it"
        await asyncio.sleep(0.005)
    return changes


async def begun(store: MongoStore) -> ChangeFeed:
    """A feed that is coherent and has nothing to tell."""
    feed = store.feed()
    await until(feed, lambda changes: changes is NOTHING_CHANGED)
    return feed


async def told_after(feed: ChangeFeed, change: Awaitable[object]) -> Changes:
    """The first that the feed tells after a change."""
    await change
    return await until(feed, lambda changes: changes not in (NOTHING_CHANGED, UNKNOWN))


@pytest.fixture
async def proxy(mongo_store: MongoStore, emulator: RunningEmulator) -> AsyncIterator[tuple[StallingProxy, int]]:
    """A network between a store and the server."""
    async with stalling_proxy(emulator.port) as running:
        yield running


@pytest.fixture
async def far(proxy: tuple[StallingProxy, int], url: str) -> AsyncIterator[MongoStore]:
    """A store that reaches the server through that network."""
    database = url.rpartition("/")[2]
    store = MongoStore(f"mongodb://127.0.0.1:{proxy[1]}/{database}?directConnection=true", time_limit=1.0)
    await store.open()
    yield store
    await store.close()


async def test_changes_by_hand_are_told(mongo_store: MongoStore, shell: Database) -> None:
    """Whoever writes into the database is seen: an update, a replacement, a deletion, an insertion."""
    session = a_session()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    await mongo_store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    feed = await begun(mongo_store)
    this_one, ada = {"_id": session.id}, {"_id": "ada"}
    ended = Changes(sessions=(session.id,))
    assert await told_after(feed, shell[SESSIONS].update_one(this_one, {"$set": {"ended_at": LATER}})) == ended
    assert await told_after(feed, shell[SESSIONS].delete_one(this_one)) == ended
    changed = Changes(users=("ada",))
    assert await told_after(feed, shell[USERS].update_one(ada, {"$push": {"roles": "admin"}})) == changed
    assert await told_after(feed, shell[USERS].replace_one(ada, {"roles": []})) == changed
    assert await told_after(feed, shell[USERS].delete_many({})) == changed
    assert await told_after(feed, shell[USERS].insert_one({"_id": "ada"})) == changed


async def test_only_what_a_touch_writes_is_passed_over(mongo_store: MongoStore, shell: Database) -> None:
    """``last_used_at`` alone is no change; together with anything else it is."""
    session = a_session()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    feed = await begun(mongo_store)
    this_one = {"_id": session.id}
    await shell[SESSIONS].update_one(this_one, {"$set": {"last_used_at": LATER}})
    both = {"$set": {"last_used_at": LATER + 1, "aal": 2}}
    assert await told_after(feed, shell[SESSIONS].update_one(this_one, both)) == Changes(sessions=(session.id,))
    removed = {"$set": {"last_used_at": LATER + 2}, "$unset": {"address": 1}}
    assert await told_after(feed, shell[SESSIONS].update_one(this_one, removed)) == Changes(sessions=(session.id,))
    await asyncio.sleep(0.2)
    assert feed.poll(NOW) is NOTHING_CHANGED


async def test_what_changes_nothing_is_not_told(mongo_store: MongoStore) -> None:
    """A sign-in as before, a role that is there, a user who is enabled already."""
    profile = a_profile()
    await mongo_store.upsert_identity(profile, user_id="ada", now=NOW)
    await mongo_store.change_roles("ada", add=frozenset({"admin"}))
    feed = await begun(mongo_store)
    await mongo_store.upsert_identity(profile, user_id="grace", now=LATER)
    await mongo_store.change_roles("ada", add=frozenset({"admin"}), remove=frozenset({"other"}))
    await mongo_store.change_roles("ada")
    await mongo_store.enable_user("ada")
    await asyncio.sleep(0.2)
    assert feed.poll(NOW) is NOTHING_CHANGED


@pytest.mark.parametrize("collection", [SESSIONS, USERS])
async def test_a_dropped_collection_changes_everything(
    mongo_store: MongoStore, shell: Database, collection: str
) -> None:
    """Which documents it had, nobody can tell."""
    await shell[collection].insert_one({"_id": "one"})
    feed = await begun(mongo_store)
    assert await told_after(feed, shell.drop_collection(collection)) is EVERYTHING_CHANGED


async def test_a_renamed_collection_changes_everything(mongo_store: MongoStore, shell: Database) -> None:
    """One that takes the place of ours too, as a restored backup does."""
    await shell["restored"].insert_one({"_id": "one"})
    feed = await begun(mongo_store)
    rename = shell["restored"].rename(SESSIONS, dropTarget=True)
    assert (await told_after(feed, rename)).everything


async def test_a_dropped_database_changes_everything_and_is_watched_again(
    mongo_store: MongoStore, shell: Database
) -> None:
    """The server ends the stream then; a new one begins."""
    await shell[SESSIONS].insert_one({"_id": "one"})
    feed = await begun(mongo_store)
    assert (await told_after(feed, shell.client.drop_database(shell.name))).everything
    await until(feed, lambda changes: changes is NOTHING_CHANGED)
    session = a_session()
    changes = await told_after(feed, mongo_store.start_session(session, replaces=None, now=NOW))
    assert changes.everything or changes.sessions == (session.id,)


async def test_another_collection_is_nothing_to_us(mongo_store: MongoStore, shell: Database) -> None:
    """The database may be the application's own."""
    feed = await begun(mongo_store)
    await shell["orders"].insert_one({"_id": "one"})
    await shell["orders"].rename("old_orders")
    await shell.drop_collection("old_orders")
    await asyncio.sleep(0.2)
    assert feed.poll(NOW) is NOTHING_CHANGED


async def test_after_a_broken_connection_the_stream_goes_on_where_it_was(
    mongo_store: MongoStore, far: MongoStore, proxy: tuple[StallingProxy, int]
) -> None:
    """What changed meanwhile is told one by one, before the feed is coherent again."""
    feed = await begun(far)
    session = a_session()
    proxy[0].stall()
    proxy[0].cut()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    proxy[0].flow()
    assert await told_after(feed, asyncio.sleep(0)) == Changes(sessions=(session.id,))
    await until(feed, lambda changes: changes is NOTHING_CHANGED)


async def test_where_the_stream_cannot_go_on_everything_may_have_changed(
    far: MongoStore, proxy: tuple[StallingProxy, int], failing: RunningEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The server has forgotten what came after the last change that was seen (ChangeStreamHistoryLost).

    The log has the kind of the error, and no address.
    """
    feed = await begun(far)
    await failing.fail(["aggregate"], times=2, errorCode=286)
    proxy[0].cut()
    assert await told_after(feed, asyncio.sleep(0)) is EVERYTHING_CHANGED
    await until(feed, lambda changes: changes is NOTHING_CHANGED)
    messages = {record.getMessage() for record in caplog.records if record.name == "handstamp.stores.mongodb"}
    assert "the change stream broke: OperationFailure" in messages


async def test_a_silent_network_costs_at_most_the_lease(
    mongo_store: MongoStore, far: MongoStore, proxy: tuple[StallingProxy, int]
) -> None:
    """No answer from memory is older than the lease: then the store is asked, which is an outage; then it is told.

    Within the lease the feed says that nothing has changed, though it has: that is the price of a silent partition.
    """
    session = a_session()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    feed = await begun(far)
    proxy[0].stall()
    await mongo_store.end_session(session.id, reason=EndReason.ADMIN, now=LATER)
    ended = time.monotonic()
    assert feed.poll(NOW) is NOTHING_CHANGED
    await until(feed, lambda changes: changes is UNKNOWN)
    assert time.monotonic() - ended < LEASE + 0.5
    with pytest.raises(StoreUnavailable):
        await far.load_session(session.id)
    proxy[0].flow()
    changes = await told_after(feed, asyncio.sleep(0))
    assert changes.everything or changes.sessions == (session.id,)
    await until(feed, lambda changes: changes is NOTHING_CHANGED)


async def test_a_server_that_does_not_answer_costs_at_most_the_lease(
    mongo_store: MongoStore, emulator: RunningEmulator
) -> None:
    """A stopped process looks like a silent network; when it goes on, so does the feed."""
    feed = await begun(mongo_store)
    stopped = time.monotonic()
    with emulator.not_answering():
        await until(feed, lambda changes: changes is UNKNOWN)
        assert time.monotonic() - stopped < LEASE + 0.5
    await until(feed, lambda changes: changes is NOTHING_CHANGED)
    session = a_session()
    changes = await told_after(feed, mongo_store.start_session(session, replaces=None, now=NOW))
    assert changes == Changes(sessions=(session.id,))


async def test_heartbeats_of_another_process_prove_nothing(
    mongo_store: MongoStore, far: MongoStore, proxy: tuple[StallingProxy, int], shell: Database
) -> None:
    """Each process has a document of its own, which the server removes when the process is gone."""
    near_feed, far_feed = await begun(mongo_store), await begun(far)
    assert await shell[HEARTBEATS].count_documents({}) == 2
    proxy[0].stall()
    await until(far_feed, lambda changes: changes is UNKNOWN)
    assert near_feed.poll(NOW) is NOTHING_CHANGED


async def test_feeds_of_one_store_share_a_stream(mongo_store: MongoStore, shell: Database) -> None:
    """One stream a process; it ends with the last feed, and a later feed begins another one."""
    one, two = await begun(mongo_store), await begun(mongo_store)
    assert await shell[HEARTBEATS].count_documents({}) == 1
    one.close()
    session = a_session()
    changes = await told_after(two, mongo_store.start_session(session, replaces=None, now=NOW))
    assert changes == Changes(sessions=(session.id,))
    two.close()
    three = await begun(mongo_store)
    assert await shell[HEARTBEATS].count_documents({}) == 2
    await mongo_store.close()
    assert three.poll(NOW) is UNKNOWN
