"""Mails that wait, in memory."""

from dataclasses import replace

from handstamp.core.mail import QueuedMail
from handstamp.stores.memory.part import Part


class MemoryMail(Part):
    """Keeps ``MailStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._mails: dict[str, QueuedMail] = {}

    async def queue_mail(self, mail: QueuedMail) -> None:
        """See ``MailStore``."""
        if mail.id in self._mails:
            raise ValueError("there is a mail with this id")
        self._mails[mail.id] = mail

    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        """See ``MailStore``."""
        due = [mail for mail in self._mails.values() if mail.due_at <= now < mail.expires_at]
        taken = tuple(
            replace(mail, due_at=until, attempts=mail.attempts + 1)
            for mail in sorted(due, key=lambda mail: (mail.due_at, mail.id))[:limit]
        )
        self._mails.update({mail.id: mail for mail in taken})
        return taken

    async def put_off_mail(self, mail_id: str, *, due_at: float) -> bool:
        """See ``MailStore``."""
        mail = self._mails.get(mail_id)
        if mail is not None:
            self._mails[mail_id] = replace(mail, due_at=due_at)
        return mail is not None

    async def drop_mail(self, mail_id: str) -> bool:
        """See ``MailStore``."""
        return self._mails.pop(mail_id, None) is not None

    async def purge_mails(self, *, now: float, limit: int) -> int:
        """See ``MailStore``."""
        over = [mail.id for mail in self._mails.values() if mail.expires_at <= now][:limit]
        for mail_id in over:
            del self._mails[mail_id]
        return len(over)
