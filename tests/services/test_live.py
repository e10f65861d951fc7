"""What is open is closed when its session is over, and for no other reason."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from handstamp.core.models import EVERYTHING_CHANGED, UNKNOWN, Changes, EndReason
from handstamp.core.policy import DAY, HOUR
from handstamp.core.protocols import ChangeFeed
from handstamp.services import watch
from handstamp.services.closing import Closing
from handstamp.services.live import Live
from handstamp.services.sessions import Issued
from handstamp.testing import NOW
from world import AdverseStore, World


@dataclass(eq=False)
class Opened:
    """A connection that remembers what was done to it."""

    reason: EndReason | None = None
    stuck: bool = False
    heard: list[EndReason] = field(default_factory=list[EndReason])
    given_up: bool = False

    def stop(self, reason: EndReason) -> bool:
        """Take note."""
        assert self.reason is None, "stopped once"
        self.reason = reason
        return True

    async def say_last_words(self) -> None:
        """Hear them, or never come back."""
        assert self.reason is not None
        try:
            if self.stuck:
                await asyncio.Event().wait()
            self.heard.append(self.reason)
        except asyncio.CancelledError:
            self.given_up = True
            raise


class FlakyFeed:
    """A feed that says what a test wants."""

    def __init__(self, inner: ChangeFeed) -> None:
        self.inner = inner
        self.says: Changes | None = None

    def poll(self, now: float) -> Changes:
        """Whatever it was told, or the truth."""
        return self.says or self.inner.poll(now)

    def close(self) -> None:
        """Nothing to let go of."""
        self.inner.close()


class FlakyStore(AdverseStore):
    """Its feeds can be made to say anything."""

    def __init__(self) -> None:
        super().__init__()
        self.feeds: list[FlakyFeed] = []

    def feed(self) -> ChangeFeed:
        """A feed in the hands of the test."""
        self.feeds.append(FlakyFeed(super().feed()))
        return self.feeds[-1]


class House:
    """Two processes; what is open is open in the second one, on a clock that a test moves."""

    def __init__(self, closing: Callable[[], Closing] = Closing) -> None:
        self.store = FlakyStore()
        self.world = World(self.store)
        self.now = NOW
        here = self.world[1]
        self.live = Live(here.check, here.cache, lambda: self.now, closing)

    async def open(self, issued: Issued | None = None, *, stuck: bool = False, vouched: bool = True) -> Opened:
        """A connection of a session, a new one unless it is given."""
        opened = Opened(stuck=stuck)
        session = (issued or await self.world.signed_in()).session
        self.live.add(opened, session, vouched=vouched)
        return opened

    async def look(self) -> None:
        """Look, as the task would."""
        await self.live.look(now=self.now)


def watching() -> list[str]:
    """The tasks that look after what is open."""
    return [repr(task) for task in asyncio.all_tasks() if "Watch" in repr(task)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other tasks do."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  what is waited for knows no event
            await asyncio.sleep(0.001)


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> House:
    """The task is slow here: what is looked at, the test looks at."""
    monkeypatch.setattr(watch, "POLL_EVERY", 3_600)
    return House()


@pytest.mark.parametrize("reason", [reason for reason in EndReason if reason is not EndReason.UNKNOWN])
async def test_it_is_closed_with_the_reason_that_was_written_down(house: House, reason: EndReason) -> None:
    """Whoever ended it, in whichever process."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    await house.world[0].sessions.end(issued.session.id, reason=reason, now=NOW)
    await house.look()
    assert opened.heard == [reason]
    assert len(house.live) == 0


async def test_a_row_that_is_gone_closes_it(house: House) -> None:
    """Nobody knows why."""
    issued = await house.world.signed_in()
    opened = await house.open(issued, vouched=False)
    await house.store.purge_sessions(now=NOW + 365 * DAY, limit=10)
    await house.look()
    assert opened.heard == [EndReason.UNKNOWN]


async def test_a_user_who_is_disabled_or_deleted_hears_that(house: House) -> None:
    """Also where the sessions themselves were not ended, as by hand in the database."""
    for change, reason in (
        (lambda user_id: house.store.disable_user(user_id, now=NOW), EndReason.USER_DISABLED),
        (house.store.delete_user, EndReason.USER_DELETED),
    ):
        issued = await house.world.signed_in()
        opened, other = await house.open(issued), await house.open(None)
        await house.look()
        await change(issued.session.user_id)
        await house.look()
        assert opened.heard == [reason]
        del other


async def test_the_clock_closes_what_has_expired(house: House) -> None:
    """At the absolute limit, however much it was used."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    for house.now in (NOW + days * DAY for days in range(1, 30)):
        await house.store.touch_sessions({issued.session.id: house.now})
        await house.look()
    assert opened.heard == []
    house.now = issued.session.expires_at
    await house.look()
    assert opened.heard == [EndReason.EXPIRED]


async def test_the_clock_closes_what_is_idle(house: House) -> None:
    """Counted from the last request: an open connection is no use of the session."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    house.now = NOW + 6 * DAY
    await house.world[0].store.touch_sessions({issued.session.id: house.now})
    house.now = NOW + 7 * DAY
    await house.look()
    assert opened.heard == []
    house.now = NOW + 13 * DAY - 1
    await house.look()
    assert opened.heard == []
    house.now += 1
    await house.look()
    assert opened.heard == [EndReason.IDLE]


