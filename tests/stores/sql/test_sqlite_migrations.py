"""How a SQLite database comes to the tables of this version."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from handstamp.core.errors import ConfigurationError
from handstamp.stores.sql import SqlStore, tables
from handstamp.stores.sql.migrate import upgrade
from handstamp.stores.sql.rows import event_values, session_values, user_values
from handstamp.stores.sql.sqlite.changes import TRIGGERS
from handstamp.stores.sql.tables import REVISION, VERSION_TABLE, metadata
from handstamp.testing import NOW, a_credential, a_session, an_event
from users_before import AFTER, BEFORE

PROCESSES = 6

MIGRATE_OPEN_START = """
import asyncio, sys
from handstamp.stores.sql import SqlStore
from handstamp.testing.samples import NOW, a_session

async def main(url):
    store = SqlStore(url)
    await store.migrate()
    await store.open()
    await store.start_session(a_session(), replaces=None, now=NOW)
    await store.close()

asyncio.run(main(sys.argv[1]))
"""


def schema(database: Path) -> dict[str, str]:
    """Name and definition of all that the database has, without those of SQLite itself and of Alembic."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    # The order of constraints and the quotes of a definition do not matter, its words do.
    return {
        name: " ".join(sorted(sql.replace('"', "").replace(",", " ").split()))
        for name, sql in rows
        if not name.startswith(("sqlite_", VERSION_TABLE))
    }


async def test_the_migrations_make_the_tables(sqlite_store: SqlStore, database: Path, tmp_path: Path) -> None:
    """A migrated database has the tables and indexes of the code, and what tells changes besides."""
    fresh = tmp_path / "fresh.db"
    engine = create_engine(f"sqlite:///{fresh}")
    metadata.create_all(engine)
    engine.dispose()
    expected, made = schema(fresh), schema(database)
    assert {name: sql for name, sql in made.items() if name not in TRIGGERS and name != "changes"} == expected
    assert TRIGGERS.keys() <= made.keys()


def test_the_code_knows_the_newest_migration() -> None:
    """``REVISION`` is the head of the scripts, and the revisions are numbers in their order."""
    config = Config()
    config.set_main_option("script_location", "handstamp.stores.sql:migrations")
    config.set_main_option("path_separator", "os")
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert revisions[0] == REVISION
    assert revisions == sorted(revisions, reverse=True)


async def test_a_database_of_the_first_version_keeps_its_rows(database: Path) -> None:
    """Revision 0001 with a session, a used-up sign-in and an event comes to the tables of today."""
    session, event = a_session(), an_event()
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(tables.sessions.insert().values(session_values(session)))
        connection.execute(tables.audit_events.insert().values(event_values(event)))
        connection.execute(tables.challenges.insert().values(id="used", expires_at=NOW + 1))
    engine.dispose()
    store = SqlStore(f"sqlite:///{database}")
    await store.migrate()
    await store.open()
    assert await store.load_session(session.id) == session
    assert await store.list_events() == (event,)
    assert not await store.consume_challenge("used", expires_at=NOW + 1, now=NOW)
    assert await store.take_lease("work", holder="a", until=NOW + 1, now=NOW)
    assert await store.count_attempt("key", burst=1, every=1.0, now=NOW) == 0.0
    await store.close()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [(REVISION,)]  # noqa: S608  a constant


async def test_a_verified_address_of_several_stays_with_the_oldest(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Revision 0002 let several users have an address verified: all but the oldest have it unverified, as is told."""
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        upgrade(connection, "0002")
        connection.execute(tables.users.insert(), [user_values(user) for user in BEFORE])
        connection.execute(tables.user_roles.insert().values(user_id="younger", role="admin"))
    engine.dispose()
    store = SqlStore(f"sqlite:///{database}")
    await store.migrate()
    await store.open()
    assert await store.list_users() == AFTER
    assert "2 users had an e-mail address verified that an older user has verified too" in caplog.text
    assert await store.claim_email("unproved", "ada@example.org", now=NOW) is None
    assert await store.add_credential(a_credential("younger"), most=1)
    await store.close()


async def test_a_new_table_that_is_somebody_elses_is_refused(database: Path) -> None:
    """A database of revision 0001 in which the application has a table of a name that is new in 0002."""
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.exec_driver_sql("CREATE TABLE leases (flat)")
    engine.dispose()
    before = schema(database)
    with pytest.raises(ConfigurationError, match=r"\(leases\).*of its own"):
        await SqlStore(f"sqlite:///{database}").migrate()
    assert schema(database) == before


async def test_migrating_again_touches_nothing(sqlite_store: SqlStore, shell: sqlite3.Connection) -> None:
    """A database that fits is not written, so that no feed has anything to tell."""
    (before,) = shell.execute("PRAGMA data_version").fetchone()
    await sqlite_store.migrate()
    assert shell.execute("PRAGMA data_version").fetchone() == (before,)


async def test_six_processes_may_start_at_once(database: Path) -> None:
    """Each migrates, opens and writes; none fails."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE_OPEN_START, f"sqlite:///{database}", stderr=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    outcomes = [await process.communicate() for process in processes]
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, outcomes, strict=True)] == [
        (0, b"")
    ] * PROCESSES
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (PROCESSES,)


async def test_stores_of_many_databases_may_migrate_at_once(tmp_path: Path) -> None:
    """Alembic's global context is in nobody's way."""
    stores = [SqlStore(f"sqlite:///{tmp_path}/{number}.db") for number in range(4)]
    await asyncio.gather(*(store.migrate() for store in stores))
    for store in stores:
        await store.open()
        await store.start_session(a_session(), replaces=None, now=NOW)
        await store.close()


async def test_a_failed_migration_leaves_the_database_as_it_was(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is one transaction."""
    monkeypatch.setattr("handstamp.stores.sql.sqlite.changes.TRIGGERS", {"wrong": "CREATE TRIGGER wrong"})
    store = SqlStore(f"sqlite:///{database}")
    with pytest.raises(sqlite3.OperationalError):
        await store.migrate()
    assert schema(database) == {}
    monkeypatch.undo()
    await store.migrate()
    await store.open()
    await store.close()


async def test_a_database_of_somebody_else_is_refused(database: Path) -> None:
    """Tables of the same names that are not ours are not touched; the message says what to do."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE users (name)")
    before = schema(database)
    with pytest.raises(ConfigurationError, match=r"\(users\).*of its own"):
        await SqlStore(f"sqlite:///{database}").migrate()
    assert schema(database) == before


async def test_tables_of_other_names_are_no_hindrance(database: Path) -> None:
    """The application may keep its own tables, and its own Alembic, in the same database."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("CREATE TABLE notes (text); CREATE TABLE alembic_version (version_num)")
    store = SqlStore(f"sqlite:///{database}")
    await store.migrate()
    await store.open()
    await store.close()


async def test_a_folder_that_is_missing_is_a_matter_of_configuration(tmp_path: Path) -> None:
    """The message names the path."""
    with pytest.raises(ConfigurationError, match=r"missing/app\.db"):
        await SqlStore(f"sqlite:///{tmp_path}/missing/app.db").migrate()


def test_to_open_a_store_needs_no_alembic(database: Path) -> None:
    """Alembic takes 0.2 s to import, which only a migration is worth."""
    code = "import sys, handstamp.stores.sql; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


def test_the_package_itself_needs_no_sqlalchemy() -> None:
    """``import handstamp`` stays quick."""
    code = "import sys, handstamp; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
