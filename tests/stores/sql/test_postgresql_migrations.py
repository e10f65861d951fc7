"""How a PostgreSQL database comes to the tables of this version."""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from handstamp.core.errors import ConfigurationError
from handstamp.stores.sql import SqlStore, tables
from handstamp.stores.sql.migrate import upgrade
from handstamp.stores.sql.postgresql.changes import TRIGGERS
from handstamp.stores.sql.rows import event_values, session_values, user_values
from handstamp.stores.sql.tables import REVISION, VERSION_TABLE, metadata
from handstamp.testing import NOW, a_credential, a_session, an_event
from users_before import AFTER, BEFORE

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]

Psql = psycopg.Connection[tuple[object, ...]]

PROCESSES = 10

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


@contextmanager
def at_revision(revision: str, url: str) -> Generator[Connection]:
    """A connection to a database that an older version made."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.begin() as connection:
        upgrade(connection, revision)
        yield connection


async def test_the_migrations_make_the_tables(postgresql_store: SqlStore, psql: Psql) -> None:
    """A migrated database has the tables and indexes of the code; texts are compared byte by byte."""

    def differences(connection: Connection) -> list[object]:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert await postgresql_store._database.read(differences) == []
    others = psql.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    ).fetchall()
    assert others == []


async def test_a_database_of_the_first_version_keeps_its_rows(postgresql_url: str) -> None:
    """Revision 0001 with a session, a used-up sign-in and an event comes to the tables of today."""
    session, event = a_session(), an_event()
    with at_revision("0001", postgresql_url) as connection:
        connection.execute(tables.sessions.insert().values(session_values(session)))
        connection.execute(tables.audit_events.insert().values(event_values(event)))
        connection.execute(tables.challenges.insert().values(id="used", expires_at=NOW + 1))
    store = SqlStore(postgresql_url)
    with pytest.raises(ConfigurationError, match="handstamp migrate"):
        await store.open()
    await store.migrate()
    await store.open()
    assert await store.load_session(session.id) == session
    assert await store.list_events() == (event,)
    assert not await store.consume_challenge("used", expires_at=NOW + 1, now=NOW)
    assert await store.take_lease("work", holder="a", until=NOW + 1, now=NOW)
    assert await store.count_attempt("key", burst=1, every=1.0, now=NOW) == 0.0
    await store.close()
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute(f"TABLE {VERSION_TABLE}".encode()).fetchall() == [(REVISION,)]


async def test_a_verified_address_of_several_stays_with_the_oldest(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Revision 0002 let several users have an address verified: all but the oldest have it unverified, as is told."""
    with at_revision("0002", postgresql_url) as connection:
        connection.execute(tables.users.insert(), [user_values(user) for user in BEFORE])
        connection.execute(tables.user_roles.insert().values(user_id="younger", role="admin"))
    store = SqlStore(postgresql_url)
    await store.migrate()
    await store.open()
    assert await store.list_users() == AFTER
    assert "2 users had an e-mail address verified that an older user has verified too" in caplog.text
    assert await store.claim_email("unproved", "ada@example.org", now=NOW) is None
    assert await store.add_credential(a_credential("younger"), most=1)
    await store.close()


async def test_a_new_table_that_is_somebody_elses_is_refused(postgresql_url: str) -> None:
    """A database of revision 0001 in which the application has a table of a name that is new in 0002."""
    with at_revision("0001", postgresql_url) as connection:
        connection.exec_driver_sql("CREATE TABLE leases (flat text)")
    with pytest.raises(ConfigurationError, match=r"\(leases\).*of its own"):
        await SqlStore(postgresql_url).migrate()


