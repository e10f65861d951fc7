"""What the parts of the MongoDB store share."""

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from handstamp.stores.mongodb.connection import Connection
from handstamp.stores.mongodb.shape import Document


class Part:
    """The verbs of one protocol.

    A verb that is about one document is one operation on it, which is atomic. A verb that is about more is a
    transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def _one(self, collection: str, document_id: Any) -> Document | None:
        return await self._connection.answer(self._connection.collection(collection).find_one({"_id": document_id}))

    async def _changed(self, collection: str, which: Mapping[str, Any], change: Any) -> Document | None:
        """The document as it is after the change, or None where there is none such."""
        return await self._connection.answer(
            changed(self._connection.collection(collection), which, change, transaction=None)
        )

    async def _purge(self, collection: str, *, now: float, limit: int) -> int:
        """Remove at most ``limit`` documents whose ``expires_at`` has passed, the oldest first; how many."""
        over = {"expires_at": {"$lte": now}}
        place = self._connection.collection(collection)

        async def work() -> int:
            found = place.find(over, {"_id": 1}).sort("expires_at", ASCENDING).limit(limit)
            ids = [document["_id"] async for document in found]
            return (await place.delete_many({"_id": {"$in": ids}, **over})).deleted_count if ids else 0

        return await self._connection.answer(work()) if limit > 0 else 0


async def changed(
    place: AsyncCollection[Document],
    which: Mapping[str, Any],
    change: Any,
    *,
    transaction: AsyncClientSession | None,
) -> Document | None:
    """Change one document; as it is then, or None where there is none such."""
    document: Document | None = await place.find_one_and_update(
        which, change, return_document=ReturnDocument.AFTER, session=transaction
    )
    return document
