"""What people post: the application's own data, in a file of its own, apart from handstamp's."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at REAL NOT NULL
)
"""
_COLUMNS: Final = "SELECT id, user_id, author, text, at FROM records"


@dataclass(frozen=True, slots=True)
class Record:
    """Something that somebody posted. ``at`` is seconds since the epoch."""

    id: int
    user_id: str
    author: str
    text: str
    at: float


class Records:
    """Keeps records. Several processes may use one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(mode=0o600)  # SQLite gives the mode of the database to what it puts beside it
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SCHEMA)

    def add(self, *, user_id: str, author: str, text: str, at: float) -> Record:
        """Keep a new record."""
        with self._connection() as connection:
            cursor = connection.execute(
                "INSERT INTO records (user_id, author, text, at) VALUES (?, ?, ?, ?)", (user_id, author, text, at)
            )
            assert cursor.lastrowid is not None
            return Record(cursor.lastrowid, user_id, author, text, at)

    def of(self, user_id: str) -> list[Record]:
        """A user's records, newest first, a hundred at most."""
        return self._select(f"{_COLUMNS} WHERE user_id = ? ORDER BY id DESC LIMIT 100", user_id)

    def latest(self) -> list[Record]:
        """Everybody's latest, newest first, a hundred at most."""
        return self._select(f"{_COLUMNS} ORDER BY id DESC LIMIT 100")

    def _select(self, statement: str, *parameters: str) -> list[Record]:
        with self._connection() as connection:
            return [Record(*row) for row in connection.execute(statement, parameters)]

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=5.0)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
