"""The suite of stores of mails can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.mail import QueuedMail
from handstamp.stores.memory import MemoryStore
from handstamp.testing import MailStoreSuite

broken = Breakages(MailStoreSuite)


@broken.found_by("test_queue_keeps_a_mail")
class QueueForgetsAttempts(MemoryStore):
    """A field is lost."""

    @override
    async def queue_mail(self, mail: QueuedMail) -> None:
        await super().queue_mail(replace(mail, attempts=0))


@broken.found_by("test_queue_refuses_an_id_that_is_taken")
class QueueReplaces(MemoryStore):
    """A second mail takes the place of the first."""

    @override
    async def queue_mail(self, mail: QueuedMail) -> None:
        self._mails[mail.id] = mail


@broken.found_by("test_take_gives_the_longest_due_first")
class TakeKnowsNoOrder(MemoryStore):
    """The newest first."""

    @override
    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        due = [mail for mail in reversed(self._mails.values()) if mail.due_at <= now < mail.expires_at]
        taken = tuple(replace(mail, due_at=until, attempts=mail.attempts + 1) for mail in due[:limit])
        self._mails.update({mail.id: mail for mail in taken})
        return taken


@broken.found_by("test_take_leaves_what_is_not_due_or_has_expired")
class TakeGivesWhatHasExpired(MemoryStore):
    """A link that is worth nothing any more is sent."""

    @override
    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        for mail in list(self._mails.values()):
            self._mails[mail.id] = replace(mail, expires_at=max(mail.expires_at, now + 1))
        return await super().take_mails(now=now, until=until, limit=limit)


@broken.found_by(
    "test_queue_keeps_a_mail",
    "test_take_gives_the_longest_due_first",
    "test_take_gives_a_mail_to_one_of_many",
    "test_take_keeps_others_away_for_a_while",
    "test_put_off_says_when_to_try_again",
)
class TakeTakesNothing(MemoryStore):
    """Everybody may have it."""

    @override
    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        return await super().take_mails(now=now, until=now, limit=limit)


@broken.found_by("test_take_gives_a_mail_to_one_of_many")
class TakeLetsOthersIn(MemoryStore):
    """Look, wait, write."""

    @override
    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        before = dict(self._mails)
        taken = await super().take_mails(now=now, until=until, limit=limit)
        after, self._mails = self._mails, before
        await asyncio.sleep(0)
        self._mails = after
        return taken


@broken.found_by("test_put_off_says_when_to_try_again")
class PutOffDoesNothing(MemoryStore):
    """The mail comes back when its lease is over."""

    @override
    async def put_off_mail(self, mail_id: str, *, due_at: float) -> bool:
        return mail_id in self._mails


@broken.found_by("test_drop_forgets_a_mail")
class DropKeeps(MemoryStore):
    """What was sent is sent again."""

    @override
    async def drop_mail(self, mail_id: str) -> bool:
        return mail_id in self._mails


@broken.found_by("test_purge_forgets_what_has_expired")
class PurgeKnowsNoLimit(MemoryStore):
    """All at once."""

    @override
    async def purge_mails(self, *, now: float, limit: int) -> int:
        return await super().purge_mails(now=now, limit=1_000_000)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
