"""Audit events in MongoDB."""

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from handstamp.core.models import AuditEvent
from handstamp.stores.mongodb.documents import event_document, event_from
from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import AUDIT_EVENTS


class MongoAudit(Part):
    """Keeps ``AuditStore``."""

    async def record_event(self, event: AuditEvent) -> None:
        """See ``AuditStore``. An id that is taken raises ValueError."""
        events = self._connection.collection(AUDIT_EVENTS)
        try:
            await self._connection.answer(events.insert_one(event_document(event)))
        except DuplicateKeyError as error:
            raise ValueError("there is an event with this id") from error

    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        """See ``AuditStore``."""
        if limit <= 0:  # which MongoDB takes for "all"
            return ()
        which = {} if user_id is None else {"user_id": user_id}
        newest_first = [("at", DESCENDING), ("_id", DESCENDING)]
        found = self._connection.collection(AUDIT_EVENTS).find(which).sort(newest_first).limit(limit)
        return tuple(event_from(document) for document in await self._connection.answer(found.to_list()))
