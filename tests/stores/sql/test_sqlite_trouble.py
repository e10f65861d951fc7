"""What the SQLite store does when something is in its way."""

import asyncio
import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy.exc
from sqlalchemy import Connection

from handstamp.core.errors import ConfigurationError, HandstampError, StoreUnavailable
from handstamp.core.models import EndReason
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.sqlite import SqliteDatabase
from handstamp.testing import CALLERS, NOW, a_profile, a_session
from parts.sqlite_file import locked, read_only

TIME_LIMIT = 0.2

OLD_CHANGES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12000)
INSERT INTO changes (at) SELECT ? FROM numbers
"""


def exists(path: Path) -> bool:
    """Whether there is a file."""
    return path.exists()


def remove(path: Path) -> None:
    """Remove a file."""
    path.unlink()


def make_empty(path: Path) -> None:
    """Make a database without tables."""
    path.touch()


def make_other(path: Path) -> None:
    """Make a file that is no database."""
    path.write_bytes(b"no database at all" * 100)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:memory?mode=memory&uri=true",
    ],
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    """No second connection could see it; the message names what to use."""
    with pytest.raises(ConfigurationError, match=r"MemoryStore|without host and options"):
        SqlStore(url)


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "sqlite+aiosqlite:///a.db", "hunter2", "sqlite://host/a.db", "a.db"]
)
def test_any_other_url_is_refused_without_showing_it(url: str) -> None:
    """The message says what to do, and repeats no password."""
    with pytest.raises(ConfigurationError) as refused:
        SqlStore(url)
    assert "sqlite:///" in str(refused.value)
    assert "hunter2" not in str(refused.value)


async def test_a_relative_path_is_resolved_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that changes its working directory keeps its database."""
    monkeypatch.chdir(tmp_path)
    store = SqlStore("sqlite:///app.db")
    monkeypatch.chdir("/")
    await store.migrate()
    assert (tmp_path / "app.db").exists()


@pytest.mark.parametrize("package", ["sqlalchemy", "alembic"])
def test_a_missing_package_names_the_extra(package: str, tmp_path: Path) -> None:
    """Without the extra, the message says which one to install."""
    code = (
        f"import asyncio, sys; sys.modules['{package}'] = None\n"
        "from handstamp.stores.sql import SqlStore\n"
        f"asyncio.run(SqlStore('sqlite:///{tmp_path}/app.db').migrate())"
    )
    outcome = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert "ConfigurationError" in outcome.stderr
    assert f"{package}: install handstamp[sql]" in outcome.stderr


async def test_a_missing_database_is_not_opened(database: Path) -> None:
    """Open makes none; the message says what to do."""
    with pytest.raises(ConfigurationError, match="handstamp migrate"):
        await SqlStore(f"sqlite:///{database}").open()
    assert exists(database) is False


async def test_an_empty_database_is_not_opened(database: Path) -> None:
    """A database without tables needs migrate."""
    make_empty(database)
    with pytest.raises(ConfigurationError, match="handstamp migrate"):
        await SqlStore(f"sqlite:///{database}").open()


async def test_a_file_that_is_no_database_is_not_opened(database: Path) -> None:
    """A file of something else cannot be asked."""
    make_other(database)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SqlStore(f"sqlite:///{database}").open()


async def test_a_file_that_is_no_database_is_not_migrated(database: Path) -> None:
    """A file of something else is left as it is."""
    make_other(database)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SqlStore(f"sqlite:///{database}").migrate()


async def test_a_database_that_cannot_be_written_is_not_migrated(shared_folder: Path) -> None:
    """A database that is only to be read gets no tables."""
    database = shared_folder / "app.db"
    make_empty(database)
    with read_only(shared_folder), pytest.raises(StoreUnavailable, match="readonly"):
        await SqlStore(f"sqlite:///{database}").migrate()


