"""How the MongoDB store is reached, and what it does when it is not."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.models import EndReason
from handstamp.stores.mongodb import MongoStore
from handstamp.testing import NOW, a_profile, a_session
from handstamp.testing.samples import LATER
from parts.mongo_emulator import RunningEmulator, running_emulator
from parts.ports import free_port

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]

SHORT = 0.3
SLACK = 2.0
"""Seconds that a busy machine may add."""


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://user:hunter2@host/",
        "mongodb://user:hunter2@host",
        "mongodb://user:hun@ter2hunter2@host/db",
        "mongodb://user:hunter2@host:99999/db",
        "mongodb://user:hunter2@/db",
        "mongodb://user:12/hunter2@host",
        "mongodb://user:hunter2@host/a b",
        "mongodb://user:hunter2@host/db?authMechanism=hunter2",
        "mongodb://user:hunter2@host/db?hunter2=1",
        "hunter2",
        "mysql://user:hunter2@host/db",
    ],
)
def test_a_url_of_another_form_is_refused_without_showing_it(url: str) -> None:
    """The message says what to do, and repeats no password."""
    with pytest.raises(ConfigurationError, match="mongodb://") as refused:
        MongoStore(url)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["mongodb+srv://user:pass@cluster.example/app", "mongodb://a:1,b:2/app?replicaSet=rs"]
)
def test_clusters_are_named_in_either_way(url: str) -> None:
    """A list of hosts, or a DNS name for one, which is looked up when it is first needed."""
    MongoStore(url)


def test_a_missing_package_names_the_extra() -> None:
    """Without the extra, the message says which one to install."""
    code = "import sys; sys.modules['pymongo'] = None; import handstamp.stores.mongodb"
    outcome = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert "ConfigurationError: MongoDB needs the package pymongo: install handstamp[mongodb]" in outcome.stderr


async def test_a_server_that_stands_alone_is_refused(tmp_path: Path) -> None:
    """Without a replica set there are no transactions and no change streams; the message says what to do."""
    with running_emulator(tmp_path, "--standalone") as alone:
        store = MongoStore(alone.new_url())
        with pytest.raises(ConfigurationError, match=r"--replSet .* rs\.initiate\(\)"):
            await store.migrate()
        with pytest.raises(ConfigurationError, match="--replSet"):
            await store.open()
        await store.close()


@pytest.mark.parametrize("code", [13, 18, 8000])
async def test_a_user_who_may_not_is_a_matter_of_set_up(url: str, failing: RunningEmulator, code: int) -> None:
    """Unauthorized and AuthenticationFailed are told when the store is opened; the message says what to do."""
    store = MongoStore(url)
    await failing.fail(["find", "listIndexes"], errorCode=code)
    with pytest.raises(ConfigurationError, match="user or password"):
        await store.open()
    await store.close()


async def test_nobody_listens() -> None:
    """A refused connection is an outage, told within the time limit; no password is in the message."""
    store = MongoStore(f"mongodb://ada:hunter2@127.0.0.1:{free_port()}/db", time_limit=SHORT)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as refused:
        await store.open()
    assert time.monotonic() - began < SHORT + SLACK
    assert "hunter2" not in f"{refused.value} {refused.value.__cause__}"
    await store.close()


async def test_a_server_that_does_not_answer_is_an_outage_for_every_verb(
    url: str, mongo_store: MongoStore, emulator: RunningEmulator
) -> None:
    """A stopped process keeps its connections open. Each verb gives up within the time limit, all at once here."""
    store = MongoStore(url, time_limit=SHORT)
    await store.open()
    session = a_session()
    began = time.monotonic()
    with emulator.not_answering():
        outcomes = await asyncio.gather(
            store.start_session(session, replaces=None, now=NOW),
            store.start_session(session, replaces="old", now=NOW),
            store.load_session(session.id),
            store.swap_generations(session.id, seen=session.generations, becomes=session.generations, now=NOW),
            store.touch_sessions({session.id: NOW}),
            store.end_session(session.id, reason=EndReason.ADMIN, now=NOW),
            store.end_sessions("ada", reason=EndReason.ADMIN, now=NOW),
            store.list_sessions("ada", now=NOW),
            store.purge_sessions(now=NOW, limit=1),
            store.upsert_identity(a_profile(), user_id="ada", now=NOW),
            store.load_user("ada"),
            store.find_users("ada"),
            store.list_users(),
            store.list_identities("ada"),
            store.change_roles("ada", add=frozenset({"admin"})),
            store.disable_user("ada", now=NOW),
            store.enable_user("ada"),
            store.delete_user("ada"),
            store.consume_challenge("one", expires_at=LATER, now=NOW),
            store.purge_challenges(now=NOW, limit=1),
            store.count_attempt("key", burst=1, every=1.0, now=NOW),
            store.forget_attempts("key"),
            store.purge_attempts(now=NOW, limit=1),
            store.take_lease("work", holder="a", until=LATER, now=NOW),
            store.release_lease("work", holder="a"),
            store.list_events(),
            return_exceptions=True,
        )
        assert time.monotonic() - began < SHORT + SLACK
        assert [outcome for outcome in outcomes if not isinstance(outcome, StoreUnavailable)] == []
        await store.close()
        assert time.monotonic() - began < 2 * (SHORT + SLACK)


async def test_a_store_serves_again_after_an_outage(
    url: str, mongo_store: MongoStore, emulator: RunningEmulator
) -> None:
    """Nothing has to be opened anew."""
    store = MongoStore(url, time_limit=SHORT)
    await store.open()
    with emulator.not_answering(), pytest.raises(StoreUnavailable):
        await store.load_user("ada")
    for _ in range(50):
        try:
            assert await store.load_user("ada") is None
            break
        except StoreUnavailable:
            await asyncio.sleep(0.1)
    else:
        pytest.fail("the store did not come back")
    await store.close()


async def test_waiting_for_a_connection_has_the_same_limit(
    url: str, mongo_store: MongoStore, emulator: RunningEmulator
) -> None:
    """Where the pool is empty, a verb gives up within the time limit."""
    store = MongoStore(f"{url}?maxPoolSize=1", time_limit=SHORT)
    await store.open()
    began = time.monotonic()
    with emulator.not_answering():
        outcomes = await asyncio.gather(*(store.load_user("ada") for _ in range(10)), return_exceptions=True)
    assert time.monotonic() - began < SHORT + SLACK
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    await store.close()


@pytest.mark.parametrize("code", [10107, 189, 11600, 50])
async def test_a_server_that_is_not_primary_is_an_outage(
    mongo_store: MongoStore, url: str, failing: RunningEmulator, code: int
) -> None:
    """Not primary, stepped down, shutting down, out of time: nobody is signed out by it."""
    store = MongoStore(url, time_limit=SHORT)
    await failing.fail(["find", "insert"], errorCode=code)
    with pytest.raises(StoreUnavailable):
        await store.load_session("one")
    with pytest.raises(StoreUnavailable):
        await store.start_session(a_session(), replaces=None, now=NOW)
    await store.close()


async def test_a_write_that_no_majority_has_is_an_outage(mongo_store: MongoStore, failing: RunningEmulator) -> None:
    """Write concern: a sign-out that is acknowledged outlives a fail-over; one that is not, is not acknowledged."""
    session = a_session()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    refusal = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "timed out", "errInfo": {"wtimeout": True}}
    await failing.fail(["findAndModify", "update"], writeConcernError=refusal)
    with pytest.raises(StoreUnavailable):
        await mongo_store.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
    with pytest.raises(StoreUnavailable):
        await mongo_store.touch_sessions({session.id: NOW + 1})


async def test_one_broken_connection_is_not_noticed(mongo_store: MongoStore, failing: RunningEmulator) -> None:
    """Reads and writes are tried once more by the driver, and a write still takes place once."""
    session = a_session()
    await failing.fail(["insert"], times=1, closeConnection=True)
    await mongo_store.start_session(session, replaces=None, now=NOW)
    await failing.fail(["find"], times=1, closeConnection=True)
    assert await mongo_store.load_session(session.id) == session


async def test_a_transaction_runs_again_where_it_met_another(
    mongo_store: MongoStore, failing: RunningEmulator
) -> None:
    """WriteConflict with the label of a transient error."""
    old, new = a_session(), a_session()
    await mongo_store.start_session(old, replaces=None, now=NOW)
    await failing.fail(["findAndModify"], times=2, errorCode=112, errorLabels=["TransientTransactionError"])
    replaced = await mongo_store.start_session(new, replaces=old.id, now=LATER)
    assert replaced is not None
    assert await mongo_store.load_session(new.id) == new


async def test_a_defect_is_not_taken_for_an_outage(mongo_store: MongoStore, failing: RunningEmulator) -> None:
    """BadValue is raised as it is."""
    await failing.fail(["find"], errorCode=2)
    with pytest.raises(OperationFailure) as defect:
        await mongo_store.load_session("one")
    assert defect.value.code == 2


async def test_what_the_url_says_of_concerns_does_not_count(mongo_store: MongoStore, url: str) -> None:
    """An unacknowledged write would let a taken id pass."""
    weak = MongoStore(f"{url}?w=0&readConcernLevel=local&readPreference=secondaryPreferred")
    session = a_session()
    await weak.start_session(session, replaces=None, now=NOW)
    with pytest.raises(ValueError, match="session with this id"):
        await weak.start_session(session, replaces=None, now=NOW)
    assert await weak.load_session(session.id) == session
    await weak.close()


async def test_a_cancelled_transaction_comes_to_its_end(mongo_store: MongoStore) -> None:
    """Its documents do not stay locked: closing waits for it, and it was done whole."""
    old, new = a_session(), a_session()
    await mongo_store.start_session(old, replaces=None, now=NOW)
    call = asyncio.ensure_future(mongo_store.start_session(new, replaces=old.id, now=LATER))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await mongo_store.close()
    kept, ended = await mongo_store.load_session(new.id), await mongo_store.load_session(old.id)
    assert ended is not None
    assert (kept is None) == (ended.ended_at is None)
    assert kept == new


async def test_a_taken_user_id_is_refused(mongo_store: MongoStore) -> None:
    """Another identity cannot take over a user by its id, and leaves nothing behind."""
    user, _ = await mongo_store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    profile = a_profile()
    with pytest.raises(ValueError, match="user with this id"):
        await mongo_store.upsert_identity(profile, user_id="ada", now=NOW)
    assert await mongo_store.load_user("ada") == user
    assert len(await mongo_store.list_identities("ada")) == 1
    _, made = await mongo_store.upsert_identity(profile, user_id="grace", now=NOW)
    assert made


async def test_a_limit_of_nothing_gives_nothing(mongo_store: MongoStore) -> None:
    """MongoDB takes a limit of 0 for none at all."""
    await mongo_store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    await mongo_store.start_session(a_session(expires_at=NOW), replaces=None, now=NOW)
    assert await mongo_store.list_users(limit=0) == ()
    assert await mongo_store.list_events(limit=0) == ()
    assert await mongo_store.purge_sessions(now=LATER, limit=0) == 0
