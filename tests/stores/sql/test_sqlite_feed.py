"""What the feed of SQLite tells of writers that are not handstamp, and of files that go away."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, EndReason
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.sqlite.epoch import Epoch
from handstamp.stores.sql.sqlite.feed import LOOK_EVERY, MOST_TOLD
from handstamp.testing import NOW, a_profile, a_session

SOON = NOW + LOOK_EVERY + 0.001
LATER = SOON + LOOK_EVERY + 0.001

END_IN_ANOTHER_PROCESS = """
import asyncio, sys
from handstamp.core.models import EndReason
from handstamp.stores.sql import SqlStore

async def main(url, session_id):
    store = SqlStore(url)
    await store.open()
    assert await store.end_session(session_id, reason=EndReason.ADMIN, now=0.0)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""

MANY_CHANGES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO changes (kind, key) SELECT 'session', n FROM numbers
"""


def end_in_another_process(database: Path, session_id: str) -> None:
    """Another handstamp process ends a session."""
    code = [sys.executable, "-c", END_IN_ANOTHER_PROCESS, f"sqlite:///{database}", session_id]
    subprocess.run(code, check=True, timeout=30)


def remove(database: Path) -> None:
    """Remove a database and its log."""
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def put_in_place(backup: Path, database: Path) -> None:
    """Restore a backup as it should be done: without the log of the database that was there."""
    remove(database)
    backup.replace(database)


@pytest.fixture
async def feed(sqlite_store: SqlStore, shell: sqlite3.Connection) -> ChangeFeed:
    """A feed that looked at ``NOW``. There are the sessions "one" and "two", and the users "ada" and "bob"."""
    for session_id in ("one", "two"):
        await sqlite_store.start_session(a_session(id=session_id), replaces=None, now=NOW)
    for user_id in ("ada", "bob"):
        await sqlite_store.upsert_identity(a_profile(), user_id=user_id, now=NOW)
    await sqlite_store.change_roles("ada", add=frozenset({"admin"}))
    feed = sqlite_store.feed()
    feed.poll(NOW)
    return feed


@pytest.fixture(autouse=True)
def _closed(feed: ChangeFeed) -> Iterator[None]:
    yield
    feed.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE sessions SET ended_at = 1 WHERE id = 'one'", {"one"}),
        ("UPDATE sessions SET user_id = 'bob' WHERE id = 'one'", {"one"}),
        ("UPDATE sessions SET id = 'three' WHERE id = 'one'", {"one", "three"}),
        ("UPDATE OR REPLACE sessions SET id = 'two' WHERE id = 'one'", {"one", "two"}),
        ("INSERT OR REPLACE INTO sessions SELECT * FROM sessions WHERE id = 'one'", {"one"}),
        ("DELETE FROM sessions WHERE id = 'one'", {"one"}),
        ("DELETE FROM sessions", {"one", "two"}),
        ("INSERT INTO users (id, created_at, email_verified) VALUES ('eve', 0, 0)", {"eve"}),
        ("UPDATE users SET disabled_at = 1 WHERE id = 'ada'", {"ada"}),
        ("UPDATE users SET id = 'eve' WHERE id = 'ada'", {"ada", "eve"}),
        ("INSERT OR REPLACE INTO users SELECT * FROM users WHERE id = 'ada'", {"ada"}),
        ("DELETE FROM users WHERE id = 'ada'", {"ada"}),
        ("INSERT INTO user_roles VALUES ('bob', 'admin')", {"bob"}),
        ("UPDATE user_roles SET role = 'analyst'", {"ada"}),
        ("UPDATE user_roles SET user_id = 'bob'", {"ada", "bob"}),
        ("DELETE FROM user_roles", {"ada"}),
    ],
)
async def test_a_change_by_hand_is_told_within_50_ms(
    feed: ChangeFeed, shell: sqlite3.Connection, statement: str, told: set[str]
) -> None:
    """What the sqlite3 shell writes is told by the next look, and once."""
    shell.execute(statement)
    changes = feed.poll(SOON)
    assert set(changes.sessions + changes.users) == told
    assert (changes.coherent, changes.everything) == (True, False)
    assert feed.poll(LATER) is NOTHING_CHANGED


async def test_use_by_hand_is_not_told(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """Use of a session is not a change, whoever writes it."""
    shell.execute("UPDATE sessions SET last_used_at = last_used_at + 1")
    assert feed.poll(SOON) is NOTHING_CHANGED


async def test_a_change_that_is_rolled_back_is_not_told(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """Only what is committed is told."""
    shell.execute("BEGIN")
    shell.execute("UPDATE sessions SET ended_at = 1")
    assert feed.poll(SOON) is NOTHING_CHANGED
    shell.execute("ROLLBACK")
    assert feed.poll(LATER) is NOTHING_CHANGED


async def test_a_clock_that_goes_back_is_a_reason_to_look(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """A look in what is now the future does not count."""
    shell.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'one'")
    assert feed.poll(NOW - 3600).sessions == ("one",)


async def test_another_process_is_told_of_at_once(feed: ChangeFeed, database: Path) -> None:
    """A session ended by another handstamp process is told without any time going by."""
    await asyncio.to_thread(end_in_another_process, database, "one")
    assert feed.poll(NOW).sessions == ("one",)


async def test_a_writer_that_died_before_its_stamp_is_told_of_within_50_ms(
    feed: ChangeFeed, sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commit and stamp are two steps; whoever dies between them is found by the next look."""
    monkeypatch.setattr(Epoch, "stamp", lambda _epoch: None)
    await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    assert feed.poll(NOW) is NOTHING_CHANGED
    assert feed.poll(SOON).sessions == ("one",)


