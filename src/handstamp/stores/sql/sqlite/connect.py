"""How a connection to SQLite is made, and what is checked first."""

import sqlite3
from typing import Final

from handstamp.core.errors import ConfigurationError
from handstamp.stores.sql.sqlite.changes import triggers_at_fault
from handstamp.stores.sql.sqlite.file import DatabaseFile
from handstamp.stores.sql.tables import REVISION, VERSION_TABLE

_OLDEST: Final = (3, 35, 0)  # RETURNING

_OPENING: Final = 1.0
"""Seconds for which making a connection waits for a lock."""

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_REVISION = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  a constant

# The database waits for locks before anything else is asked of it: journal_mode takes one.
# synchronous=FULL: a sign-out that was answered outlives a loss of power.
# wal_autocheckpoint, in pages: the commit that reaches it copies the log into the database, and other writers wait.
# Where expired rows are removed among a million, such a commit took 54 ms at most with SQLite's own 1,000; now 39.
_WRITER = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA wal_autocheckpoint=250",
)
_READER = ("PRAGMA query_only=ON",)


def connect(file: DatabaseFile, *, writes: bool, busy_timeout: float) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread, one at a time.

    Args:
        file: The database. It is not made when it is missing.
        writes: False for one that cannot write.
        busy_timeout: How long a statement waits for a lock, in seconds.

    Raises:
        sqlite3.Error: The file is missing, locked or no database.
    """
    connection = sqlite3.connect(
        file.uri, uri=True, isolation_level=None, timeout=busy_timeout, check_same_thread=False
    )
    try:
        for pragma in _WRITER if writes else _READER:
            connection.execute(pragma).fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_checked(file: DatabaseFile, *, writes: bool, busy_timeout: float) -> sqlite3.Connection:
    """A connection to a database that fits this version.

    While it is made it is patient, whatever ``busy_timeout`` says of later: a process that closes the last connection
    of all, as one that has just migrated, holds the whole database for a moment.

    Raises:
        sqlite3.Error: The file is missing, locked or no database.
        ConfigurationError: It does not fit; the message says what to do.
    """
    connection = connect(file, writes=writes, busy_timeout=max(busy_timeout, _OPENING))
    try:
        check(connection, file)
        connection.execute(f"PRAGMA busy_timeout={int(busy_timeout * 1000)}").fetchall()
    except (sqlite3.Error, ConfigurationError):
        connection.close()
        raise
    return connection


def check(connection: sqlite3.Connection, file: DatabaseFile) -> None:
    """See that the database has the tables and triggers of this version.

    Raises:
        ConfigurationError: It has not; the message says what to do.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigurationError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")
    revision = revision_of(connection)
    if revision is None or revision < REVISION:
        raise ConfigurationError(f"the database {file.path} is not up to date: run `handstamp migrate`")
    if revision > REVISION:
        raise ConfigurationError(
            f"the database {file.path} belongs to a newer version of handstamp (revision {revision}, "
            f"this one knows {REVISION}): install that version"
        )
    missing = triggers_at_fault(connection)
    if missing:
        raise ConfigurationError(
            f"the database {file.path} lacks what tells its changes ({', '.join(missing)}): run `handstamp migrate`"
        )


def revision_of(connection: sqlite3.Connection) -> str | None:
    """The revision of the tables, or None where there are none of ours."""
    if VERSION_TABLE not in tables_of(connection):
        return None
    row = connection.execute(_REVISION).fetchone()
    return row and str(row[0])


def tables_of(connection: sqlite3.Connection) -> set[str]:
    """The names of all tables."""
    return {name for (name,) in connection.execute(_TABLES).fetchall()}
