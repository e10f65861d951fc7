"""Mails that wait to be sent, and what a store has to do for them.

Everything that ``handstamp.core.protocols`` says of all stores holds here too.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMail:
    """A mail that waits."""

    id: str
    sealed: str = field(repr=False)
    """To whom, and what, sealed: it holds links that sign people in."""
    created_at: float
    due_at: float
    """Nobody tries before."""
    expires_at: float
    """Nobody tries from then on: what it says is not true any more."""
    attempts: int = 0
    """How often it was taken."""


class MailStore(Protocol):
    """Keeps mails until they are sent. It reads none."""

    async def queue_mail(self, mail: QueuedMail) -> None:
        """Keep a mail; every field comes back as it was stored. An id that is taken raises ValueError."""
        ...

    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        """Take at most ``limit`` mails that are due and have not expired, the longest due first.

        Each is as it is then: ``attempts`` is one more, and ``due_at`` is ``until``, so that nobody else takes it
        before, and somebody does where its taker died.
        Of any number of callers at once, one takes a mail.
        """
        ...

    async def put_off_mail(self, mail_id: str, *, due_at: float) -> bool:
        """Try a mail again at ``due_at``; whether there is one."""
        ...

    async def drop_mail(self, mail_id: str) -> bool:
        """Forget a mail, as it was sent or never will be; whether there was one."""
        ...

    async def purge_mails(self, *, now: float, limit: int) -> int:
        """Forget at most ``limit`` mails that have expired; give how many."""
        ...