async def test_a_use_that_is_not_written_yet_counts(house: House) -> None:
    """Requests of this process are known here first."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    house.now = NOW + 6 * DAY
    await house.world[1].admit(issued.token.encode(), now=house.now)
    house.now = NOW + 8 * DAY
    await house.look()
    assert opened.heard == []


async def test_a_rotation_closes_nothing(house: House) -> None:
    """Neither its two writes nor the feed's word on them."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    await house.world.rotate(issued, 3, now=NOW)
    house.now = NOW + HOUR
    await house.look()
    assert (opened.reason, len(house.live)) == (None, 1)


async def test_a_new_role_closes_nothing(house: House) -> None:
    """It counts at the next request."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    await house.world[0].accounts.change_roles(issued.session.user_id, add=frozenset({"admin"}), now=NOW)
    await house.look()
    assert (opened.reason, len(house.live)) == (None, 1)


async def test_what_ended_before_it_was_opened_is_closed(house: House) -> None:
    """The check had passed, and then the session ended: nothing more will be told of it."""
    issued = await house.world.signed_in()
    await house.world[0].sessions.end(issued.session.id, reason=EndReason.ADMIN, now=NOW)
    house.world[1].cache.mark(NOW)
    opened = await house.open(issued, vouched=False)
    await house.look()
    assert opened.heard == [EndReason.ADMIN]


async def test_quiet_costs_no_question(house: House) -> None:
    """While nothing changes, and no limit is reached, the store is not asked."""
    opened = await house.open()
    await house.look()
    asked = house.store.asked["load_session"]
    for house.now in (NOW + seconds for seconds in range(100)):
        await house.look()
    assert house.store.asked["load_session"] == asked
    assert opened.reason is None


async def test_an_outage_closes_nothing_and_loses_nothing(house: House) -> None:
    """What ended meanwhile is closed when the store can be asked again."""
    ended, going_on = await house.world.signed_in(), await house.world.signed_in()
    first, second = await house.open(ended), await house.open(going_on)
    await house.world[0].sessions.end(ended.session.id, reason=EndReason.ADMIN, now=NOW)
    house.store.down = {"load_session"}
    for feed in house.store.feeds:
        feed.says = UNKNOWN
    for house.now in (NOW + seconds for seconds in range(30)):
        await house.look()
    assert (first.reason, second.reason) == (None, None)
    house.store.down = set()
    for feed in house.store.feeds:
        feed.says = None
    house.now += watch.AGAIN_AFTER
    await house.look()
    assert (first.heard, second.reason) == ([EndReason.ADMIN], None)


async def test_a_store_that_is_down_is_not_asked_at_each_look(house: House) -> None:
    """Once a second, one question is enough."""
    for _ in range(100):
        await house.open()
    kept = [await house.open(vouched=False) for _ in range(100)]
    house.store.down = {"load_session"}
    for look in range(40):
        house.now = NOW + look * 0.05
        await house.look()
    assert house.store.asked["load_session"] <= 2 * 16
    assert {opened.reason for opened in kept} == {None}


async def test_an_outage_does_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that says at each look that it cannot tell is no reason for the next look (N8)."""
    monkeypatch.setattr(watch, "POLL_EVERY", 0.01)
    house = House()
    opened = await house.open(vouched=False)
    house.store.down = {"load_session"}
    polls = 0

    class Silent:
        """Cannot tell."""

        def poll(self, now: float) -> Changes:
            """Counted."""
            nonlocal polls
            del now
            polls += 1
            assert polls < 1_000, "it never lets go"
            return UNKNOWN

        def close(self) -> None:
            """Nothing to let go of."""

    for feed in house.store.feeds:
        feed.inner = Silent()
    await asyncio.sleep(0.1)
    assert 1 < polls < 100
    assert opened.reason is None
    await house.live.close()


async def test_without_a_feed_everybody_is_asked_for_now_and_then(house: House) -> None:
    """A feed that can never vouch for anybody, over a store that answers: the store's word counts."""
    for feed in house.store.feeds:
        feed.says = UNKNOWN
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    await house.look()
    await house.store.end_session(issued.session.id, reason=EndReason.ADMIN, now=NOW)
    house.now = NOW + watch.ASK_EVERY - 1
    await house.look()
    assert opened.reason is None
    house.now = NOW + watch.ASK_EVERY
    await house.look()
    assert opened.heard == [EndReason.ADMIN]


