"""Attempts in SQL."""

from sqlalchemy import Connection, case, delete, select

from handstamp.core.throttle import allowed_before, full_after, wait_for
from handstamp.stores.sql.part import Part, insert_or_change
from handstamp.stores.sql.tables import attempts


class SqlThrottle(Part):
    """Keeps ``ThrottleStore``."""

    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        """See ``ThrottleStore``."""
        first = {"key": key, "full_at": full_after(now, every=every, now=now)}
        one_more = {"full_at": case((attempts.c.full_at > now, attempts.c.full_at), else_=now) + every}
        there_is_one = attempts.c.full_at < allowed_before(burst=burst, every=every, now=now)
        stored = select(attempts.c.full_at).where(attempts.c.key == key)

        def work(connection: Connection) -> float:
            if insert_or_change(connection, attempts, first, change=one_more, where=there_is_one):
                return 0.0
            return wait_for(connection.execute(stored).scalar_one(), burst=burst, every=every, now=now)

        return await self._database.write(work, told=False)

    async def forget_attempts(self, key: str) -> None:
        """See ``ThrottleStore``."""
        statement = delete(attempts).where(attempts.c.key == key)
        await self._database.write(lambda connection: connection.execute(statement).close(), told=False)

    async def purge_attempts(self, *, now: float, limit: int) -> int:
        """See ``ThrottleStore``."""
        full = select(attempts.c.key).where(attempts.c.full_at <= now).order_by(attempts.c.full_at).limit(limit)
        statement = delete(attempts).where(attempts.c.key.in_(full))
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount, told=False, alone=True
        )
