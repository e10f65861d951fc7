"""Attempts in MongoDB."""

from pymongo.errors import DuplicateKeyError

from handstamp.core.throttle import allowed_before, full_after, wait_for
from handstamp.stores.mongodb.documents import expiry
from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import ATTEMPTS, Document


class MongoThrottle(Part):
    """Keeps ``ThrottleStore``. When a bucket is full again its document expires."""

    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        """See ``ThrottleStore``. Each of the three steps is whole; where others came between two, it begins again."""
        there_is_one = {"_id": key, "expires_at": {"$lt": allowed_before(burst=burst, every=every, now=now)}}
        first = {"_id": key, **expiry(full_after(now, every=every, now=now))}
        attempts = self._connection.collection(ATTEMPTS)

        async def work() -> float:
            while True:
                if await attempts.find_one_and_update(there_is_one, _one_more(every, now)) is not None:
                    return 0.0
                stored = await attempts.find_one({"_id": key})
                if stored is None:
                    try:
                        await attempts.insert_one(first)
                    except DuplicateKeyError:
                        continue
                    return 0.0
                wait = wait_for(stored["expires_at"], burst=burst, every=every, now=now)
                if wait:
                    return wait

        return await self._connection.answer(work())

    async def forget_attempts(self, key: str) -> None:
        """See ``ThrottleStore``."""
        await self._connection.answer(self._connection.collection(ATTEMPTS).delete_one({"_id": key}))

    async def purge_attempts(self, *, now: float, limit: int) -> int:
        """See ``ThrottleStore``."""
        return await self._purge(ATTEMPTS, now=now, limit=limit)


def _one_more(every: float, now: float) -> list[Document]:
    """As ``full_after`` has it, by the server: what is stored need not be what was read."""
    full_at = {"$add": [{"$max": ["$expires_at", now]}, every]}
    milliseconds = {"$toLong": {"$multiply": ["$expires_at", 1000]}}
    return [{"$set": {"expires_at": full_at}}, {"$set": {"expires_on": {"$toDate": milliseconds}}}]
