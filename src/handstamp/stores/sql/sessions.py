"""Sessions in SQL."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from handstamp.core.models import EndReason, Generations, Session
from handstamp.stores.sql.part import Part
from handstamp.stores.sql.rows import generation_values, session_from, session_values
from handstamp.stores.sql.tables import sessions

_LIVE = sessions.c.ended_at.is_(None)

_TOUCH = (
    update(sessions)
    .where(
        sessions.c.id == bindparam("touched"),
        _LIVE,
        sessions.c.last_used_at < bindparam("at"),
        sessions.c.last_used_at + sessions.c.idle_timeout > bindparam("at"),
    )
    .values(last_used_at=bindparam("at"))
)


class SqlSessions(Part):
    """Keeps ``SessionStore``."""

    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        """See ``SessionStore``."""

        def work(connection: Connection) -> tuple[Session, ...]:
            ended = () if replaces is None else _end(connection, EndReason.REPLACED, now, sessions.c.id == replaces)
            connection.execute(insert(sessions).values(session_values(session)))
            return ended

        try:
            return next(iter(await self._database.write(work)), None)
        except IntegrityError as error:
            raise ValueError("there is a session with this id") from error

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        return await self._database.load_session(session_id)

    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        """See ``SessionStore``."""
        del now  # the generations carry their times
        statement = (
            update(sessions)
            .where(
                sessions.c.id == session_id,
                _LIVE,
                sessions.c.generation == seen.issued,
                sessions.c.confirmed_generation == seen.confirmed,
            )
            .values(generation_values(becomes))
        )
        return await self._database.write(lambda connection: connection.execute(statement).rowcount == 1)

    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        """See ``SessionStore``."""
        # In one order in every process: two that lock the same rows in two orders would wait for each other.
        touched = [{"touched": session_id, "at": at} for session_id, at in sorted(uses.items())]
        if touched:
            await self._database.write(lambda connection: connection.execute(_TOUCH, touched).close(), told=False)

    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        """See ``SessionStore``."""
        which = sessions.c.id == session_id
        if user_id is not None:
            which &= sessions.c.user_id == user_id
        ended = await self._database.write(lambda connection: _end(connection, reason, now, which))
        return ended[0] if ended else None

    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        """See ``SessionStore``."""
        which = sessions.c.user_id == user_id
        if keep is not None:
            which &= sessions.c.id != keep
        ended = await self._database.write(lambda connection: _end(connection, reason, now, which))
        return tuple(session.id for session in ended)

    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        """See ``SessionStore``."""
        statement = (
            select(sessions)
            .where(
                sessions.c.user_id == user_id,
                _LIVE,
                # Written so that no index is of use here. Before the first ANALYZE of a large table, PostgreSQL would
                # walk through nearly all of sessions_by_expiry, to look for it among the few rows of the user.
                sessions.c.expires_at - now > 0,
                sessions.c.last_used_at + sessions.c.idle_timeout > now,
            )
            .order_by(sessions.c.last_used_at.desc(), sessions.c.id)
        )
        return await self._database.read(lambda connection: _sessions(connection, statement), alone=True)

    async def purge_sessions(self, *, now: float, limit: int) -> int:
        """See ``SessionStore``."""
        over = select(sessions.c.id).where(sessions.c.expires_at <= now).order_by(sessions.c.expires_at).limit(limit)
        statement = delete(sessions).where(sessions.c.id.in_(over))
        removed = await self._database.write(lambda connection: connection.execute(statement).rowcount, alone=True)
        await self._database.prune()
        return removed


def _end(connection: Connection, reason: EndReason, now: float, which: ColumnElement[bool]) -> tuple[Session, ...]:
    """End the live sessions among these, and give them back as they are now."""
    return _sessions(
        connection,
        update(sessions)
        .where(which, _LIVE)
        .values(ended_at=now, end_reason=reason.value)
        .returning(*sessions.columns),
    )


def _sessions(connection: Connection, statement: Any) -> tuple[Session, ...]:
    return tuple(session_from(row) for row in connection.execute(statement))
