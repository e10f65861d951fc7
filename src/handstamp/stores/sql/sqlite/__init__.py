"""SQLite: one writer a process, hot reads without a thread, and a change feed by an epoch file."""

from handstamp.stores.sql.sqlite.database import SqliteDatabase
from handstamp.stores.sql.sqlite.file import database_path

__all__ = ["SqliteDatabase", "database_path"]
