"""What the suites of change feeds share: how they listen, and how they count what they are told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeAlias, TypeVar

import anyio

from handstamp.core.models import NOTHING_CHANGED
from handstamp.core.protocols import ChangeFeed, SessionBackend
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import NOW, a_session
from handstamp.testing.steps import started

S = TypeVar("S", bound=SessionBackend)

STEP: Final = 0.001
"""Seconds from one poll to the next."""

PATIENCE: Final = 5.0
"""Seconds that a machine which is busy with other tests may take to tell a change."""

_MOST_POLLS: Final = 5000
_MOST_TRIES: Final = 3


Call: TypeAlias = Callable[[S], Awaitable[object]]
"""A change, made through whichever store it is given."""


@dataclass(frozen=True)
class Stage(Generic[S]):
    """Changes in any order, and the ids that have to be told of them."""

    calls: Sequence[Call[S]]
    sessions: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


class Heard:
    """All that one feed has told since it was forgotten last."""

    def __init__(self, feed: ChangeFeed, now: Callable[[], float]) -> None:
        self._feed, self._now = feed, now
        self.by_name = True
        """Whether it could tell all the time, and never said ``everything``."""
        self.sessions: set[str] = set()
        self.users: set[str] = set()

    def poll(self) -> None:
        """Ask the feed once."""
        changes = self._feed.poll(self._now())
        self.by_name = self.by_name and changes.coherent and not changes.everything
        self.sessions.update(changes.sessions)
        self.users.update(changes.users)

    def missing(self, stage: Stage[S]) -> int:
        """How many ids of a stage were not told."""
        return len(stage.sessions - self.sessions) + len(stage.users - self.users)

    def forget(self) -> None:
        """Count anew from here."""
        self.sessions.clear()
        self.users.clear()

    def close(self) -> None:
        """Let go of the feed."""
        self._feed.close()


class HearingSuite(ConformanceSuite):
    """Steps, and no sentence. Each change is made through ``store``, and told by a feed of ``peer``."""

    lag: ClassVar[float] = 0.0
    """The lag that the store documents, in seconds. 0: the very next poll tells."""

    def now(self) -> float:
        """The time that polls are given. To be overridden for a feed that measures its own silence."""
        return NOW

    async def begun(self, store: SessionBackend) -> ChangeFeed:
        """A feed that has nothing to tell yet."""
        feed = store.feed()
        for _ in range(_MOST_POLLS):
            if feed.poll(self.now()) == NOTHING_CHANGED:
                break
            await anyio.sleep(STEP)
        return feed

    async def tells(self, feed: ChangeFeed, *, session: str = "", user: str = "") -> bool:
        """Whether the feed tells a change of the session or user within the lag."""
        with anyio.move_on_after(max(self.lag, STEP)):
            while True:
                changes = feed.poll(self.now())
                if changes.everything or session in changes.sessions or user in changes.users:
                    return True
                if self.lag == 0:
                    return False
                await anyio.sleep(STEP)
        return False

    async def is_quiet(self, feed: ChangeFeed) -> bool:
        """Whether the feed tells no change within the lag."""
        await anyio.sleep(self.lag)
        return feed.poll(self.now()) == NOTHING_CHANGED

    async def each_is_told(self, store: S, peer: S, stages: Callable[[], Sequence[Stage[S]]]) -> None:
        """Make changes, stage by stage, and count what the feeds of both stores tell of each stage.

        A feed that loses its path in the midst says ``everything``, and whether it had missed one cannot be seen
        then. It is tried again: it may do so on a busy machine, and not each time.
        """
        for _ in range(_MOST_TRIES):
            heard = [Heard(await self.begun(one), self.now) for one in (peer, store)]
            never_told = [await self._never_told(store, peer, heard, stage) for stage in stages()]
            for one in heard:
                one.close()
            if all(one.by_name for one in heard):
                assert never_told == [0 for _ in never_told], "changes that were never told, stage by stage"
                return
        raise AssertionError("a feed said 'everything', or that it cannot tell, where it was to tell each change")

    async def _never_told(self, store: S, peer: S, heard: Sequence[Heard], stage: Stage[S]) -> int:
        """Make the changes of a stage: a half one after the other, the rest by many callers at once."""
        half = len(stage.calls) // 2
        for call in stage.calls[:half]:
            await call(store)
            for one in heard:
                one.poll()

        async def make_some(through: S, number: int) -> None:
            for call in stage.calls[half + number :: CALLERS]:
                await call(through)

        await race(store, peer, make_some)
        await self._hear_out(store, heard, stage)
        missing = max(one.missing(stage) for one in heard)
        for one in heard:
            one.forget()
        return missing

    async def _hear_out(self, store: S, heard: Sequence[Heard], stage: Stage[S]) -> None:
        """Poll until each change of a stage was told, or should have been: for a lag after a later one was told."""
        for one in heard:
            one.poll()
        later: set[str] = set()
        with anyio.move_on_after(PATIENCE):
            while self.lag and any(one.missing(stage) for one in heard):
                overtaken = all(later & one.sessions for one in heard)
                if not overtaken:
                    later.add((await started(store, a_session())).id)
                with anyio.move_on_after(self.lag):
                    while any(one.missing(stage) for one in heard):
                        await anyio.sleep(STEP)
                        for one in heard:
                            one.poll()
                if overtaken:
                    break
