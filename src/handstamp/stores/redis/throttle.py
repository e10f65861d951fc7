"""Attempts in Redis or Valkey."""

from handstamp.core.throttle import allowed_before, wait_for
from handstamp.stores.redis import script
from handstamp.stores.redis.keys import ATTEMPTS, ROOT
from handstamp.stores.redis.part import Part


class RedisThrottle(Part):
    """Keeps ``ThrottleStore``.

    Keys are members of one sorted set, not keys of the server's own: those would have to expire, and what expires is
    evicted first, by whoever fills the memory. Where the set is evicted all the same, all attempts are given back.
    """

    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        """See ``ThrottleStore``."""
        limit = allowed_before(burst=burst, every=every, now=now)
        full_at = await self._server.run(script.COUNT, key, repr(limit), repr(every), repr(now))
        return 0.0 if full_at is None else wait_for(float(full_at), burst=burst, every=every, now=now)

    async def forget_attempts(self, key: str) -> None:
        """See ``ThrottleStore``."""
        await self._server.command("ZREM", ATTEMPTS, key)

    async def purge_attempts(self, *, now: float, limit: int) -> int:
        """See ``ThrottleStore``."""
        return int(await self._server.run(script.FORGET, ATTEMPTS.removeprefix(ROOT), repr(now), limit))
