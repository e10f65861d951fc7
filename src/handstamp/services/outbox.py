"""Sends the mails that wait: soon, again where that failed, and by another process where this one died.

A mail is sent at least once. It is sent twice only where a process dies, or loses its store, between the server's
"250" and its own note of that.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from email.message import EmailMessage
from typing import Final

from handstamp.core.errors import StoreUnavailable
from handstamp.core.mail import MailStore, QueuedMail
from handstamp.core.policy import HOUR, MINUTE
from handstamp.core.protocols import Clock
from handstamp.services.audit import Audit
from handstamp.services.tasks import stopped
from handstamp.services.transport import Outcome, Transport

_LOG: Final = logging.getLogger("handstamp.mail")

AT_ONCE: Final = 20
"""Mails that a process takes together."""
LEASE: Final = 10 * MINUTE
"""Seconds for which they are its own. A conversation that is slower is given up."""
LOOKS: Final = 15.0
"""Seconds between two looks into the store, for mails that are due again and for those of a process that died."""
PAUSES: Final = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR)
"""Seconds after the first attempt, the second …; the last holds for all that follow."""
_PURGED: Final = 1000


class Outbox:
    """Sends mails in the background, from ``begin`` to ``close``.

    Args:
        store: Where they wait.
        transport: How they leave.
        unseal: A mail as it is sent; None where it cannot be opened any more.
        audit: Told of mails that are given up.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        store: MailStore,
        transport: Transport,
        unseal: Callable[[QueuedMail], EmailMessage | None],
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._store = store
        self._transport = transport
        self._unseal = unseal
        self._audit = audit
        self._clock = clock
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Send in the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._send_again_and_again())

    def wake(self) -> None:
        """There is something to be sent now. Where the loop that sent is closed, the running one goes on."""
        if self._task is None:
            return
        loop = self._task.get_loop()
        if loop is asyncio.get_running_loop():
            self._woken.set()
        elif loop.is_closed():
            self._woken = asyncio.Event()
            self.begin()
        else:
            loop.call_soon_threadsafe(self._woken.set)

    async def close(self) -> None:
        """Stop. What was taken and not sent is due again when its lease is over."""
        task, self._task = self._task, None
        await stopped(task)

    async def send_due(self) -> int:
        """Send what is due, once; how many mails were taken.

        Raises:
            StoreUnavailable: It cannot be asked; what was taken is due again when its lease is over.
        """
        now = self._clock()
        taken = await self._store.take_mails(now=now, until=now + LEASE, limit=AT_ONCE)
        opened = [(mail, self._unseal(mail)) for mail in taken]
        for mail, message in opened:
            if message is None:
                await self._give_up(mail, "sealed with a secret that is gone")
        sendable = [(mail, message) for mail, message in opened if message is not None]
        if sendable:
            await self._send(sendable)
        return len(taken)

    async def _send(self, mails: Sequence[tuple[QueuedMail, EmailMessage]]) -> None:
        """Send these, and note of each what became of it before the next: what was sent is not sent again."""
        waiting = [mail for mail, _ in mails]
        with suppress(TimeoutError):
            async with (
                asyncio.timeout(LEASE / 2),
                aclosing(self._transport.deliver([message for _, message in mails])) as outcomes,
            ):
                async for outcome in outcomes:
                    await self._settle(waiting.pop(0), outcome)
        for mail in waiting:
            await self._settle(mail, Outcome.LATER)

    async def _settle(self, mail: QueuedMail, outcome: Outcome) -> None:
        if outcome is Outcome.SENT:
            await self._store.drop_mail(mail.id)
            return
        if outcome is Outcome.NEVER:
            await self._give_up(mail, "refused by the server")
            return
        again = self._clock() + PAUSES[min(mail.attempts, len(PAUSES)) - 1]
        if again >= mail.expires_at:
            await self._give_up(mail, "not taken in time")
        else:
            await self._store.put_off_mail(mail.id, due_at=again)

    async def _give_up(self, mail: QueuedMail, reason: str) -> None:
        await self._store.drop_mail(mail.id)
        await self._audit.record(
            "mail_failed", now=self._clock(), mail=mail.id, reason=reason, attempts=str(mail.attempts)
        )

    async def _send_again_and_again(self) -> None:
        while True:
            self._woken.clear()
            try:
                if await self.send_due() == AT_ONCE:
                    continue
                await self._store.purge_mails(now=self._clock() - MINUTE, limit=_PURGED)
            except StoreUnavailable:
                _LOG.warning("mails wait: the store cannot be reached")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOKS):
                    await self._woken.wait()