async def test_when_the_feed_cannot_tell_what_changed_all_are_looked_at(house: House) -> None:
    """As after a restored backup: only those who are over are closed."""
    ended, going_on = await house.world.signed_in(), await house.world.signed_in()
    first, second = await house.open(ended), await house.open(going_on)
    await house.world[0].sessions.end(ended.session.id, reason=EndReason.ADMIN, now=NOW)
    house.store.feeds[1].says = EVERYTHING_CHANGED
    await house.look()
    assert (first.heard, second.reason) == ([EndReason.ADMIN], None)


async def test_a_thousand_are_closed_in_one_look(house: House) -> None:
    """Each once, and with no more than a bounded number of tasks."""
    user = await house.world.user()
    opened = [await house.open(await house.world.signed_in(user=user)) for _ in range(1_000)]
    await house.world[0].sessions.end_all(user.id, reason=EndReason.PASSWORD_CHANGED, now=NOW)
    await house.look()
    assert {tuple(one.heard) for one in opened} == {(EndReason.PASSWORD_CHANGED,)}


async def test_many_connections_of_one_session_are_closed_together(house: House) -> None:
    """A browser has several tabs."""
    issued = await house.world.signed_in()
    opened = [await house.open(issued) for _ in range(5)]
    await house.world[1].sessions.end(issued.session.id, reason=EndReason.SIGNED_OUT, now=NOW)
    await house.look()
    assert [one.heard for one in opened] == [[EndReason.SIGNED_OUT]] * 5


async def test_who_is_stuck_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than places: all are stopped at once, and each is given up after its time."""
    monkeypatch.setattr(watch, "POLL_EVERY", 3_600)
    house = House(lambda: Closing(at_once=4, within=0.01))
    user = await house.world.user()
    stuck = [await house.open(await house.world.signed_in(user=user), stuck=True) for _ in range(10)]
    quick = [await house.open(await house.world.signed_in(user=user)) for _ in range(10)]
    await house.world[0].sessions.end_all(user.id, reason=EndReason.ADMIN, now=NOW)
    await house.look()
    assert all(one.given_up for one in stuck)
    assert {tuple(one.heard) for one in quick} == {(EndReason.ADMIN,)}


async def test_what_is_gone_is_forgotten(house: House) -> None:
    """Nothing is kept of a connection that ended by itself, nor of its session."""
    opened = [await house.open() for _ in range(3)]
    assert len(house.live) == 3
    opened.pop()
    gc.collect()
    assert len(house.live) == 2
    opened.clear()
    gc.collect()
    assert len(house.live) == 0


async def test_the_task_closes_at_once_what_this_process_ends(house: House) -> None:
    """Without waiting for the next look, which is an hour away here; and it ends with the last connection."""
    issued = await house.world.signed_in()
    opened = await house.open(issued)
    await asyncio.sleep(0)
    await house.world[1].sessions.end(issued.session.id, reason=EndReason.SIGNED_OUT, now=NOW)
    await until(lambda: bool(opened.heard))
    await until(lambda: not watching())


async def test_the_task_finds_what_others_end() -> None:
    """By itself, every 50 ms; one task for all that is open."""
    house = House()
    issued = await house.world.signed_in()
    opened, others = await house.open(issued), [await house.open() for _ in range(50)]
    assert len(watching()) == 1
    await house.world[0].sessions.end(issued.session.id, reason=EndReason.ADMIN, now=NOW)
    await until(lambda: bool(opened.heard))
    assert {one.reason for one in others} == {None}
    await house.live.close()
    assert len(house.live) == 0


async def test_a_fault_of_a_store_is_told_and_the_task_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises, nothing stays open for ever."""
    monkeypatch.setattr(watch, "POLL_EVERY", 0)
    monkeypatch.setattr(watch, "AGAIN_AFTER", 0)
    house = House()
    issued = await house.world.signed_in()

    async def fault(session_id: str, *, now: float) -> None:
        raise KeyError(session_id)

    with monkeypatch.context() as broken:
        broken.setattr(house.world[1].check, "live", fault)
        opened = await house.open(issued, vouched=False)
        await until(lambda: bool(caplog.records))
    await house.world[0].sessions.end(issued.session.id, reason=EndReason.ADMIN, now=NOW)
    await until(lambda: bool(opened.heard))
    assert "trying again" in caplog.text


def test_each_event_loop_looks_after_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a test client, which has one for each connection; what a closed one left is dropped."""
    monkeypatch.setattr(watch, "POLL_EVERY", 3_600)
    house = House()
    issued = asyncio.run(house.world.signed_in())
    loop = asyncio.new_event_loop()
    opened = loop.run_until_complete(house.open(issued))
    asyncio.run(house.world[1].sessions.end(issued.session.id, reason=EndReason.ADMIN, now=NOW))
    loop.run_until_complete(until(lambda: bool(opened.heard)))
    kept = loop.run_until_complete(house.open())
    loop.run_until_complete(house.live.close())
    loop.close()
    del kept

    async def later() -> None:
        house.live.changed(EVERYTHING_CHANGED)
        kept = await house.open()
        assert len(house.live) == 1
        await house.live.close()
        del kept

    asyncio.run(later())
    house.live.changed(EVERYTHING_CHANGED)
