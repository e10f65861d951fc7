"""The reads on the path of a request: by the driver, on connections that do nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from sqlalchemy import Select, bindparam, select
from sqlalchemy.dialects.postgresql.base import PGDialect

from handstamp.core.models import Session, User
from handstamp.stores.sql.postgresql.connect import Driver, hang_up, is_quiet
from handstamp.stores.sql.rows import session_from, user_from
from handstamp.stores.sql.tables import sessions, user_roles, users

READERS: Final = 4
"""Connections of an event loop. A look-up takes some 0.1 ms, so that four answer more than one process can ask."""

WAIT_FOR_FREE: Final = 0.5
"""Seconds. A queue that moves is no outage, however long it is; one in which nobody had a turn for so long is."""


# Through Any: SQLAlchemy gives this constructor no types.
_DIALECT: Final = cast("Any", PGDialect)(paramstyle="format")


def _compiled(statement: Select[Any]) -> str:
    return str(statement.compile(dialect=_DIALECT))


SESSION_BY_ID: Final = _compiled(select(sessions).where(sessions.c.id == bindparam("id")))

USER_BY_ID: Final = _compiled(
    select(*users.columns, user_roles.c.role).outerjoin_from(users, user_roles).where(users.c.id == bindparam("id"))
)
"""One row for each role; one with NULL where there is none. One statement sees one state of the database."""


class Reader:
    """The connections of one event loop, the one used last first.

    Args:
        connect: Makes a connection.
    """

    def __init__(self, connect: Callable[[], Awaitable[Driver]]) -> None:
        self._connect = connect
        self._idle: list[Driver] = []
        self._turns = asyncio.Semaphore(READERS)
        self._moved_at = float("-inf")

    async def session(self, session_id: str, *, limit: float) -> Session | None:
        """See ``SessionStore.load_session``."""
        rows = await self.rows(SESSION_BY_ID, session_id, limit=limit)
        return session_from(rows[0]) if rows else None

    async def user(self, user_id: str, *, limit: float) -> User | None:
        """See ``UserStore.load_user``."""
        rows = await self.rows(USER_BY_ID, user_id, limit=limit)
        return user_from(rows[0], [row[-1] for row in rows if row[-1] is not None]) if rows else None

    async def rows(self, statement: str, *parameters: object, limit: float) -> list[Any]:
        """What a statement gives.

        Args:
            statement: With ``%s`` for each parameter.
            parameters: Their values.
            limit: Seconds for all of it.

        Raises:
            psycopg.Error, OSError: There is no answer.
        """
        deadline = asyncio.get_running_loop().time() + limit
        await self._turn(deadline)
        try:
            connection = self._taken() or await self._connect()
            rows = await _asked(connection, statement, parameters, deadline)
            self._idle.append(connection)
            return rows
        finally:
            self._moved_at = asyncio.get_running_loop().time()
            self._turns.release()

    async def _turn(self, deadline: float) -> None:
        """Wait until a connection is free.

        Raises:
            TimeoutError: None was for half a second, whoever waited for it, or for this one until the deadline.
        """
        if not self._turns.locked():
            await self._turns.acquire()
            return
        loop = asyncio.get_running_loop()
        came_at = loop.time()
        timer: asyncio.Handle
        async with asyncio.timeout(None) as waiting:

            def look() -> None:
                nonlocal timer
                stuck_at = min(deadline, max(came_at, self._moved_at) + WAIT_FOR_FREE)
                if loop.time() >= stuck_at:
                    waiting.reschedule(stuck_at)
                else:
                    timer = loop.call_at(stuck_at, look)

            timer = loop.call_soon(look)
            try:
                await self._turns.acquire()
            finally:
                timer.cancel()

    def close(self) -> None:
        """Close the connections that are not in use."""
        for connection in self._idle:
            connection.pgconn.finish()
        self._idle.clear()

    def _taken(self) -> Driver | None:
        """A connection that can be used; those that the server has left are let go."""
        while self._idle:
            connection = self._idle.pop()
            if is_quiet(connection):
                return connection
            connection.pgconn.finish()
        return None


async def _asked(connection: Driver, statement: str, parameters: tuple[object, ...], deadline: float) -> list[Any]:
    timer = asyncio.get_running_loop().call_at(deadline, hang_up, connection)
    try:
        # bytes: the statement is one of ours, which the type of psycopg for literals cannot know.
        cursor = await connection.execute(statement.encode(), parameters, prepare=True)
        return await cursor.fetchall()
    except BaseException:
        connection.pgconn.finish()  # what it was in the midst of is nobody's
        raise
    finally:
        timer.cancel()
