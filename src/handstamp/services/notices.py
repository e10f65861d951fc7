"""Letters to the owner of an account about what others could have done to it."""

from collections.abc import Callable
from typing import Final

from handstamp.core.models import AuditEvent
from handstamp.core.people import UserStore
from handstamp.core.text import N_
from handstamp.services.events import Events, Hook
from handstamp.services.mail import Mails

_CHANGES: Final = {
    "factor_added": N_("a second factor was set up"),
    "factor_removed": N_("a second factor was removed"),
    "identity_linked": N_("another account was linked"),
    "identity_unlinked": N_("a linked account was removed"),
}
"""What ``factor_changed`` says. Changes of password and address are told by those who make them."""


class Notices:
    """Writes to the owner, where the address is known to be theirs: an unverified one may be a stranger's."""

    def __init__(self, mails: Callable[[], Mails], users: UserStore, *, language: str) -> None:
        self._mails = mails
        self._users = users
        self._language = language

    def listen(self, events: Events) -> None:
        """Write whenever something happens that the owner has to know of."""
        events.on("session_replayed")(self._replayed)
        for name, what in _CHANGES.items():
            events.on(name)(self._changed(what))

    async def _replayed(self, event: AuditEvent) -> None:
        await self._write("session_replayed", event)

    def _changed(self, what: str) -> Hook:
        async def write(event: AuditEvent) -> None:
            await self._write("factor_changed", event, what=what)

        return write

    async def _write(self, letter: str, event: AuditEvent, what: str | None = None) -> None:
        user = None if event.user_id is None else await self._users.load_user(event.user_id)
        if user is not None and user.email is not None and user.email_verified:
            await self._mails().send(letter, user.email, language=self._language, now=event.at, what=what)
