"""One connection in one thread.

A transaction of SQLite is a matter of microseconds and one fsync, so the whole of it is passed to the thread at
once, instead of each statement by itself. Work is done in the order in which it came (SQLite's own waiting is
unfair), it is done whole or not at all when its caller is cancelled, and callers may be on any event loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.stores.sql.sqlite.connect import connect_checked
from handstamp.stores.sql.sqlite.errors import is_outage, primary_code, unavailable
from handstamp.stores.sql.sqlite.file import DatabaseFile, Identity, identity_of

T = TypeVar("T")

_PATIENCE: Final = 0.05
"""Seconds for which SQLite waits for a lock, before it is asked whether the caller still waits."""


class Caller:
    """Whoever waits for a transaction."""

    gone = False
    """True when nobody waits any more. What has not begun by then does not begin."""


class Lane:
    """Runs transactions one after another.

    Args:
        file: The database.
        writes: Whether transactions begin as writers (BEGIN IMMEDIATE: one that begins as a reader and becomes a
            writer fails whenever another process wrote in between).
        time_limit: How long a caller waits, in seconds.
    """

    def __init__(self, file: DatabaseFile, *, writes: bool, time_limit: float) -> None:
        self._file = file
        self._writes = writes
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        self._time_limit = time_limit
        self._identity: Identity | None = None
        self._engine = create_engine(
            "sqlite+pysqlite://", creator=self._connect, poolclass=StaticPool, hide_parameters=True
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="handstamp-sqlite")

    async def run(self, work: Callable[[Caller], T]) -> T:
        """What ``work`` gives in the thread.

        Raises:
            StoreUnavailable: It did not within the time limit. If it had begun, it goes on to its end.
        """
        caller = Caller()
        try:
            async with asyncio.timeout(self._time_limit):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work, caller)
        except TimeoutError as error:
            raise unavailable(self._file.path, f"no answer within {self._time_limit:g} s") from error
        finally:
            caller.gone = True

    def transaction(self, work: Callable[[Connection], T], caller: Caller) -> T:
        """What ``work`` gives in one transaction, which is committed then. To be called in the thread.

        Raises:
            StoreUnavailable: The database is locked, full, read-only or gone; nothing has changed.
        """
        try:
            if self._identity != identity_of(self._file.path):
                self._engine.dispose()  # another file took its place; the next line opens that one
            with self._engine.connect() as connection, connection.begin():
                self._begin_transaction(connection, caller)
                return work(connection)
        except DBAPIError as error:
            if not is_outage(error.orig):
                raise
            if primary_code(error.orig) == sqlite3.SQLITE_READONLY:
                # A connection that was made while the file was read-only would be so for good.
                self._engine.dispose()
            raise unavailable(self._file.path, error.orig) from error
        except (sqlite3.Error, OSError, ConfigurationError) as error:
            raise unavailable(self._file.path, error) from error

    def _begin_transaction(self, connection: Connection, caller: Caller) -> None:
        """Wait for the lock as long as the caller does: who was told "unavailable" finds nothing changed later.

        Raises:
            StoreUnavailable: The lock came too late.
        """
        while True:
            try:
                connection.exec_driver_sql(self._begin)
            except DBAPIError as error:
                if caller.gone or primary_code(error.orig) != sqlite3.SQLITE_BUSY:
                    raise
            else:
                if caller.gone:
                    raise unavailable(self._file.path, "the caller has gone")
                return

    async def close(self) -> None:
        """Close the connection after the work that is under way, and end the thread."""
        try:
            await self.run(lambda _: self._engine.dispose())
        except StoreUnavailable:
            self._thread.submit(self._engine.dispose)  # when the work that holds the thread is done
        self._thread.shutdown(wait=False)

    def _connect(self) -> sqlite3.Connection:
        # The identity first: a file that is replaced in between is then noticed at the next transaction.
        self._identity = identity_of(self._file.path)
        return connect_checked(self._file, writes=self._writes, busy_timeout=_PATIENCE)
