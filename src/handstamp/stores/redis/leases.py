"""Leases in Redis or Valkey."""

from handstamp.stores.redis import script
from handstamp.stores.redis.part import Part


class RedisLeases(Part):
    """Keeps ``LeaseStore``.

    They are fields of one hash that never expires. Where it is evicted all the same, a second holder gets a lease.
    """

    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        """See ``LeaseStore``."""
        return bool(await self._server.run(script.TAKE, name, holder, repr(until), repr(now)))

    async def release_lease(self, name: str, *, holder: str) -> None:
        """See ``LeaseStore``."""
        await self._server.run(script.RELEASE, name, holder)