async def test_a_deleted_epoch_file_is_made_again(feed: ChangeFeed, database: Path) -> None:
    """The feed forgets everything, makes the file again, and goes on."""
    epoch = database.with_name("app.db-epoch")
    epoch.unlink()
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    assert epoch.stat().st_size == 8
    assert feed.poll(SOON) is NOTHING_CHANGED


async def test_an_epoch_file_that_is_not_yet_written_is_made_whole(
    feed: ChangeFeed, sqlite_store: SqlStore, database: Path
) -> None:
    """Of two processes that make the file at once, one may find it empty."""
    epoch = database.with_name("app.db-epoch")
    epoch.unlink()
    epoch.touch()
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    assert epoch.stat().st_size == 8
    await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    assert feed.poll(SOON).sessions == ("one",)


async def test_a_writer_that_makes_the_epoch_file_again_is_told_of(
    feed: ChangeFeed, sqlite_store: SqlStore, database: Path
) -> None:
    """A stamp on a new file is not seen in the old one; the next look finds the new file."""
    database.with_name("app.db-epoch").unlink()
    await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    await sqlite_store.end_session("two", reason=EndReason.ADMIN, now=NOW)
    assert feed.poll(SOON).sessions == ("two",)


async def test_a_backup_in_place_of_the_database_changes_everything(
    feed: ChangeFeed, sqlite_store: SqlStore, shell: sqlite3.Connection, database: Path
) -> None:
    """Feed, reads and writes all go over to the file that took the place."""
    backup = database.with_name("backup.db")
    shell.execute("VACUUM INTO ?", (str(backup),))
    await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    shell.close()
    put_in_place(backup, database)
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    restored = await sqlite_store.load_session("one")
    assert restored is not None
    assert restored.ended_at is None
    assert await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW) is not None
    assert feed.poll(SOON).sessions == ("one",)
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("SELECT ended_at FROM sessions WHERE id = 'one'").fetchone() == (NOW,)


