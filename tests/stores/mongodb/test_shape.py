"""How a database comes to the shape of this version, and whether each query has its index."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pymongo import ASCENDING, AsyncMongoClient
from pymongo.errors import OperationFailure
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import EndReason
from handstamp.stores.mongodb import MongoStore, connection
from handstamp.stores.mongodb.documents import user_document
from handstamp.stores.mongodb.shape import CHALLENGES, CREDENTIALS, INDEXES, SESSIONS, SHAPE, USERS, VERSION, Database
from handstamp.testing import NOW, a_credential, a_profile, a_session, an_event
from parts.mongo_emulator import RunningEmulator
from store_verbs import use_every_way_in
from users_before import AFTER, BEFORE

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]

PROCESSES = 4

MIGRATE_OPEN_START = """
import asyncio, sys
from handstamp.stores.mongodb import MongoStore
from handstamp.testing.samples import NOW, a_session

async def main(url):
    store = MongoStore(url)
    await store.migrate()
    await store.open()
    await store.start_session(a_session(), replaces=None, now=NOW)
    await store.close()

asyncio.run(main(sys.argv[1]))
"""


class Commands(CommandListener):
    """Keeps every command that is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keep it."""
        self.sent.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to keep."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to keep."""


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What stores that are made meanwhile send."""
    listener = Commands()
    monkeypatch.setattr(connection, "AsyncMongoClient", partial(AsyncMongoClient, event_listeners=[listener]))
    return listener


@pytest.fixture
async def store(commands: Commands, url: str) -> AsyncIterator[MongoStore]:
    """An open store whose commands are kept."""
    store = MongoStore(url)
    await store.migrate()
    await store.open()
    commands.sent.clear()
    yield store
    await store.close()


async def use_every_verb(store: MongoStore) -> None:
    """Call each verb, so that each command is sent."""
    session, profile = a_session(user_id="ada"), a_profile()
    await store.start_session(session, replaces="other", now=NOW)
    await store.load_session(session.id)
    await store.swap_generations(session.id, seen=session.generations, becomes=session.generations, now=NOW)
    await store.touch_sessions({session.id: NOW + 1})
    await store.list_sessions("ada", now=NOW)
    await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW, user_id="ada")
    await store.start_session(a_session(user_id="ada", expires_at=NOW), replaces=None, now=NOW)
    await store.end_sessions("ada", reason=EndReason.ADMIN, now=NOW, keep=session.id)
    await store.purge_sessions(now=NOW, limit=10)
    await store.upsert_identity(profile, user_id="ada", now=NOW)
    await store.upsert_identity(replace(profile, name="Countess"), user_id="ada", now=NOW)
    await store.find_users("ada@example.org")
    await store.list_users(after="a", limit=10)
    await store.list_users()
    await store.list_identities("ada")
    await store.change_roles("ada", add=frozenset("a"), remove=frozenset("b"))
    await store.disable_user("ada", now=NOW)
    await store.enable_user("ada")
    await use_every_way_in(store)
    await store.delete_user("ada")
    await store.consume_challenge("one", expires_at=NOW + 1, now=NOW)
    await store.purge_challenges(now=NOW + 1, limit=10)
    for now in (NOW, NOW, NOW + 5):
        await store.count_attempt("key", burst=1, every=5.0, now=now)
    await store.purge_attempts(now=NOW + 10, limit=10)
    await store.forget_attempts("key")
    await store.take_lease("work", holder="a", until=NOW + 1, now=NOW)
    await store.release_lease("work", holder="a")
    await store.record_events(an_event())
    await store.list_events()
    await store.list_events(user_id="ada")


def queries(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The queries of a command as ``find``: each branch of an ``$or`` at the top, for each has its own index."""
    name, collection = next(iter(command.items()))
    order: dict[str, Any] = {key: command[key] for key in ("sort", "limit") if key in command}
    filters = {
        "find": lambda: [command["filter"]],
        "findAndModify": lambda: [command["query"]],
        "update": lambda: [one["q"] for one in command["updates"]],
        "delete": lambda: [one["q"] for one in command["deletes"]],
    }.get(name, list)()
    for which in filters:
        branches = which["$or"] if set(which) == {"$or"} else [which]
        for branch in branches:
            yield {"find": collection, "filter": branch, **order}


def stages(plan: Any) -> Iterator[str]:
    """The stages of a plan."""
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for part in plan.values():
            yield from stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from stages(part)


def goes_by_id(query: dict[str, Any]) -> bool:
    """Whether a query names ``_id``, or walks it in order: each collection has that index by itself."""
    return "_id" in query["filter"] or (query["filter"] == {} and list(query.get("sort", {})) == ["_id"])


