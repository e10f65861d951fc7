"""Audit events in SQL."""

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from handstamp.core.models import AuditEvent
from handstamp.stores.sql.part import Part
from handstamp.stores.sql.rows import event_from, event_values
from handstamp.stores.sql.tables import audit_events

_INSERT = insert(audit_events)


class SqlAudit(Part):
    """Keeps ``AuditStore``."""

    async def record_events(self, *events: AuditEvent) -> None:
        """See ``AuditStore``. An id that is taken raises ValueError, and nothing is stored."""
        rows = [event_values(event) for event in events]
        if not rows:
            return
        try:
            # Many go to the server together, and are one transaction there too (psycopg's pipeline).
            await self._database.write(
                lambda connection: connection.execute(_INSERT, rows).close(), told=False, alone=True
            )
        except IntegrityError as error:
            raise ValueError("there is an event with this id") from error

    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        """See ``AuditStore``."""
        statement = select(audit_events).order_by(audit_events.c.at.desc(), audit_events.c.id.desc()).limit(limit)
        if user_id is not None:
            statement = statement.where(audit_events.c.user_id == user_id)
        rows = await self._database.read(lambda connection: connection.execute(statement).all(), alone=True)
        return tuple(event_from(row) for row in rows)
