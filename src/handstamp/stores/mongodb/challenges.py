"""Used-up one-time things in MongoDB."""

from pymongo.errors import DuplicateKeyError

from handstamp.stores.mongodb.documents import expiry
from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import CHALLENGES


class MongoChallenges(Part):
    """Keeps ``ChallengeStore``."""

    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        """See ``ChallengeStore``."""
        if now >= expires_at:
            return False
        challenges = self._connection.collection(CHALLENGES)
        try:
            await self._connection.answer(challenges.insert_one({"_id": challenge_id, **expiry(expires_at)}))
        except DuplicateKeyError:
            return False
        return True

    async def purge_challenges(self, *, now: float, limit: int) -> int:
        """See ``ChallengeStore``."""
        return await self._purge(CHALLENGES, now=now, limit=limit)
