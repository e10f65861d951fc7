"""All connections that one event loop has, and how a verb uses them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar
from weakref import WeakSet

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.ext.asyncio import create_async_engine

from handstamp.stores.sql.postgresql.connect import Driver, Place, connect, hang_up, is_quiet
from handstamp.stores.sql.postgresql.errors import TRIED_AGAIN, is_outage, sqlstate, unavailable
from handstamp.stores.sql.postgresql.reader import WAIT_FOR_FREE, Reader

T = TypeVar("T")

WRITERS: Final = 5
"""Connections of an event loop for lists and writes."""

# Not by options of the connection: SQLAlchemy resets those to READ WRITE, which overrules a server set to read only.
_READING: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_ATTEMPTS: Final = 3
"""Times that a transaction is run which the server undoes because of another one."""

_ERRORS: Final = (psycopg.Error, DBAPIError, NoFreeConnection, OSError)

_LOG: Final = logging.getLogger("handstamp.store")


class Connections:
    """The connections of the running event loop.

    Each verb runs as a task of its own. Its caller may be cancelled at any moment; the verb then goes on to its
    end, which is at the time limit at the latest, so no transaction is left half done.

    Args:
        place: Where the database is.
    """

    def __init__(self, place: Place) -> None:
        self.loop = asyncio.get_running_loop()
        self._place = place
        self._made: WeakSet[Driver] = WeakSet()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._reader = Reader(self.connect)
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self.connect,
            pool_size=WRITERS,
            max_overflow=0,
            pool_timeout=min(WAIT_FOR_FREE, place.time_limit),
            hide_parameters=True,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_left)

    async def look_up(self, look: Callable[[Reader, float], Coroutine[Any, Any, T]]) -> T:
        """What ``look`` gives, which gets a reader and the time limit.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        return await self._done(look(self._reader, self._place.time_limit))

    async def read(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """What ``work`` gives in a transaction that sees one state of the database and cannot write.

        One statement ``alone`` sees one state anyway.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        if alone:
            return await self._done(self._transaction(work, alone=True))

        def reading(connection: Connection) -> T:
            connection.exec_driver_sql(_READING).close()
            return work(connection)

        return await self._done(self._transaction(reading, alone=False))

    async def write(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """What ``work`` gives in one transaction, committed then; by the server itself where it is ``alone``.

        Raises:
            StoreUnavailable: The database cannot be written; nothing has changed, or, where the connection was lost
                while it was committed, everything.
        """
        return await self._done(self._transaction(work, alone=alone))

    async def close(self) -> None:
        """Close all, after the verbs that are under way."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._engine.dispose()
        self._reader.close()
        self._hang_up()  # on those that listen: whoever reads from one lets it go

    def abandon(self) -> None:
        """Let go of all from outside the loop: at once where it is closed, else the loop does it."""
        if self.loop.is_closed():
            for connection in self._made:
                connection.pgconn.finish()
            return
        with suppress(RuntimeError):  # closed in between
            self.loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        for connection in self._made:
            hang_up(connection)

    async def _done(self, work: Coroutine[Any, Any, T]) -> T:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except _ERRORS as error:
            if not is_outage(error):
                raise
            raise unavailable(str(self._place), error) from error

    async def _transaction(self, work: Callable[[Connection], T], *, alone: bool) -> T:
        deadline = self.loop.time() + self._place.time_limit
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._once(work, deadline, alone=alone)
            except DBAPIError as error:
                if sqlstate(error) not in TRIED_AGAIN:
                    raise
                _LOG.info("a transaction is run again: %s", sqlstate(error))
        return await self._once(work, deadline, alone=alone)

    async def _once(self, work: Callable[[Connection], T], deadline: float, *, alone: bool) -> T:
        async with self._engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            timer = self.loop.call_at(deadline, hang_up, driver)
            try:
                # Set each time: neither way is the server asked, and nobody has to set it back.
                await driver.set_autocommit(alone)
                async with connection.begin():
                    return await connection.run_sync(work)
            finally:
                timer.cancel()

    async def connect(self) -> Driver:
        """A connection that closes with the others.

        Raises:
            psycopg.Error, OSError: There is none.
        """
        async with asyncio.timeout(self._place.time_limit):  # to find the host counts too
            connection = await connect(self._place)
        self._made.add(connection)
        return connection


def _refuse_left(adapted: Any, _record: object, _proxy: object) -> None:
    """Where the server has left one connection it has left them all: the pool makes new ones."""
    if not is_quiet(adapted.driver_connection):
        raise InvalidatePoolError
