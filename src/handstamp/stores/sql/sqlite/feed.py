"""The change feed of SQLite.

Three signs, from the cheapest to the surest: the epoch, a word in memory that every handstamp process renews after
its commit; ``PRAGMA data_version``, which moves at anyone's commit and is asked every 50 ms; and the identity of
the two files, asked then too. When a sign has moved, the ``changes`` table tells what it was.
"""

import os
import sqlite3
from contextlib import ExitStack, suppress
from typing import Final

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes
from handstamp.stores.sql.sqlite.connect import check, connect_checked
from handstamp.stores.sql.sqlite.epoch import Epoch
from handstamp.stores.sql.sqlite.errors import primary_code
from handstamp.stores.sql.sqlite.file import DatabaseFile, identity_of

LOOK_EVERY: Final = 0.05
"""Seconds: the lag for writers that are not handstamp, or died between commit and stamp."""

MOST_TOLD: Final = 10_000
"""More changes than this at once are told as ``everything``."""

_NEWEST: Final = "SELECT id, nonce FROM changes ORDER BY id DESC LIMIT 1"
_SINCE: Final = "SELECT id, nonce, kind, key FROM changes WHERE id >= ? ORDER BY id LIMIT ?"

_NEVER: Final = float("-inf")
_ERRORS: Final = (sqlite3.Error, OSError, ConfigurationError)


class SqliteFeed:
    """A feed with a connection of its own, which cannot write and never waits for a lock.

    It belongs to the process that made it: after a fork it says ``coherent=False`` in the child.
    """

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file
        self._process = os.getpid()
        self._closed = False
        self._source: _Source | None = None
        self._word = memoryview(bytes(8)).cast("Q")
        self._seen = 0
        self._looked_at = _NEVER
        with suppress(*_ERRORS):  # then the first poll begins, and tells that everything has changed
            self._begin()

    def poll(self, now: float) -> Changes:
        """See ``ChangeFeed``. Under 0.3 µs while the epoch stands and the last look is less than 50 ms old."""
        if 0.0 <= now - self._looked_at < LOOK_EVERY and self._word[0] == self._seen:
            return NOTHING_CHANGED
        return self._look(now)

    def close(self) -> None:
        """See ``ChangeFeed``."""
        self._closed = True
        self._looked_at = _NEVER
        if os.getpid() == self._process:
            self._drop()

    def _look(self, now: float) -> Changes:
        # Until this look has come to its end, the next poll must look again. It also does when now goes back.
        self._looked_at = _NEVER
        if self._closed or os.getpid() != self._process:
            return UNKNOWN
        try:
            changes = self._changes()
        except _ERRORS as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                self._drop()
            return UNKNOWN
        self._looked_at = now
        return changes

    def _changes(self) -> Changes:
        if self._source is None or not self._source.is_current():
            self._begin()
            return EVERYTHING_CHANGED
        epoch = self._word[0]  # before what it stands for is read: what is committed from here on moves it again
        changes = self._source.changes()
        self._seen = epoch
        return changes

    def _begin(self) -> None:
        self._drop()
        self._source = _Source(self._file)
        self._word = self._source.epoch.word
        self._seen = self._source.began_at

    def _drop(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


class _Source:
    """A connection and an epoch, and how far the changes have been told.

    Raises:
        OSError, sqlite3.Error: The database or the epoch cannot be opened.
        ConfigurationError: The database does not fit this version.
    """

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file
        self._identity = identity_of(file.path)
        with ExitStack() as opened:
            self.epoch = Epoch(file, stamps=False)
            opened.callback(self.epoch.close)
            self._connection = connect_checked(file, writes=False, busy_timeout=0)
            opened.callback(self._connection.close)
            # In this order: what is committed in between moves a sign that was read before it.
            self.began_at = self.epoch.word[0]
            self._data_version = self._number("PRAGMA data_version")
            self._schema_version = self._number("PRAGMA schema_version")
            self._last = self._newest()
            self._close = opened.pop_all()

    def is_current(self) -> bool:
        """Whether database and epoch are still the files at their paths.

        Raises:
            OSError: One of them is missing.
        """
        if identity_of(self._file.path) != self._identity:
            return False
        try:
            return self.epoch.is_current()
        except FileNotFoundError:
            return False  # it can be made again

    def changes(self) -> Changes:
        """What was committed since the last call.

        Raises:
            sqlite3.Error: The database cannot be read now.
            ConfigurationError: What tells the changes was taken away.
        """
        data_version = self._number("PRAGMA data_version")
        if data_version == self._data_version:
            return NOTHING_CHANGED
        schema_version = self._number("PRAGMA schema_version")
        if schema_version != self._schema_version:
            check(self._connection, self._file)
        changes = self._told()
        self._data_version, self._schema_version = data_version, schema_version
        return changes

    def close(self) -> None:
        """Close both."""
        self._close.close()

    def _told(self) -> Changes:
        # All rows at once: an open cursor would pin a state of the database.
        rows = self._connection.execute(_SINCE, (self._last[0], MOST_TOLD + 2)).fetchall()
        if not rows or rows[0][:2] != self._last or len(rows) > MOST_TOLD + 1:
            # Pruned, or an older database was restored in place, or too many to tell.
            self._last = self._newest()
            return EVERYTHING_CHANGED
        self._last = rows[-1][:2]
        if len(rows) == 1:
            return NOTHING_CHANGED
        return Changes(
            sessions=tuple({key: None for *_, kind, key in rows[1:] if kind == "session"}),
            users=tuple({key: None for *_, kind, key in rows[1:] if kind == "user"}),
        )

    def _newest(self) -> tuple[int, bytes]:
        """Id and nonce of the newest change; where there is none, what no row has."""
        found: tuple[int, bytes] | None = self._connection.execute(_NEWEST).fetchone()
        return found or (0, b"")

    def _number(self, pragma: str) -> int:
        (number,) = self._connection.execute(pragma).fetchone()
        return int(number)
