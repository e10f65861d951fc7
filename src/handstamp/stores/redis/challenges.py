"""Used-up one-time things in Redis or Valkey."""

from handstamp.stores.redis import script
from handstamp.stores.redis.keys import CHALLENGES, ROOT
from handstamp.stores.redis.part import Part


class RedisChallenges(Part):
    """Keeps ``ChallengeStore``.

    They are members of one sorted set, not keys of their own: a key that expires may be evicted before it does, and
    then the thing could be used a second time.
    """

    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        """See ``ChallengeStore``."""
        if now >= expires_at:
            return False
        return bool(await self._server.command("ZADD", CHALLENGES, "NX", repr(expires_at), challenge_id))

    async def purge_challenges(self, *, now: float, limit: int) -> int:
        """See ``ChallengeStore``."""
        return int(await self._server.run(script.FORGET, CHALLENGES.removeprefix(ROOT), repr(now), limit))