async def test_a_backup_restored_into_the_database_changes_everything(
    feed: ChangeFeed, sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """The change at which the feed stood is not there any more, or is another one."""
    with closing(sqlite3.connect(":memory:")) as backup:
        shell.backup(backup)
        await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
        assert feed.poll(NOW).sessions == ("one",)
        backup.backup(shell)
    await sqlite_store.end_session("two", reason=EndReason.ADMIN, now=NOW)
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    assert feed.poll(LATER) is NOTHING_CHANGED


async def test_changes_that_were_pruned_change_everything(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """A feed that is behind the oldest change cannot tell what it missed."""
    shell.execute("UPDATE sessions SET ended_at = 1")
    shell.execute("DELETE FROM changes WHERE id < (SELECT max(id) FROM changes)")
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    assert feed.poll(LATER) is NOTHING_CHANGED


async def test_changes_that_were_all_removed_change_everything(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """Without a row to stand at, every commit may have changed everything."""
    shell.execute("DELETE FROM changes")
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    shell.execute("UPDATE sessions SET ended_at = 1 WHERE id = 'one'")
    assert feed.poll(LATER) is EVERYTHING_CHANGED


async def test_more_changes_than_can_be_told_change_everything(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """Above 10,000 changes the feed does not tell each."""
    shell.execute(MANY_CHANGES, (MOST_TOLD + 1,))
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    shell.execute(MANY_CHANGES, (MOST_TOLD,))
    assert len(feed.poll(LATER).sessions) == MOST_TOLD


async def test_a_missing_database_is_unknown_until_it_is_back(
    feed: ChangeFeed, shell: sqlite3.Connection, database: Path
) -> None:
    """Any error is unknown, each poll looks again, and what happened meanwhile cannot be told."""
    shell.execute("VACUUM INTO ?", (str(database.with_name("backup.db")),))
    shell.close()
    remove(database)
    assert feed.poll(SOON) is UNKNOWN
    assert feed.poll(SOON) is UNKNOWN
    put_in_place(database.with_name("backup.db"), database)
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    assert feed.poll(SOON) is NOTHING_CHANGED


async def test_a_dropped_trigger_is_unknown_until_it_is_made_again(
    feed: ChangeFeed, sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """A feed does not vouch for a database in which changes are not noted."""
    shell.execute("DROP TRIGGER users_updated")
    assert feed.poll(SOON) is UNKNOWN
    assert feed.poll(SOON) is UNKNOWN
    await sqlite_store.migrate()
    assert feed.poll(SOON) is EVERYTHING_CHANGED
    assert feed.poll(SOON) is NOTHING_CHANGED


async def test_a_trigger_made_again_tells_that_everything_changed(
    feed: ChangeFeed, sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """A feed that saw nothing of it either learns that changes may have gone unnoted."""
    shell.execute("DROP TRIGGER users_updated")
    shell.execute("UPDATE users SET disabled_at = 1")
    await sqlite_store.migrate()
    assert feed.poll(SOON) is EVERYTHING_CHANGED


async def test_other_changes_of_the_schema_do_not_matter(feed: ChangeFeed, shell: sqlite3.Connection) -> None:
    """A table of somebody else is none of the feed's business."""
    shell.execute("CREATE TABLE notes (text)")
    assert feed.poll(SOON) is NOTHING_CHANGED


async def test_a_feed_is_unknown_after_a_fork(feed: ChangeFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to SQLite must not be carried across a fork; closing it there is left to the parent."""
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        assert feed.poll(SOON) is UNKNOWN
        assert feed.poll(SOON) is UNKNOWN
    assert feed.poll(SOON) is NOTHING_CHANGED


async def test_a_feed_of_a_store_that_cannot_be_read_begins_later(database: Path) -> None:
    """Where nothing can be opened yet the feed is unknown, and at its beginning everything has changed."""
    store = SqlStore(f"sqlite:///{database.with_name('later.db')}")
    feed = store.feed()
    assert feed.poll(NOW) is UNKNOWN
    await store.migrate()
    assert feed.poll(NOW) is EVERYTHING_CHANGED
    assert feed.poll(NOW) is NOTHING_CHANGED
    feed.close()


async def test_a_feed_pins_no_state_of_the_database(
    feed: ChangeFeed, sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """After a poll the write-ahead log can be emptied."""
    await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    feed.poll(NOW)
    assert shell.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


async def test_a_poll_without_news_runs_no_statement(
    feed: ChangeFeed, shell: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks a poll compares a word in memory."""
    monkeypatch.setattr(feed, "_look", None)
    shell.execute("UPDATE sessions SET ended_at = 1")
    assert feed.poll(NOW + LOOK_EVERY - 0.001) is NOTHING_CHANGED
