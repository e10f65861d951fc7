"""What the tests of the SQL stores share."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from handstamp.stores.sql import SqlStore
from parts.postgresql import RunningPostgresql, running_postgresql


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "app.db"


@pytest.fixture
async def sqlite_store(database: Path) -> AsyncIterator[SqlStore]:
    """An open SQLite store that keeps nothing yet."""
    store = SqlStore(f"sqlite:///{database}")
    await store.migrate()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def shell(sqlite_store: SqlStore, database: Path) -> Iterator[sqlite3.Connection]:
    """A connection as the sqlite3 shell has it: it knows nothing of handstamp and enforces no foreign key."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgresql() -> Iterator[RunningPostgresql]:
    """A PostgreSQL server."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: RunningPostgresql) -> Iterator[str]:
    """An empty database."""
    with postgresql.database() as url:
        yield url


@pytest.fixture
async def postgresql_store(postgresql_url: str) -> AsyncIterator[SqlStore]:
    """An open PostgreSQL store that keeps nothing yet."""
    store = SqlStore(postgresql_url)
    await store.migrate()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def psql(postgresql_store: SqlStore, postgresql_url: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """A connection as psql has it: it knows nothing of handstamp."""
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def psql_role(postgresql: RunningPostgresql) -> Iterator[str]:
    """A role that may connect, and nothing else."""
    with psycopg.connect(postgresql.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
        yield "visitor"
        connection.execute("DROP ROLE visitor")