async def test_every_query_finds_its_documents_by_an_index(
    store: MongoStore, commands: Commands, shell: Database
) -> None:
    """No plan scans a collection.

    The emulator tells of the index by which it finds, not of the one by which it sorts, and nothing of ``_id``.
    """
    await use_every_verb(store)
    asked = [query for command in list(commands.sent) for query in queries(command)]
    assert {"find", "findAndModify", "update", "delete"} <= {next(iter(command)) for command in commands.sent}
    others = [query for query in asked if not goes_by_id(query)]
    assert len(others) > len(INDEXES)
    for query in others:
        explained = await shell.command({"explain": query})
        plan = set(stages(explained["queryPlanner"]["winningPlan"]))
        assert "IXSCAN" in plan, query
        assert "COLLSCAN" not in plan, query


async def test_every_write_is_for_a_majority(store: MongoStore, commands: Commands) -> None:
    """Each write, or the commit of its transaction, waits for the journals of a majority; reads see what that has."""
    await use_every_verb(store)
    for command in commands.sent:
        name = next(iter(command))
        in_transaction = "autocommit" in command
        if name in {"insert", "update", "delete", "findAndModify"} and not in_transaction:
            assert command["writeConcern"] == {"w": "majority", "j": True}, command
        if name == "commitTransaction":
            assert command["writeConcern"].items() >= {"w": "majority", "j": True}.items()
        if name == "find" and not in_transaction:
            assert command["readConcern"]["level"] == "majority"
        if command.get("startTransaction"):
            assert command["readConcern"]["level"] == "snapshot"


async def test_a_database_that_was_never_migrated_is_not_opened(url: str) -> None:
    """The message says what to do."""
    store = MongoStore(url)
    with pytest.raises(ConfigurationError, match="handstamp migrate"):
        await store.open()
    await store.close()


@pytest.mark.parametrize(
    ("collection", "name"), [(place, index.document["name"]) for place, many in INDEXES.items() for index in many]
)
async def test_an_index_that_is_missing_is_noticed(
    mongo_store: MongoStore, url: str, shell: Database, collection: str, name: str
) -> None:
    """Opening says so, and migrating mends it."""
    await shell[collection].drop_index(name)
    store = MongoStore(url)
    with pytest.raises(ConfigurationError, match=f"{collection} lacks the index {name}: run `handstamp migrate`"):
        await store.open()
    await store.migrate()
    await store.open()
    await store.close()


async def test_an_index_of_another_kind_is_noticed(mongo_store: MongoStore, url: str, shell: Database) -> None:
    """One that would remove challenges too early must not stand in for ours; the message says what to do."""
    await shell[CHALLENGES].drop_index("removed")
    await shell[CHALLENGES].create_index([("expires_on", ASCENDING)], name="removed", expireAfterSeconds=0)
    store = MongoStore(url)
    with pytest.raises(ConfigurationError, match="lacks the index removed"):
        await store.open()
    with pytest.raises(ConfigurationError, match="drop it, then run `handstamp migrate`"):
        await store.migrate()
    await store.close()


async def test_a_newer_database_is_left_alone(mongo_store: MongoStore, url: str, shell: Database) -> None:
    """Neither opened nor migrated."""
    await shell[VERSION].update_one({"_id": "shape"}, {"$set": {"version": SHAPE + 1}})
    store = MongoStore(url)
    for step in (store.open, store.migrate):
        with pytest.raises(ConfigurationError, match="newer version"):
            await step()
    await store.close()


async def test_a_database_of_the_first_version_is_migrated(
    mongo_store: MongoStore, url: str, shell: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Version 1 let several users have an address verified: all but the oldest have it unverified, as is told."""
    await shell[USERS].drop_index("by_verified_email")
    await shell[CREDENTIALS].drop()
    await shell[USERS].insert_many([user_document(user) for user in BEFORE])
    await shell[USERS].update_one({"_id": "younger"}, {"$set": {"roles": ["admin"]}})
    await shell[VERSION].update_one({"_id": "shape"}, {"$set": {"version": 1}})
    store = MongoStore(url)
    with pytest.raises(ConfigurationError, match="not set up for this version: run `handstamp migrate`"):
        await store.open()
    await store.migrate()
    await store.open()
    assert await store.list_users() == AFTER
    assert "2 users had an e-mail address verified that an older user has verified too" in caplog.text
    assert await store.claim_email("unproved", "ada@example.org", now=NOW) is None
    assert await store.add_credential(a_credential("younger"), most=1)
    await store.close()


async def test_any_other_failure_of_a_migration_is_raised(url: str, failing: RunningEmulator) -> None:
    """A defect is not taken for a matter of set-up."""
    store = MongoStore(url)
    await failing.fail(["createIndexes"], errorCode=2)
    with pytest.raises(OperationFailure):
        await store.migrate()
    await store.close()


async def test_processes_may_migrate_at_once(mongo_store: MongoStore, url: str, shell: Database) -> None:
    """Each comes to an open store."""
    command = [sys.executable, "-c", MIGRATE_OPEN_START, f"{url}-together"]
    processes = [await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE) for _ in range(PROCESSES)]
    outcomes = await asyncio.gather(*(process.communicate() for process in processes))
    assert [complaint for _, complaint in outcomes] == [b""] * PROCESSES
    together = shell.client.get_database(f"{shell.name}-together")
    assert await together[SESSIONS].count_documents({}) == PROCESSES
    await shell.client.drop_database(together.name)