async def test_an_old_sqlite_is_refused(
    sqlite_store: SqlStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below 3.35 an UPDATE cannot give back what it changed."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ConfigurationError, match="too old"):
        await SqlStore(f"sqlite:///{database}").open()


async def test_a_database_of_a_newer_version_is_not_opened(shell: sqlite3.Connection, database: Path) -> None:
    """Whose tables are unknown is not touched, neither by open nor by migrate."""
    shell.execute("UPDATE handstamp_version SET version_num = '9999'")
    store = SqlStore(f"sqlite:///{database}")
    with pytest.raises(ConfigurationError, match="newer version"):
        await store.open()
    with pytest.raises(ConfigurationError, match="newer version"):
        await store.migrate()


async def test_a_database_without_a_trigger_is_not_opened(shell: sqlite3.Connection, database: Path) -> None:
    """The message names the trigger that is missing; migrate makes it again."""
    shell.execute("DROP TRIGGER user_roles_deleted")
    store = SqlStore(f"sqlite:///{database}")
    with pytest.raises(ConfigurationError, match=r"user_roles_deleted.*handstamp migrate"):
        await store.open()
    await store.migrate()
    await store.open()
    await store.close()


async def test_a_database_with_a_changed_trigger_is_not_opened(shell: sqlite3.Connection, database: Path) -> None:
    """A trigger of the right name that does something else is missing too."""
    shell.execute("DROP TRIGGER sessions_deleted")
    shell.execute("CREATE TRIGGER sessions_deleted AFTER DELETE ON sessions BEGIN SELECT 1; END")
    with pytest.raises(ConfigurationError, match="sessions_deleted"):
        await SqlStore(f"sqlite:///{database}").open()


async def test_a_store_that_is_not_open_is_unavailable(database: Path) -> None:
    """Before open and after close nothing is answered."""
    store = SqlStore(f"sqlite:///{database}")
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.load_session("one")
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.end_session("one", reason=EndReason.ADMIN, now=NOW)


async def test_a_store_is_refused_after_a_fork(sqlite_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to SQLite must not be carried across a fork."""
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        with pytest.raises(ConfigurationError, match="in each process"):
            await sqlite_store.load_session("one")
        with pytest.raises(ConfigurationError, match="in each process"):
            await sqlite_store.open()


async def test_only_the_owner_may_read_the_files(sqlite_store: SqlStore, database: Path) -> None:
    """Database, log, index and epoch are made with mode 0600, whatever the umask."""
    await sqlite_store.start_session(a_session(), replaces=None, now=NOW)
    modes = {path.name: path.stat().st_mode & 0o777 for path in database.parent.iterdir()}
    assert modes == dict.fromkeys(("app.db", "app.db-wal", "app.db-shm", "app.db-epoch"), 0o600)


async def test_a_locked_database_is_unavailable_within_the_limit_and_can_still_be_read(
    sqlite_store: SqlStore, database: Path
) -> None:
    """Each of many callers hears so in time; nobody who only reads waits; afterwards all is well."""
    session = a_session()
    await sqlite_store.start_session(session, replaces=None, now=NOW)
    store = SqlStore(f"sqlite:///{database}", time_limit=TIME_LIMIT)
    await store.open()
    with locked(database):
        async with asyncio.timeout(10 * TIME_LIMIT):
            outcomes = await asyncio.gather(
                *(store.end_session(session.id, reason=EndReason.ADMIN, now=NOW) for _ in range(CALLERS)),
                return_exceptions=True,
            )
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
        assert await store.load_session(session.id) == session
        assert await store.list_sessions(session.user_id, now=NOW) == (session,)
    assert await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW) is not None
    await store.close()


async def test_a_store_can_be_closed_while_it_waits(sqlite_store: SqlStore, database: Path) -> None:
    """Close does not wait longer than a verb does, and whoever waits hears that the store is unavailable."""
    store = SqlStore(f"sqlite:///{database}", time_limit=TIME_LIMIT)
    await store.open()
    with locked(database):
        waiting = asyncio.ensure_future(store.start_session(a_session(), replaces=None, now=NOW))
        await asyncio.sleep(0)
        await store.close()
        with pytest.raises(StoreUnavailable):
            await waiting


async def test_a_full_disk_is_unavailable_and_can_still_be_read(sqlite_store: SqlStore) -> None:
    """A session that cannot be written changes nothing; those that are there go on."""
    session = a_session()
    await sqlite_store.start_session(session, replaces=None, now=NOW)
    await sqlite_store._database.write(
        lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1").close()
    )
    large = a_session(user_agent="x" * 1_000_000)
    with pytest.raises(StoreUnavailable, match="full"):
        await sqlite_store.start_session(large, replaces=session.id, now=NOW)
    assert await sqlite_store.load_session(session.id) == session
    assert await sqlite_store.load_session(large.id) is None


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that others may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_a_database_that_cannot_be_written_can_be_read_and_watched(shared_folder: Path) -> None:
    """Opened where everything is read-only: reads and the feed work, each write is unavailable."""
    url = f"sqlite:///{shared_folder / 'app.db'}"
    writer = SqlStore(url)
    await writer.migrate()
    await writer.open()
    session = a_session()
    await writer.start_session(session, replaces=None, now=NOW)
    store = SqlStore(url)
    with read_only(shared_folder):
        await store.open()
        feed = store.feed()
        assert await store.load_session(session.id) == session
        assert await store.list_sessions(session.user_id, now=NOW) == (session,)
        with pytest.raises(StoreUnavailable):
            await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
        with pytest.raises(StoreUnavailable):
            await store.touch_sessions({session.id: NOW + 1})
        await store.close()
    feed.poll(NOW)
    await writer.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
    assert feed.poll(NOW).sessions == (session.id,)
    feed.close()
    await writer.close()


async def test_a_vanished_database_is_unavailable_and_not_made_anew(sqlite_store: SqlStore, database: Path) -> None:
    """An empty database in its place would sign everybody out, and forget who was signed out."""
    remove(database)
    with pytest.raises(StoreUnavailable):
        await sqlite_store.load_session("one")
    with pytest.raises(StoreUnavailable):
        await sqlite_store.end_session("one", reason=EndReason.ADMIN, now=NOW)
    with pytest.raises(StoreUnavailable):
        await sqlite_store.list_sessions("ada", now=NOW)
    assert exists(database) is False


async def test_another_database_in_its_place_is_checked_like_the_first(
    sqlite_store: SqlStore, database: Path
) -> None:
    """A database that does not fit is not read or written, even if it came later."""
    remove(database)
    make_empty(database)
    for call in (
        sqlite_store.load_user("ada"),
        sqlite_store.enable_user("ada"),
        sqlite_store.list_users(),
    ):
        with pytest.raises(StoreUnavailable, match="handstamp migrate"):
            await call


async def test_a_defect_is_not_taken_for_an_outage(sqlite_store: SqlStore) -> None:
    """A wrong statement is raised as it is, and the store is usable after it."""

    def wrong(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT FROM WHERE")

    with pytest.raises(sqlalchemy.exc.OperationalError, match="syntax error"):
        await sqlite_store._database.write(wrong)
    await sqlite_store.start_session(a_session(), replaces=None, now=NOW)


async def test_a_missing_table_is_a_defect(sqlite_store: SqlStore, shell: sqlite3.Connection) -> None:
    """The read on the path of a request does not take it for an outage either."""
    shell.execute("DROP TABLE sessions")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await sqlite_store.load_session("one")


async def test_a_disk_without_room_for_the_epoch_is_unavailable_before_anything_is_written(
    sqlite_store: SqlStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be told is not done."""
    session = a_session()
    await sqlite_store.start_session(session, replaces=None, now=NOW)
    remove(database.with_name("app.db-epoch"))

    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StoreUnavailable, match="no space"):
        await sqlite_store.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
    assert await sqlite_store.load_session(session.id) == session


async def test_an_error_shows_no_value_of_a_row(sqlite_store: SqlStore) -> None:
    """Neither the error nor what caused it repeats a parameter."""
    session = a_session()
    await sqlite_store.start_session(session, replaces=None, now=NOW)
    with pytest.raises(ValueError, match="this id") as refused:
        await sqlite_store.start_session(replace(session, address="192.0.2.77"), replaces=None, now=NOW)
    assert "192.0.2.77" not in repr(refused.value.__cause__) + str(refused.value.__cause__)


def test_two_event_loops_may_use_a_store_in_turn(database: Path) -> None:
    """A test client runs each request on a new loop; calls that wait are no hindrance."""
    store, session = SqlStore(f"sqlite:///{database}"), a_session()

    async def first() -> None:
        await store.migrate()
        await store.open()
        await store.start_session(session, replaces=None, now=NOW)
        await contended()

    async def contended() -> None:
        await asyncio.gather(*(store.touch_sessions({session.id: NOW + n}) for n in range(CALLERS)))

    async def last() -> None:
        assert await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
        await store.close()

    for step in (first, contended, last):
        asyncio.run(step())


def test_two_event_loops_may_use_a_store_at_once(database: Path) -> None:
    """Of callers on several loops, too, one ends the session."""
    store, session = SqlStore(f"sqlite:///{database}"), a_session()
    outcomes: list[object] = []

    async def begin() -> None:
        await store.migrate()
        await store.open()
        await store.start_session(session, replaces=None, now=NOW)

    async def end() -> None:
        calls = [store.end_session(session.id, reason=EndReason.ADMIN, now=NOW) for _ in range(CALLERS)]
        outcomes.extend(await asyncio.gather(*calls))

    asyncio.run(begin())
    threads = [Thread(target=asyncio.run, args=(end(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(store.close())
    assert len(outcomes) == 4 * CALLERS
    assert sum(outcome is not None for outcome in outcomes) == 1


async def test_a_loop_that_is_gone_takes_no_connection_with_it(sqlite_store: SqlStore) -> None:
    """A verb whose loop was stopped in its midst leaves the store usable for another loop."""
    session = a_session()

    def abandoned() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(sqlite_store.start_session(session, replaces=None, now=NOW))
        loop.call_soon(loop.stop)
        loop.run_forever()
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()

    await asyncio.to_thread(abandoned)
    assert await sqlite_store.list_sessions(session.user_id, now=NOW) in {(), (session,)}
    await sqlite_store.start_session(a_session(), replaces=None, now=NOW)


async def test_an_end_written_by_hand_counts(sqlite_store: SqlStore, shell: sqlite3.Connection) -> None:
    """Whatever was written as the reason."""
    session = a_session()
    await sqlite_store.start_session(session, replaces=None, now=NOW)
    shell.execute("UPDATE sessions SET ended_at = strftime('%s', 'now'), end_reason = 'because'")
    loaded = await sqlite_store.load_session(session.id)
    assert loaded is not None
    assert loaded.ended_because(NOW) is EndReason.UNKNOWN


async def test_an_identity_whose_user_was_deleted_by_hand_can_sign_up_again(
    sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """The sqlite3 shell enforces no foreign key, and leaves the identity behind."""
    profile = a_profile()
    await sqlite_store.upsert_identity(profile, user_id="ada", now=NOW)
    shell.execute("DELETE FROM users")
    user, made = await sqlite_store.upsert_identity(profile, user_id="countess", now=NOW)
    assert (user.id, made) == ("countess", True)
    assert len(await sqlite_store.list_identities("countess")) == 1


async def test_old_changes_are_pruned_with_the_sessions(sqlite_store: SqlStore, shell: sqlite3.Connection) -> None:
    """Those older than an hour go, many or few; the newest stays whatever its age."""
    (clock,) = shell.execute("SELECT at FROM changes").fetchone()
    shell.execute("DELETE FROM changes")
    shell.execute(OLD_CHANGES, (clock - 3610,))
    shell.execute("INSERT INTO changes (at) VALUES (?), (?)", (clock - 3500, clock))
    await sqlite_store.purge_sessions(now=clock, limit=1)
    assert shell.execute("SELECT at FROM changes").fetchall() == [(clock - 3500,), (clock,)]
    shell.execute("UPDATE changes SET at = ?", (clock - 3610,))
    await sqlite_store.purge_sessions(now=clock, limit=1)
    assert shell.execute("SELECT at FROM changes").fetchall() == [(clock - 3610,)]


async def test_a_process_whose_clock_is_ahead_prunes_nothing_that_is_fresh(
    sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """Changes bear the time of the machine. By another clock all could go, and every feed would forget everything."""
    (clock,) = shell.execute("SELECT at FROM changes").fetchone()
    shell.execute("INSERT INTO changes (at) VALUES (?)", (clock,))
    before = shell.execute("SELECT id FROM changes").fetchall()
    await sqlite_store.purge_sessions(now=clock + 100_000, limit=1)
    assert shell.execute("SELECT id FROM changes").fetchall() == before


async def test_a_commit_is_on_the_disk_before_a_verb_returns(sqlite_store: SqlStore) -> None:
    """The connection that writes has the settings that make a sign-out outlive a loss of power."""

    def pragmas(connection: Connection) -> dict[str, object]:
        names = ("synchronous", "journal_mode", "foreign_keys")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    expected = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}
    assert await sqlite_store._database.write(pragmas) == expected


async def test_lists_are_read_by_a_connection_that_cannot_write(sqlite_store: SqlStore) -> None:
    """So that a read can never wait for, or become, a writer."""

    def write(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM sessions")

    with pytest.raises(HandstampError, match="readonly"):
        await sqlite_store._database.read(write)


def test_the_database_of_a_store_is_sqlite(database: Path) -> None:
    """The URL chooses it."""
    assert isinstance(SqlStore(f"sqlite:///{database}")._database, SqliteDatabase)
