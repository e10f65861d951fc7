"""Leases in MongoDB."""

from pymongo.errors import DuplicateKeyError

from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import LEASES


class MongoLeases(Part):
    """Keeps ``LeaseStore``."""

    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        """See ``LeaseStore``."""
        open_to_us = {"_id": name, "$or": [{"holder": holder}, {"held_until": {"$lte": now}}]}
        change = {"$set": {"holder": holder, "held_until": until}}
        leases = self._connection.collection(LEASES)
        if await self._changed(LEASES, open_to_us, change) is not None:
            return True
        try:
            await self._connection.answer(leases.insert_one({"_id": name, **change["$set"]}))
        except DuplicateKeyError:
            # Held by another; or made in between, by this very holder it may be.
            return await self._changed(LEASES, open_to_us, change) is not None
        return True

    async def release_lease(self, name: str, *, holder: str) -> None:
        """See ``LeaseStore``."""
        leases = self._connection.collection(LEASES)
        await self._connection.answer(leases.delete_one({"_id": name, "holder": holder}))
