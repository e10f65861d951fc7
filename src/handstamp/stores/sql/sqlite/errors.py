"""Which errors of SQLite mean that the store cannot be asked now, and which are defects."""

import sqlite3
from typing import Final

from handstamp.core.errors import StoreUnavailable

_OUTAGES: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


def primary_code(error: BaseException | None) -> int:
    """SQLite's primary result code (the low byte), or 0 where the error is not one of SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_outage(error: BaseException | None) -> bool:
    """Whether the database, or its file, cannot be used now. A wrong statement is not an outage."""
    return isinstance(error, OSError) or primary_code(error) in _OUTAGES


def unavailable(path: str, error: object) -> StoreUnavailable:
    """The error to raise for an outage; it names the file and the cause, and no value of a row."""
    return StoreUnavailable(f"the SQLite database {path} cannot be used now: {error}")