async def test_ten_processes_may_start_at_once(postgresql_url: str) -> None:
    """Each migrates, opens and writes; none fails, and one has made the tables."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE_OPEN_START, postgresql_url, stderr=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    outcomes = [await process.communicate() for process in processes]
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, outcomes, strict=True)] == [
        (0, b"")
    ] * PROCESSES
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (PROCESSES,)
        assert connection.execute(f"TABLE {VERSION_TABLE}".encode()).fetchall() == [(REVISION,)]


async def test_migrating_again_touches_nothing(postgresql_store: SqlStore, psql: Psql) -> None:
    """The triggers are the same rows as before."""
    before = psql.execute("SELECT oid, xmin::text FROM pg_trigger ORDER BY oid").fetchall()
    await postgresql_store.migrate()
    assert psql.execute("SELECT oid, xmin::text FROM pg_trigger ORDER BY oid").fetchall() == before
    assert len(before) >= len(TRIGGERS)


async def test_a_failed_migration_leaves_the_database_as_it_was(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is one transaction."""
    monkeypatch.setattr("handstamp.stores.sql.postgresql.changes.FUNCTIONS", {"wrong": "nonsense"})
    store = SqlStore(postgresql_url)
    with pytest.raises(Exception, match="syntax error"):
        await store.migrate()
    with psycopg.connect(postgresql_url) as connection:
        assert connection.execute("SELECT to_regclass('sessions')").fetchone() == (None,)
    monkeypatch.undo()
    await store.migrate()
    await store.open()
    await store.close()


async def test_a_database_of_somebody_else_is_refused(postgresql_url: str) -> None:
    """Tables of the same names that are not ours are not touched; the message says what to do."""
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE TABLE users (name text)")
    with pytest.raises(ConfigurationError, match=r"\(users\).*of its own"):
        await SqlStore(postgresql_url).migrate()


async def test_a_schema_of_its_own_is_enough(postgresql_url: str) -> None:
    """Beside an application that has tables of the same names."""
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("CREATE TABLE users (name text); CREATE SCHEMA handstamp")
    store = SqlStore(f"{postgresql_url}&options=-csearch_path%3Dhandstamp")
    await store.migrate()
    await store.open()
    session = a_session()
    await store.start_session(session, replaces=None, now=session.created_at)
    assert await store.load_session(session.id) == session
    await store.close()


async def test_who_may_not_make_tables_is_told_what_to_do(postgresql_url: str, psql_role: str) -> None:
    """The owner of a schema can grant it."""
    with pytest.raises(ConfigurationError, match="grant CREATE"):
        await SqlStore(postgresql_url.replace("postgres@", f"{psql_role}@")).migrate()


async def test_a_database_that_was_not_migrated_is_not_opened(postgresql_url: str) -> None:
    """The message says what to do."""
    with pytest.raises(ConfigurationError, match="handstamp migrate"):
        await SqlStore(postgresql_url).open()


async def test_a_database_of_a_newer_version_is_not_opened(psql: Psql, postgresql_url: str) -> None:
    """Whose tables are unknown is not touched, neither by open nor by migrate."""
    psql.execute("UPDATE handstamp_version SET version_num = '9999'")
    store = SqlStore(postgresql_url)
    with pytest.raises(ConfigurationError, match="newer version"):
        await store.open()
    with pytest.raises(ConfigurationError, match="newer version"):
        await store.migrate()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DROP TRIGGER user_roles_deleted ON user_roles", "user_roles_deleted"),
        ("DROP TRIGGER sessions_truncated ON sessions", "sessions_truncated"),
        ("ALTER TABLE sessions DISABLE TRIGGER sessions_updated", "sessions_updated"),
        ("ALTER TABLE sessions ENABLE TRIGGER sessions_updated", "sessions_updated"),
        (
            """CREATE OR REPLACE TRIGGER users_updated AFTER UPDATE OF name ON users
            FOR EACH ROW EXECUTE FUNCTION handstamp_tell_id('user')""",
            "users_updated",
        ),
        (
            """CREATE OR REPLACE FUNCTION handstamp_tell_id() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RETURN NULL; END'""",
            "handstamp_tell_id",
        ),
    ],
)
async def test_a_database_that_would_not_tell_a_change_is_not_opened(
    psql: Psql, postgresql_url: str, statement: str, named: str
) -> None:
    """A trigger that is missing, switched off or another one is named; migrate makes it again."""
    psql.execute(statement.encode())
    store = SqlStore(postgresql_url)
    with pytest.raises(ConfigurationError, match=rf"\({named}\).*handstamp migrate"):
        await store.open()
    await store.migrate()
    await store.open()
    await store.close()
