"""The outbox: each mail leaves once, again where that failed, and by another process where one died."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from email.message import EmailMessage
from gettext import NullTranslations

import pytest

from handmade import SECRET
from handstamp.core.errors import StoreUnavailable
from handstamp.core.keys import Purpose
from handstamp.core.mail import QueuedMail
from handstamp.core.sealing import Sealer
from handstamp.services import outbox as outbox_module
from handstamp.services.audit import Audit
from handstamp.services.letters import Letters
from handstamp.services.mail import MAX_MAIL_BYTES, Envelopes, Mails
from handstamp.services.outbox import AT_ONCE, LEASE, PAUSES, Outbox
from handstamp.services.transport import Outcome
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW
from web_world import HandClock

DAY = 86_400.0


class Post:
    """A transport that does what it is told, and notes what it was given."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.taken: list[EmailMessage] = []
        self.arrivals = asyncio.Queue[EmailMessage]()

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncGenerator[Outcome]:
        """Each outcome in turn; then all is well."""
        for message in messages:
            self.taken.append(message)
            self.arrivals.put_nowait(message)
            yield self.outcomes.pop(0) if self.outcomes else Outcome.SENT


class Place:
    """One process that sends, over a store that others may share."""

    def __init__(self, post: Post, *, store: MemoryStore | None = None, secret: str = SECRET) -> None:
        self.store = store or MemoryStore()
        self.clock = HandClock(NOW)
        sealer = Sealer([secret], Purpose.MAIL, max_bytes=MAX_MAIL_BYTES)
        envelopes = Envelopes(sealer, sender="no-reply@app.example.com", sender_name="Tom & Ann")
        self.outbox = Outbox(self.store, post, envelopes.open, Audit(self.store), self.clock)
        self.mails = Mails(
            store=self.store,
            letters=Letters(
                app_name="Tom & Ann",
                origin="https://app.example.com",
                folder=None,
                translations=lambda _: NullTranslations(),
            ),
            sealer=sealer,
            outbox=self.outbox,
        )

    async def send(self, to: str | None = "ada@example.org", **how: float) -> None:
        """Have a mail sent."""
        link = "https://app.example.com/secret"
        await self.mails.send("reset_password", to, language="en", now=self.clock(), link=link, **how)

    async def failures(self) -> list[str]:
        """Why mails were given up."""
        events = await self.store.list_events()
        return [event.detail["reason"] for event in events if event.event == "mail_failed"]


async def test_a_mail_is_sent_once_with_the_headers_of_a_machine() -> None:
    """From the application, to its reader, once."""
    post = Post()
    place = Place(post)
    await place.send()
    assert [await place.outbox.send_due() for _ in range(2)] == [1, 0]
    (message,) = post.taken
    assert (message["From"], message["To"]) == ("Tom & Ann <no-reply@app.example.com>", "ada@example.org")
    assert message["Subject"] == "Choose a new password"
    assert message["Auto-Submitted"] == "auto-generated"
    assert str(message["Message-ID"]).endswith("@app.example.com>")
    assert message.get_content_type() == "multipart/alternative"
    assert "https://app.example.com/secret" in message.as_string()


async def test_a_mail_that_waits_is_sealed() -> None:
    """Whoever reads the store finds no address and no link (RFC 6819 §5.1.4.1)."""
    place = Place(Post())
    await place.send()
    (mail,) = await place.store.take_mails(now=NOW, until=NOW, limit=10)
    assert "secret" not in mail.sealed
    assert "ada" not in mail.sealed
    assert mail.sealed not in repr(mail)


async def test_a_mail_that_was_not_taken_is_tried_again_and_again() -> None:
    """After a minute, five, half an hour, and each two hours, with the same Message-ID; then it is given up."""
    post = Post(*[Outcome.LATER] * 100)
    place = Place(post)
    await place.send()
    tries: list[float] = []
    while await place.store.put_off_mail((await ids(place))[0], due_at=NOW) if not tries else await ids(place):
        if await place.outbox.send_due():
            tries.append(place.clock.now - NOW)
        place.clock.now += 30
    assert tries[:5] == [0, 60, 360, 2160, 9360]
    assert len({message["Message-ID"] for message in post.taken}) == 1
    assert tries[-1] < DAY
    assert await place.failures() == ["not taken in time"]


async def ids(place: Place) -> list[str]:
    """The mails that wait."""
    return list(place.store._mails)


async def test_a_mail_that_is_refused_is_given_up() -> None:
    """And the audit trail says so, without the address."""
    place = Place(Post(Outcome.NEVER))
    await place.send()
    await place.outbox.send_due()
    assert await ids(place) == []
    assert await place.failures() == ["refused by the server"]
    assert all("ada" not in str(event) for event in await place.store.list_events())


async def test_a_mail_is_not_sent_when_its_link_is_over() -> None:
    """It would only lead to a page that says so."""
    post = Post()
    place = Place(post)
    await place.send(lifetime=600.0)
    place.clock.now += 600
    assert await place.outbox.send_due() == 0
    assert post.taken == []


