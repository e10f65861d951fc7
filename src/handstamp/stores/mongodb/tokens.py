"""The tokens of identities in MongoDB."""

from handstamp.core.models import SealedTokens
from handstamp.stores.mongodb.documents import TOKENS, identity_id, tokens_fields, tokens_from
from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import IDENTITIES


class MongoTokens(Part):
    """Keeps ``TokenStore``. They are a field of the identity, so each verb is one operation, and they go with it."""

    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        """See ``TokenStore``."""
        this = {"_id": identity_id(tokens.issuer, tokens.subject), "user_id": user_id}
        return await self._changed(IDENTITIES, this, {"$set": tokens_fields(tokens)}) is not None

    async def load_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """See ``TokenStore``."""
        return tokens_from(await self._one(IDENTITIES, identity_id(issuer, subject)))

    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        """See ``TokenStore``."""
        still_there = {"_id": identity_id(seen.issuer, seen.subject), f"{TOKENS}.version": seen.version}
        return await self._changed(IDENTITIES, still_there, {"$set": tokens_fields(becomes)}) is not None

    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """See ``TokenStore``."""
        this = {"_id": identity_id(issuer, subject), TOKENS: {"$exists": True}}
        place = self._connection.collection(IDENTITIES)
        return tokens_from(await self._connection.answer(place.find_one_and_update(this, {"$unset": {TOKENS: ""}})))
