"""SQLite, as the parts of the SQL store use it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from sqlalchemy import Connection

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.models import Session, User
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.sql.sqlite.changes import prune
from handstamp.stores.sql.sqlite.epoch import Epoch
from handstamp.stores.sql.sqlite.errors import unavailable
from handstamp.stores.sql.sqlite.feed import SqliteFeed
from handstamp.stores.sql.sqlite.file import DatabaseFile
from handstamp.stores.sql.sqlite.lane import Lane
from handstamp.stores.sql.sqlite.migrate import migrate
from handstamp.stores.sql.sqlite.reader import Reader

T = TypeVar("T")

_PRUNED_AT_ONCE: Final = 5_000
"""Changes; about 10 ms, during which others wait."""

_PAUSE: Final = 0.05
"""Seconds in which the others get in: SQLite lets whoever waits for its lock sleep, and gives it to whoever asks."""


@dataclass(frozen=True, slots=True)
class _Opened:
    process: int
    reader: Reader
    reads: Lane
    writes: Lane


class SqliteDatabase:
    """One database file.

    A process has one connection that writes, in a thread; one that reads lists, in another; and one for the reads
    on the path of a request, in the thread that asks.

    Args:
        path: The real path of the database.
        time_limit: How long a verb may wait, in seconds.
    """

    def __init__(self, path: str, *, time_limit: float) -> None:
        self._file = DatabaseFile(path)
        self._time_limit = time_limit
        self._opening = Lock()
        self._opened: _Opened | None = None

    async def open(self) -> None:
        """See ``Store``."""
        with self._opening:
            if self._opened is not None:
                self._in_this_process()
                return
            if not self._file.exists():
                raise ConfigurationError(f"there is no database {self._file.path}: run `handstamp migrate`")
            self._opened = _Opened(
                process=os.getpid(),
                reader=Reader(self._file),
                reads=Lane(self._file, writes=False, time_limit=self._time_limit),
                writes=Lane(self._file, writes=True, time_limit=self._time_limit),
            )

    async def migrate(self) -> None:
        """See ``Store``."""
        await asyncio.to_thread(migrate, self._file)

    def feed(self) -> ChangeFeed:
        """See ``Store``."""
        return SqliteFeed(self._file)

    async def close(self) -> None:
        """See ``Store``."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.reader.close()
            await opened.reads.close()
            await opened.writes.close()

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        return self._in_this_process().reader.session(session_id)

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        return self._in_this_process().reader.user(user_id)

    async def read(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """See ``Database``."""
        del alone  # there is no server, and no way to it
        lane = self._in_this_process().reads
        return await lane.run(lambda caller: lane.transaction(work, caller))

    async def write(self, work: Callable[[Connection], T], *, told: bool = True, alone: bool = False) -> T:
        """See ``Database``."""
        del alone  # BEGIN IMMEDIATE is how the lock is waited for
        lane = self._in_this_process().writes
        if told:
            return await lane.run(lambda caller: self._told(lambda: lane.transaction(work, caller)))
        return await lane.run(lambda caller: lane.transaction(work, caller))

    async def prune(self) -> None:
        """See ``Database``. In small batches, between which others write."""

        def work(connection: Connection) -> int:
            driver = connection.connection.driver_connection
            assert driver is not None
            return prune(driver, limit=_PRUNED_AT_ONCE)

        while await self.write(work, told=False) == _PRUNED_AT_ONCE:  # noqa: ASYNC110  each look prunes
            await asyncio.sleep(_PAUSE)

    def _told(self, transaction: Callable[[], T]) -> T:
        """Stamp after the transaction, in its thread: whoever the caller is, and whether it still waits.

        The epoch is opened before, so that nothing is committed that could not be told.
        """
        try:
            epoch = Epoch(self._file, stamps=True)
        except OSError as error:
            raise unavailable(self._file.path, error) from error
        try:
            return transaction()
        finally:
            epoch.stamp()  # after an error too: a commit may have come before it
            epoch.close()

    def _in_this_process(self) -> _Opened:
        if self._opened is None:
            raise StoreUnavailable(f"the SQLite database {self._file.path} is not open")
        if self._opened.process != os.getpid():
            raise ConfigurationError(
                f"the SQLite database {self._file.path} was opened before a fork: open it in each process"
            )
        return self._opened
