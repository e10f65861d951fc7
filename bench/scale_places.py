"""Databases that are filled at once: what the store makes of them, and what they take on the disk.

Indexes and triggers of the store are taken away before and come back after: the indexes as they were, the triggers
by the store's own ``migrate``, which then tells every feed that everything has changed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from bench.postgresql import PostgresqlServer
from bench.scale_rows import SESSION_COLUMNS, USER_COLUMNS, Population, Row

_AT_ONCE: Final = 10_000
"""Rows that are passed on together."""
_SORTING: Final = 512
"""Megabytes for building an index."""

_TAKEN: Final = """SELECT name, pageno * page_size FROM dbstat, pragma_page_size()
WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_master WHERE tbl_name = 'sessions')"""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes."""

    table: int
    """The sessions themselves. On SQLite the primary key is in it."""
    indexes: int
    whole: int
    """The database with everything in it."""


class Place(Protocol):
    """A database of its own."""

    url: str

    def fill(self, population: Population) -> None:
        """Write users and sessions. The store has migrated it, and nobody has it open; migrate again after this."""
        ...

    def disk(self) -> Disk:
        """What it takes."""
        ...

    def tidy(self) -> None:
        """What the database would do in its own time after very many changes, done now."""
        ...

    def remove(self) -> None:
        """Take it off the disk."""
        ...


class SqlitePlace:
    """A file.

    Args:
        folder: Where.
        name: Of the database.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.db"
        self.url = f"sqlite:///{self._path}"

    def fill(self, population: Population) -> None:
        """See ``Place``. Without a journal: a database that was half filled is thrown away."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            run = connection.execute
            for pragma in (
                "journal_mode=OFF",
                "synchronous=OFF",
                "temp_store=FILE",
                f"cache_size=-{_SORTING * 1024}",
            ):
                run(f"PRAGMA {pragma}").fetchall()
            made = run(
                "SELECT type, name, sql FROM sqlite_master "
                "WHERE type IN ('index', 'trigger') AND tbl_name IN ('sessions', 'users') AND sql IS NOT NULL"
            ).fetchall()
            run("BEGIN")
            for kind, name, _ in made:
                run(f"DROP {kind} {name}")
            _insert(connection, "users", USER_COLUMNS, population.user_rows())
            _insert(connection, "sessions", SESSION_COLUMNS, population.session_rows())
            for kind, _, definition in made:
                if kind == "index":
                    run(definition)
            run("COMMIT")
            run("PRAGMA journal_mode=WAL").fetchall()

    def disk(self) -> Disk:
        """See ``Place``. Read from the pages of the file."""
        with closing(sqlite3.connect(self._path)) as connection:
            taken = dict(connection.execute(_TAKEN).fetchall())
        whole = sum(path.stat().st_size for path in self._files())
        return Disk(taken.pop("sessions"), sum(taken.values()), whole)

    def tidy(self) -> None:
        """See ``Place``. Brings the log into the database."""
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def remove(self) -> None:
        """See ``Place``."""
        for path in self._files():
            path.unlink()

    def _files(self) -> list[Path]:
        return list(self._path.parent.glob(f"{self._path.name}*"))


class PostgresqlPlace:
    """A database of a server that this process has started.

    Args:
        server: Runs.
        name: Of the database.
    """

    def __init__(self, server: PostgresqlServer, name: str) -> None:
        self._server = server
        self._name = name
        self.url = server.url(name)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())

    def fill(self, population: Population) -> None:
        """See ``Place``. By COPY; the statistics are what ``tidy`` is for."""
        with psycopg.connect(self.url) as connection:
            run = connection.execute
            run(f"SET LOCAL maintenance_work_mem = '{_SORTING}MB'".encode())
            made = run(
                "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
                "WHERE indrelid IN ('sessions'::regclass, 'users'::regclass) AND NOT indisprimary"
            ).fetchall()
            run("ALTER TABLE sessions DISABLE TRIGGER USER")
            run("ALTER TABLE users DISABLE TRIGGER USER")
            for name, _ in made:
                run(f"DROP INDEX {name}".encode())
            _copy(connection, "users", USER_COLUMNS, population.user_rows())
            _copy(connection, "sessions", SESSION_COLUMNS, population.session_rows())
            for _, definition in made:
                run(str(definition).encode())

    def disk(self) -> Disk:
        """See ``Place``."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT pg_table_size('sessions'), pg_indexes_size('sessions'), pg_database_size(current_database())"
            ).fetchone()
        assert found is not None
        return Disk(*found)

    def tidy(self) -> None:
        """See ``Place``. Autovacuum comes within a minute, and would come in the midst of the measuring."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE) sessions")
            connection.execute("VACUUM (ANALYZE) users")
            connection.execute("CHECKPOINT")

    def remove(self) -> None:
        """See ``Place``."""
        with psycopg.connect(self._server.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self._name} WITH (FORCE)".encode())


def _insert(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterator[Row]) -> None:
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  names of our own
    while some := list(islice(rows, _AT_ONCE)):
        connection.executemany(statement, some)


def _copy(
    connection: "psycopg.Connection[tuple[Any, ...]]", table: str, columns: tuple[str, ...], rows: Iterator[Row]
) -> None:
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        while some := list(islice(rows, _AT_ONCE)):
            copy.write("".join(map(_line, some)))


def _line(row: Row) -> str:
    """A line of COPY's text format. No text of ours holds a tab, a line feed or a backslash."""
    return "\t".join([r"\N" if value is None else str(value) for value in row]) + "\n"
