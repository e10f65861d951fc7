"""Conformance of a store of mails."""

from dataclasses import replace

from handstamp.core.mail import MailStore, QueuedMail
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_mail

UNTIL = NOW + 120


async def queued(store: MailStore, *mails: QueuedMail) -> None:
    """Keep them."""
    for mail in mails:
        await store.queue_mail(mail)


async def taken(store: MailStore, *, now: float = NOW, limit: int = 10) -> tuple[QueuedMail, ...]:
    """Those that are taken now, for two minutes."""
    return await store.take_mails(now=now, until=UNTIL, limit=limit)


class MailStoreSuite(ConformanceSuite):
    """Every sentence of ``MailStore``."""

    async def test_queue_keeps_a_mail(self, store: MailStore, peer: MailStore) -> None:
        """Keep a mail; every field comes back as it was stored, but for what taking changes."""
        mail = a_mail(id=ODD_TEXT, sealed=ODD_TEXT, attempts=7)
        await store.queue_mail(mail)
        assert await taken(peer) == (replace(mail, attempts=8, due_at=UNTIL),)

    async def test_queue_refuses_an_id_that_is_taken(self, store: MailStore) -> None:
        """An id that is taken raises ValueError; the mail that was there is as it was."""
        mail = a_mail()
        await store.queue_mail(mail)
        refused = False
        try:
            await store.queue_mail(a_mail(id=mail.id, sealed="other"))
        except ValueError:
            refused = True
        assert refused
        assert [one.sealed for one in await taken(store)] == [mail.sealed]

    async def test_take_gives_the_longest_due_first(self, store: MailStore) -> None:
        """At most ``limit``, the longest due first."""
        mails = [a_mail(due_at=NOW - age) for age in (1, 3, 2)]
        await queued(store, *mails)
        assert [one.id for one in await taken(store, limit=2)] == [mails[1].id, mails[2].id]
        assert [one.id for one in await taken(store)] == [mails[0].id]
        assert await taken(store, limit=0) == ()

    async def test_take_leaves_what_is_not_due_or_has_expired(self, store: MailStore) -> None:
        """Mails that are due and have not expired."""
        due, over = a_mail(due_at=NOW + 1), a_mail(due_at=NOW - 9, expires_at=NOW)
        await queued(store, due, over)
        assert await taken(store) == ()
        assert [one.id for one in await taken(store, now=NOW + 1)] == [due.id]

    async def test_take_keeps_others_away_for_a_while(self, store: MailStore, peer: MailStore) -> None:
        """``due_at`` is ``until``, so that nobody else takes it before, and somebody does where its taker died."""
        mail = a_mail()
        await queued(store, mail)
        await taken(store)
        assert await taken(peer, now=UNTIL - 0.001) == ()
        assert await peer.take_mails(now=UNTIL, until=LATER, limit=10) == (replace(mail, attempts=2, due_at=LATER),)

    async def test_take_gives_a_mail_to_one_of_many(self, store: MailStore, peer: MailStore) -> None:
        """Of any number of callers at once, one takes a mail."""
        mails = [a_mail() for _ in range(CALLERS)]
        await queued(store, *mails)

        async def take(through: MailStore, _number: int) -> tuple[QueuedMail, ...]:
            return await through.take_mails(now=NOW, until=UNTIL, limit=3)

        got = [mail.id for batch in await race(store, peer, take) for mail in batch]
        assert len(got) == len(set(got))
        left = [mail.id for mail in await taken(store, limit=CALLERS)]
        assert sorted(got + left) == sorted(mail.id for mail in mails)

    async def test_put_off_says_when_to_try_again(self, store: MailStore, peer: MailStore) -> None:
        """Try a mail again at ``due_at``; whether there is one."""
        mail, other = a_mail(), a_mail()
        await queued(store, mail, other)
        await taken(store)
        assert await store.put_off_mail(mail.id, due_at=NOW + 5) is True
        assert await taken(peer, now=NOW + 4.999) == ()
        assert [one.id for one in await taken(peer, now=NOW + 5)] == [mail.id]
        assert await store.put_off_mail("missing", due_at=NOW) is False

    async def test_drop_forgets_a_mail(self, store: MailStore, peer: MailStore) -> None:
        """Forget a mail; whether there was one."""
        mail, other = a_mail(), a_mail()
        await queued(store, mail, other)
        assert await store.drop_mail(mail.id) is True
        assert await peer.drop_mail(mail.id) is False
        assert [one.id for one in await taken(peer)] == [other.id]

    async def test_purge_forgets_what_has_expired(self, store: MailStore) -> None:
        """Forget at most ``limit`` mails that have expired; give how many."""
        await queued(store, *(a_mail(expires_at=NOW + 1) for _ in range(3)), a_mail())
        assert await store.purge_mails(now=NOW, limit=10) == 0
        assert [await store.purge_mails(now=NOW + 1, limit=2) for _ in range(3)] == [2, 1, 0]
        assert len(await taken(store)) == 1
