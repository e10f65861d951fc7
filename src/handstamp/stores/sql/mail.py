"""Mails that wait, in SQL."""

from dataclasses import asdict, replace

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from handstamp.core.mail import QueuedMail
from handstamp.stores.sql.part import Part
from handstamp.stores.sql.tables import mails


class SqlMail(Part):
    """Keeps ``MailStore``."""

    async def queue_mail(self, mail: QueuedMail) -> None:
        """See ``MailStore``."""
        statement = insert(mails).values(asdict(mail))
        try:
            await self._database.write(
                lambda connection: connection.execute(statement).close(), told=False, alone=True
            )
        except IntegrityError as error:
            raise ValueError("there is a mail with this id") from error

    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        """See ``MailStore``. On PostgreSQL nobody waits for what another is about to take."""
        due = (
            select(mails)
            .where(mails.c.due_at <= now, mails.c.expires_at > now)
            .order_by(mails.c.due_at, mails.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

        def work(connection: Connection) -> tuple[QueuedMail, ...]:
            found = connection.execute(due).mappings().all()
            mails_due = [QueuedMail(**row) for row in found]
            taken = tuple(replace(mail, due_at=until, attempts=mail.attempts + 1) for mail in mails_due)
            change = {"due_at": until, "attempts": mails.c.attempts + 1}
            connection.execute(update(mails).where(mails.c.id.in_([mail.id for mail in taken])).values(change))
            return taken

        return await self._database.write(work, told=False)

    async def put_off_mail(self, mail_id: str, *, due_at: float) -> bool:
        """See ``MailStore``."""
        statement = update(mails).where(mails.c.id == mail_id).values(due_at=due_at)
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount == 1, told=False, alone=True
        )

    async def drop_mail(self, mail_id: str) -> bool:
        """See ``MailStore``."""
        statement = delete(mails).where(mails.c.id == mail_id)
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount == 1, told=False, alone=True
        )

    async def purge_mails(self, *, now: float, limit: int) -> int:
        """See ``MailStore``."""
        over = select(mails.c.id).where(mails.c.expires_at <= now).order_by(mails.c.expires_at).limit(limit)
        statement = delete(mails).where(mails.c.id.in_(over))
        return await self._database.write(
            lambda connection: connection.execute(statement).rowcount, told=False, alone=True
        )