async def test_nobody_gets_a_mail_and_all_the_work_is_done() -> None:
    """What is asked of the store is the same (PAS-04)."""
    post = Post()
    place = Place(post)
    await place.send(to=None)
    await place.send()
    nobody, somebody = place.store._mails.values()
    assert abs(len(nobody.sealed) - len(somebody.sealed)) < 64
    assert await place.outbox.send_due() == 1
    assert [message["To"] for message in post.taken] == ["ada@example.org"]


async def test_another_process_sends_what_one_that_died_had_taken() -> None:
    """When its lease is over, and not before."""
    first, second = Post(), Post()
    dying = Place(first)
    living = Place(second, store=dying.store)
    await dying.send()
    await dying.store.take_mails(now=NOW, until=NOW + LEASE, limit=AT_ONCE)  # and then the process is killed
    living.clock.now += LEASE - 1
    assert await living.outbox.send_due() == 0
    living.clock.now += 1
    assert await living.outbox.send_due() == 1
    assert len(second.taken) == 1


async def test_a_mail_of_a_secret_that_is_gone_is_given_up() -> None:
    """Nobody can read it any more."""
    store = MemoryStore()
    await Place(Post(), store=store).send()
    other = Place(Post(), store=store, secret="Zk4Lr9qWv2Xt7Np3Jd8Hs5Fb6Gc1MaYeUoQiRw0TyPz")
    assert await other.outbox.send_due() == 1
    assert await other.failures() == ["sealed with a secret that is gone"]


async def test_it_is_sent_soon_and_in_the_background() -> None:
    """Whoever asks waits for the store alone; many are sent in batches."""
    post = Post()
    place = Place(post)
    place.outbox.begin()
    for _ in range(AT_ONCE + 1):
        await place.send()
    async with asyncio.timeout(5):
        for _ in range(AT_ONCE + 1):
            await post.arrivals.get()
    await place.outbox.close()
    await place.outbox.close()


async def test_an_outage_of_the_store_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails wait, and are sent when it is back."""
    post = Post()
    place = Place(post)
    await place.send()
    asked = asyncio.Event()
    take = place.store.take_mails

    async def refuse(**_: object) -> tuple[QueuedMail, ...]:
        asked.set()
        raise StoreUnavailable("gone")

    monkeypatch.setattr(place.store, "take_mails", refuse)
    place.outbox.begin()
    await asked.wait()
    monkeypatch.setattr(place.store, "take_mails", take)
    place.outbox.wake()
    async with asyncio.timeout(5):
        await post.arrivals.get()
    await place.outbox.close()


async def test_where_mails_are_not_set_up_none_is_written() -> None:
    """Not even kept."""
    place = Place(Post())
    mails = Mails(store=place.store, letters=place.mails._letters, sealer=place.mails._sealer, outbox=None)
    await mails.send("password_changed", "ada@example.org", language="en", now=NOW)
    assert await ids(place) == []


def test_the_pauses_grow() -> None:
    """So that a server in trouble is left alone."""
    assert list(PAUSES) == sorted(PAUSES)


class Stuck(Post):
    """Sends one mail, and then hears nothing any more."""

    async def deliver(self, messages: Sequence[EmailMessage]) -> AsyncGenerator[Outcome]:
        """The first of them."""
        async for outcome in super().deliver(messages[:1]):
            yield outcome
        await asyncio.Event().wait()


async def test_what_was_sent_is_not_sent_again_where_the_rest_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mail is noted before the next: a slow server is no flood for the first in line."""
    monkeypatch.setattr(outbox_module, "LEASE", 1.0)
    stuck, post = Stuck(), Post()
    place = Place(stuck)
    for name in ("ada", "grace", "linus"):
        await place.send(to=f"{name}@example.org")
        place.clock.now += 1
    assert await place.outbox.send_due() == 3
    later = Place(post, store=place.store)
    later.clock.now += 3600
    await later.outbox.send_due()
    assert [message["To"] for message in stuck.taken] == ["ada@example.org"]
    assert [message["To"] for message in post.taken] == ["grace@example.org", "linus@example.org"]


def test_each_loop_in_turn_sends() -> None:
    """A test client runs each request on a loop of its own: what was begun in one that is closed is begun anew."""
    post = Post()
    place = Place(post)

    async def first() -> None:
        place.outbox.begin()

    async def second() -> None:
        await place.send()
        await asyncio.wait_for(post.arrivals.get(), 5)

    asyncio.run(first())
    asyncio.run(second())
    assert len(post.taken) == 1


async def test_a_mail_of_another_thread_wakes_the_loop_that_sends() -> None:
    """As frameworks without a loop have it."""
    post = Post()
    place = Place(post)
    place.outbox.begin()
    await asyncio.to_thread(lambda: asyncio.run(place.send()))
    await asyncio.wait_for(post.arrivals.get(), 5)
    await place.outbox.close()
    place.outbox.wake()
