"""PostgreSQL, as the parts of the SQL store use it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.models import Session, User
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.sql.postgresql.changes import BEAT, STATE
from handstamp.stores.sql.postgresql.connect import Driver, Place
from handstamp.stores.sql.postgresql.connections import Connections
from handstamp.stores.sql.postgresql.errors import is_refusal
from handstamp.stores.sql.postgresql.feed import PostgresqlFeed
from handstamp.stores.sql.postgresql.migrate import check, migrate, refusal_or_outage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Opened:
    process: int
    loops: dict[asyncio.AbstractEventLoop, Connections] = field(default_factory=dict)


class PostgresqlDatabase:
    """One database on a server.

    An event loop has at most five connections for lists and writes, four for the reads on the path of a request,
    and one that listens; they are made when they are needed.

    Args:
        url: As libpq reads it.
        time_limit: How long a verb may wait, in seconds.

    Raises:
        ConfigurationError: The URL cannot be read.
    """

    def __init__(self, url: str, *, time_limit: float) -> None:
        self._place = Place(url, time_limit=time_limit)
        self._opening = Lock()
        self._opened: _Opened | None = None

    async def open(self) -> None:
        """See ``Store``."""
        if self._opened is not None:
            self._here()
            return
        self._opened = _Opened(os.getpid())
        try:
            await self.check()
        except (StoreUnavailable, ConfigurationError) as error:
            await self.close()
            if isinstance(error.__cause__, Exception) and is_refusal(error.__cause__):
                raise refusal_or_outage(self._place, error.__cause__) from error
            raise

    async def migrate(self) -> None:
        """See ``Store``."""
        await asyncio.to_thread(migrate, self._place)

    def feed(self) -> ChangeFeed:
        """See ``Store``."""
        return PostgresqlFeed(self)

    async def close(self) -> None:
        """See ``Store``."""
        opened, self._opened = self._opened, None
        if opened is None or opened.process != os.getpid():
            return
        for loop, connections in opened.loops.items():
            if loop is asyncio.get_running_loop():
                await connections.close()
            else:
                connections.abandon()

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        return await self._here().look_up(lambda reader, limit: reader.session(session_id, limit=limit))

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        return await self._here().look_up(lambda reader, limit: reader.user(user_id, limit=limit))

    async def read(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """See ``Database``."""
        return await self._here().read(work, alone=alone)

    async def write(self, work: Callable[[Connection], T], *, told: bool = True, alone: bool = False) -> T:
        """See ``Database``."""
        del told  # by the triggers, whoever writes
        return await self._here().write(work, alone=alone)

    async def prune(self) -> None:
        """See ``Database``. The server forgets by itself what every listening session has read."""

    async def check(self) -> None:
        """See that the database has the tables and triggers of this version.

        Raises:
            ConfigurationError: It has not; the message says what to do.
            StoreUnavailable: It cannot be asked.
        """
        await self.read(lambda connection: check(connection.exec_driver_sql, self._place))

    async def listening_connection(self) -> Driver:
        """A connection that is not of the pool.

        Raises:
            psycopg.Error, OSError: There is none.
        """
        return await self._here().connect()

    async def state(self) -> str:
        """What the triggers are now: another text as soon as one was changed, or made anew.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        ((state,),) = await self._here().look_up(lambda reader, limit: reader.rows(STATE, limit=limit))
        return str(state)

    async def beat(self, channel: str, mark: str, *, state: str, limit: float) -> bool:
        """Send a notification, if the triggers have this state; whether they have.

        It is sent by a connection that loads sessions, within ``limit`` seconds.

        Raises:
            StoreUnavailable: It could not be sent.
        """
        return bool(
            await self._here().look_up(lambda reader, _limit: reader.rows(BEAT, channel, mark, state, limit=limit))
        )

    def _here(self) -> Connections:
        """The connections of the running event loop; those of loops that were closed are let go."""
        if self._opened is None:
            raise StoreUnavailable(f"the PostgreSQL database {self._place} is not open")
        if self._opened.process != os.getpid():
            raise ConfigurationError(
                f"the PostgreSQL database {self._place} was opened before a fork: open it in each process"
            )
        loop, loops = asyncio.get_running_loop(), self._opened.loops
        found = loops.get(loop)
        if found is None:
            with self._opening:
                for closed in [other for other in loops if other.is_closed()]:
                    loops.pop(closed).abandon()
                found = loops[loop] = Connections(self._place)
        return found
