"""What the feed of PostgreSQL tells of writers that are not handstamp, and of connections that break."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

import psycopg
import pytest

from handstamp.core.lease import HEARTBEAT_EVERY, LEASE
from handstamp.core.models import NOTHING_CHANGED, UNKNOWN, Changes, EndReason
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.postgresql.changes import TRIGGERS
from handstamp.stores.sql.postgresql.feed import MOST_TOLD
from handstamp.testing import NOW, a_profile, a_session
from parts.postgresql import RunningPostgresql

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]

Psql = psycopg.Connection[tuple[object, ...]]

MADE_AGAIN = (
    f"CREATE TRIGGER sessions_updated {TRIGGERS['sessions_updated'][1]};"
    "ALTER TABLE sessions ENABLE ALWAYS TRIGGER sessions_updated"
)

PATIENCE = 10.0
"""Seconds for what takes milliseconds on an idle machine, or a lease and a reconnection."""

LISTENING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN handstamp'"


async def first(feed: ChangeFeed, *, coherent: bool = True) -> Changes:
    """The first answer of the feed that is coherent, or is not, and does not say that nothing has changed."""
    async with asyncio.timeout(PATIENCE):
        while True:
            changes = feed.poll(NOW)
            if changes is not NOTHING_CHANGED and changes.coherent is coherent:
                return changes
            await asyncio.sleep(0.001)


async def coherent(feed: ChangeFeed) -> ChangeFeed:
    """The feed when it has begun."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if feed.poll(NOW) is NOTHING_CHANGED:
                return feed
            await asyncio.sleep(0.001)


@contextmanager
def standing_still(pid: int) -> Generator[None]:
    """A process of the server does nothing, and keeps its connection."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def listening_pid(psql: Psql) -> int:
    """The process of the server that the feed listens to."""
    row = psql.execute(LISTENING).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.fixture
async def feed(postgresql_store: SqlStore) -> AsyncIterator[ChangeFeed]:
    """A feed that has begun. There are the sessions "one" and "two", and the users "ada" and "bob"."""
    for session_id in ("one", "two"):
        await postgresql_store.start_session(a_session(id=session_id), replaces=None, now=NOW)
    for user_id in ("ada", "bob"):
        await postgresql_store.upsert_identity(a_profile(), user_id=user_id, now=NOW)
    await postgresql_store.change_roles("ada", add=frozenset({"admin"}))
    feed = await coherent(postgresql_store.feed())
    yield feed
    feed.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE sessions SET ended_at = 1 WHERE id = 'one'", {"one"}),
        ("UPDATE sessions SET id = 'three' WHERE id = 'one'", {"one", "three"}),
        ("DELETE FROM sessions", {"one", "two"}),
        ("INSERT INTO users (id, created_at, email_verified) VALUES ('eve', 0, false)", {"eve"}),
        ("UPDATE users SET disabled_at = 1 WHERE id = 'ada'", {"ada"}),
        ("DELETE FROM users WHERE id = 'ada'", {"ada"}),
        ("INSERT INTO user_roles VALUES ('bob', 'admin')", {"bob"}),
        ("UPDATE user_roles SET user_id = 'bob'", {"ada", "bob"}),
        ("DELETE FROM user_roles", {"ada"}),
        ("SET session_replication_role = replica; DELETE FROM sessions WHERE id = 'one'", {"one"}),
    ],
)
async def test_a_change_by_hand_is_told(feed: ChangeFeed, psql: Psql, statement: str, told: set[str]) -> None:
    """What psql writes is told, and once; what a replication or a restore writes, too."""
    psql.execute(statement.encode())
    changes = await first(feed)
    assert set(changes.sessions + changes.users) == told
    assert changes.everything is False
    assert feed.poll(NOW) is NOTHING_CHANGED


@pytest.mark.parametrize("table", ["sessions", "user_roles", "users CASCADE"])
async def test_truncate_changes_everything(feed: ChangeFeed, psql: Psql, table: str) -> None:
    """TRUNCATE names no row."""
    psql.execute(f"TRUNCATE {table}".encode())
    assert (await first(feed)).everything


@pytest.mark.parametrize("payload", ["everything", "anything else", "", "session-one"])
async def test_what_cannot_be_read_changes_everything(feed: ChangeFeed, psql: Psql, payload: str) -> None:
    """A notification of a newer version, or by hand, may mean any change."""
    psql.execute("SELECT pg_notify('handstamp', %s)", (payload,))
    assert (await first(feed)).everything


async def test_a_key_that_is_longer_than_a_notification_changes_everything(feed: ChangeFeed, psql: Psql) -> None:
    """The row is written all the same."""
    psql.execute("UPDATE sessions SET id = repeat('ü', 2000) || id WHERE id = 'one'")
    assert len((await first(feed)).sessions) == 2
    psql.execute("INSERT INTO user_roles SELECT 'ada', 'b'")
    await first(feed)
    psql.execute("ALTER TABLE sessions DROP CONSTRAINT sessions_pkey")  # an index holds no such key
    psql.execute("UPDATE sessions SET id = repeat('x', 9000) WHERE id = 'two'")
    assert (await first(feed)).everything


async def test_use_and_what_is_rolled_back_are_not_told(feed: ChangeFeed, psql: Psql) -> None:
    """Neither is a change; the one after them is told."""
    psql.execute("UPDATE sessions SET last_used_at = last_used_at + 1")
    with psql.transaction(force_rollback=True):
        psql.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'one'")
    psql.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'two'")
    assert (await first(feed)).sessions == ("two",)


async def test_more_changes_than_can_be_told_change_everything(feed: ChangeFeed, psql: Psql) -> None:
    """Above 10,000 changes the feed does not tell each."""
    psql.execute(
        "SELECT pg_notify('handstamp', 'session:' || n) FROM generate_series(1, %s) AS n", (MOST_TOLD + 1,)
    ).fetchall()
    await asyncio.sleep(0.5)
    assert (await first(feed)).everything
    assert feed.poll(NOW) is NOTHING_CHANGED


async def test_what_came_before_a_request_is_told_to_it_however_long_the_loop_was_held_up(
    feed: ChangeFeed, psql: Psql
) -> None:
    """The turn of the loop that reads a request reads the notification too, before the request's task runs."""
    psql.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'one'")
    time.sleep(0.1)  # noqa: ASYNC251  the hold-up
    await asyncio.sleep(0)  # the turn that reads
    await asyncio.sleep(0)
    assert feed.poll(NOW).sessions == ("one",)


