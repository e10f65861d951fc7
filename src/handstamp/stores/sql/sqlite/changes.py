"""The ``changes`` table and the triggers that write it, so that a change by hand is told too.

They are not part of the numbered migrations: a migration that rebuilds a table drops its triggers silently, so
each run of ``migrate`` compares them with what is written here, and makes them anew.
"""

import sqlite3
from typing import Final

from handstamp.stores.sql.tables import sessions

KEPT_FOR: Final = 3600.0
"""How long a change is kept, in seconds. A feed that was not polled for longer forgets all it knows."""

_NOW: Final = "(julianday('now') - 2440587.5) * 86400.0"
"""The clock of the machine: whoever writes a change by hand tells no time, and pruning must go by the same one."""

_TABLE: Final = f"""CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    nonce BLOB NOT NULL DEFAULT (randomblob(8)),
    kind TEXT NOT NULL DEFAULT '',
    key TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL DEFAULT ({_NOW})
)"""

# Use of a session is not told: it changes no verdict, and happens all the time.
_TOLD_OF_SESSIONS = ", ".join(column.name for column in sessions.columns if column.name != "last_used_at")

# INSERT OR REPLACE fires no trigger for the row that it removes; that row had the key that is inserted.
_WATCHED = (
    ("sessions", "session", "id", f"UPDATE OF {_TOLD_OF_SESSIONS}"),
    ("users", "user", "id", "UPDATE"),
    ("user_roles", "user", "user_id", "UPDATE"),
)


def _triggers() -> dict[str, str]:
    triggers: dict[str, str] = {}
    for table, kind, key, update in _WATCHED:
        new, old = f"SELECT '{kind}', NEW.{key}", f"SELECT '{kind}', OLD.{key}"
        for name, event, told in (
            (f"{table}_inserted", "INSERT", new),
            (f"{table}_updated", update, f"{new} UNION {old}"),
            (f"{table}_deleted", "DELETE", old),
        ):
            triggers[name] = (
                f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN INSERT INTO changes (kind, key) {told}; END"
            )
    return triggers


TRIGGERS: Final = _triggers()
"""Name and definition of each trigger."""

_DEFINED: Final = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"

_PRUNE: Final = f"""DELETE FROM changes WHERE id IN (
    SELECT id FROM (SELECT id, at FROM changes ORDER BY id LIMIT ?) WHERE at < {_NOW} - {KEPT_FOR}
) AND id < (SELECT max(id) FROM changes)"""  # noqa: S608  a number of our own


def triggers_at_fault(connection: sqlite3.Connection) -> list[str]:
    """The names of the triggers that are missing or read otherwise than here."""
    defined = dict(connection.execute(_DEFINED).fetchall())
    return [name for name, definition in TRIGGERS.items() if defined.get(name) != definition]


def install(connection: sqlite3.Connection) -> None:
    """Make the table and the triggers anew. Every feed then says that everything has changed."""
    connection.execute(_TABLE)
    for name, definition in TRIGGERS.items():
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        connection.execute(definition)
    # What happened without triggers was not told: no feed finds the row again at which it stood.
    connection.execute("DELETE FROM changes")
    connection.execute("INSERT INTO changes DEFAULT VALUES")


def prune(connection: sqlite3.Connection, *, limit: int) -> int:
    """Remove those of the oldest ``limit`` changes that are older than an hour, never the newest; how many."""
    return connection.execute(_PRUNE, (limit,)).rowcount
