"""Audit events in MongoDB."""

from typing import Final

from pymongo import DESCENDING
from pymongo.errors import BulkWriteError

from handstamp.core.models import AuditEvent
from handstamp.stores.mongodb.documents import event_document, event_from
from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import AUDIT_EVENTS

_TAKEN: Final = 11000
"""The code of a key that is there already."""


class MongoAudit(Part):
    """Keeps ``AuditStore``."""

    async def record_events(self, *events: AuditEvent) -> None:
        """See ``AuditStore``. An id that is taken raises ValueError; those before it are stored."""
        documents = [event_document(event) for event in events]
        if not documents:
            return
        try:
            await self._connection.answer(self._connection.collection(AUDIT_EVENTS).insert_many(documents))
        except BulkWriteError as error:
            if _TAKEN in {fault["code"] for fault in error.details["writeErrors"]}:
                raise ValueError("there is an event with this id") from error
            raise

    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        """See ``AuditStore``."""
        if limit <= 0:  # which MongoDB takes for "all"
            return ()
        which = {} if user_id is None else {"user_id": user_id}
        newest_first = [("at", DESCENDING), ("_id", DESCENDING)]
        found = self._connection.collection(AUDIT_EVENTS).find(which).sort(newest_first).limit(limit)
        return tuple(event_from(document) for document in await self._connection.answer(found.to_list()))