async def test_no_answer_is_older_than_the_lease_when_the_server_stands_still(
    feed: ChangeFeed, postgresql_store: SqlStore, psql: Psql
) -> None:
    """A connection that is open and silent is found out by the lease, replaced, and everything has changed then."""
    with standing_still(listening_pid(psql)):
        await postgresql_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
        ended = time.monotonic()
        assert await first(feed, coherent=False) is UNKNOWN
        assert time.monotonic() - ended <= LEASE + 0.1
        # Another process of the server takes its place while the first one still stands still.
        assert (await first(feed)).everything
    psql.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'two'")
    assert (await first(feed)).sessions == ("two",)


async def test_a_connection_that_is_ended_is_noticed_at_once(feed: ChangeFeed, psql: Psql) -> None:
    """No lease is waited for; what was missed cannot be told."""
    psql.execute("SELECT pg_terminate_backend(%s)", (listening_pid(psql),))
    async with asyncio.timeout(LEASE / 3):
        assert await first(feed, coherent=False) is UNKNOWN
    assert (await first(feed)).everything
    assert feed.poll(NOW) is NOTHING_CHANGED


async def test_a_server_that_stops_and_starts(
    feed: ChangeFeed, postgresql_store: SqlStore, postgresql: RunningPostgresql
) -> None:
    """While it is away nobody vouches for anything; afterwards the feed goes on by itself."""
    postgresql.stop()
    try:
        assert await first(feed, coherent=False) is UNKNOWN
    finally:
        postgresql.start()
    assert (await first(feed)).everything
    await postgresql_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    assert (await first(feed)).sessions == ("one",)


