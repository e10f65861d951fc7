"""Used-up one-time things in SQL."""

from sqlalchemy import Connection, delete, select

from handstamp.stores.sql.part import Part, insert_new
from handstamp.stores.sql.tables import challenges


class SqlChallenges(Part):
    """Keeps ``ChallengeStore``."""

    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        """See ``ChallengeStore``."""
        if now >= expires_at:
            return False
        row = {"id": challenge_id, "expires_at": expires_at}

        def work(connection: Connection) -> bool:
            return insert_new(connection, challenges, [row]) == 1

        return await self._database.write(work, told=False)

    async def purge_challenges(self, *, now: float, limit: int) -> int:
        """See ``ChallengeStore``."""
        over = (
            select(challenges.c.id)
            .where(challenges.c.expires_at <= now)
            .order_by(challenges.c.expires_at)
            .limit(limit)
        )
        statement = delete(challenges).where(challenges.c.id.in_(over))
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount, told=False, alone=True
        )
