"""Leases in SQL."""

from sqlalchemy import Connection, delete

from handstamp.stores.sql.part import Part, insert_or_change
from handstamp.stores.sql.tables import leases


class SqlLeases(Part):
    """Keeps ``LeaseStore``."""

    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        """See ``LeaseStore``."""
        lease = {"holder": holder, "held_until": until}
        open_to_us = (leases.c.holder == holder) | (leases.c.held_until <= now)

        def work(connection: Connection) -> bool:
            return insert_or_change(connection, leases, {"name": name, **lease}, change=lease, where=open_to_us)

        return await self._database.write(work, told=False)

    async def release_lease(self, name: str, *, holder: str) -> None:
        """See ``LeaseStore``."""
        statement = delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        await self._database.write(lambda connection: connection.execute(statement).close(), told=False)