async def test_a_feed_does_not_vouch_where_a_trigger_is_missing(postgresql_store: SqlStore, psql: Psql) -> None:
    """It looks when it begins to listen; migrate makes the trigger again."""
    psql.execute("DROP TRIGGER users_updated ON users")
    feed = postgresql_store.feed()
    await asyncio.sleep(0.1)
    assert feed.poll(NOW) is UNKNOWN
    await postgresql_store.migrate()
    assert (await first(feed)).everything
    feed.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER sessions_updated ON sessions",
        "ALTER TABLE sessions DISABLE TRIGGER sessions_updated",
        "DROP FUNCTION handstamp_tell_id CASCADE",
        "CREATE OR REPLACE FUNCTION handstamp_tell_id() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "ALTER TABLE sessions RENAME TO others",
    ],
)
async def test_triggers_that_go_while_a_feed_listens_are_missed_within_the_lease(
    feed: ChangeFeed, psql: Psql, statement: str
) -> None:
    """The next heartbeat is not sent: some second, and three where the machine has no time."""
    psql.execute(statement.encode())
    gone = time.monotonic()
    assert await first(feed, coherent=False) is UNKNOWN
    assert time.monotonic() - gone < LEASE
    await asyncio.sleep(2 * HEARTBEAT_EVERY)
    assert feed.poll(NOW) is UNKNOWN


@pytest.mark.parametrize(
    ("off", "on"),
    [
        (
            "ALTER TABLE sessions DISABLE TRIGGER sessions_updated",
            "ALTER TABLE sessions ENABLE ALWAYS TRIGGER sessions_updated",
        ),
        ("DROP TRIGGER sessions_updated ON sessions", MADE_AGAIN),
    ],
)
async def test_what_was_done_while_triggers_were_off_is_noticed(
    feed: ChangeFeed, psql: Psql, off: str, on: str
) -> None:
    """They are as they were when the next heartbeat is sent, and yet others: everything may have changed."""
    psql.execute(off.encode())
    psql.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'one'")
    psql.execute(on.encode())
    assert await first(feed, coherent=False) is UNKNOWN
    assert (await first(feed)).everything
    psql.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'two'")
    assert (await first(feed)).sessions == ("two",)


async def test_nobody_hears_the_heartbeats_of_others(feed: ChangeFeed, postgresql_url: str) -> None:
    """In the channel of changes there is nothing while nothing changes, however many processes there are."""
    async with await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as process:
        await process.execute("LISTEN handstamp")
        assert [heard async for heard in process.notifies(timeout=2 * HEARTBEAT_EVERY)] == []
    assert feed.poll(NOW) is NOTHING_CHANGED


async def test_a_heartbeat_comes_behind_what_was_committed_before_it(feed: ChangeFeed, postgresql_url: str) -> None:
    """In another channel, by another connection: one queue, in the order of the commits."""
    async with (
        await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as process,
        await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as one,
        await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as other,
    ):
        await process.execute("LISTEN beats")
        await process.execute("LISTEN handstamp")
        sent: list[tuple[str, str]] = []
        for number in range(200):
            for connection, channel in ((one, "handstamp"), (other, "beats")):
                await connection.execute("SELECT pg_notify(%s, %s)", (channel, f"session:{number}"))
                sent.append((channel, f"session:{number}"))
        heard = [(one.channel, one.payload) async for one in process.notifies(timeout=PATIENCE, stop_after=len(sent))]
    assert heard == sent
    assert len((await first(feed)).sessions) == 200


async def test_a_feed_cannot_tell_after_a_fork(feed: ChangeFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child has a loop of its own, and leaves the parent's feed alone when it closes its copy."""

    async def polled() -> Changes:
        return feed.poll(NOW)

    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        assert await asyncio.to_thread(asyncio.run, polled()) is UNKNOWN
    assert feed.poll(NOW) is NOTHING_CHANGED


def test_a_feed_whose_loop_is_gone_begins_anew_in_the_next(postgresql_url: str) -> None:
    """Between loops, and outside of any, it cannot tell; in the new one, everything has changed."""
    store = SqlStore(postgresql_url)
    feeds: list[ChangeFeed] = []

    async def begin() -> None:
        await store.migrate()
        await store.open()
        feeds.append(await coherent(store.feed()))

    async def go_on() -> None:
        assert feeds[0].poll(NOW) is UNKNOWN
        assert (await first(feeds[0])).everything
        feeds[0].close()
        await store.close()

    asyncio.run(begin())
    assert feeds[0].poll(NOW) is UNKNOWN
    asyncio.run(go_on())


async def test_a_feed_of_a_store_that_was_closed_cannot_tell(feed: ChangeFeed, postgresql_store: SqlStore) -> None:
    """Its connection is closed with the others."""
    await postgresql_store.close()
    assert await first(feed, coherent=False) is UNKNOWN
