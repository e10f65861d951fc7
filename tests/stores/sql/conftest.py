"""What the tests of the SQLite store share."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from handstamp.stores.sql import SqlStore


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
