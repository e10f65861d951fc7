"""No answer from memory is older than what is promised, whatever becomes of the news.

The machine is shown to find faults: each mutant here gets one thing wrong, as a change of the code might.
"""

from hashlib import shake_128
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from cache_machine import CacheMachine, Change, LateFeed, Load, Parts, Process
from handstamp.core.lease import Lease
from handstamp.core.models import UNKNOWN, Changes
from handstamp.services import cache as cache_module
from handstamp.services.cache import Admission, CoherentCache
from handstamp.testing import NOW

C = TypeVar("C", bound=type[CoherentCache])
F = TypeVar("F", bound=type[LateFeed])
P = TypeVar("P", bound=type[Process])

STEPS = 150
"""In a run in which a mutant is looked for."""

RUNS = 10_000
"""The most that are made for a mutant."""

MUTANTS: dict[str, Parts] = {}


@pytest.fixture(autouse=True)
def remembers_few_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the bound is always overrun."""
    monkeypatch.setattr(cache_module, "_REMEMBERED", 2)


@pytest.mark.parametrize("feeds", [1, 2], ids=["one store", "sessions apart from users"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is the same for all examples
@given(schedule=st.binary(max_size=3 * 200))
def test_no_answer_is_older_than_what_is_promised(feeds: int, schedule: bytes) -> None:
    """Changes of longer ago than the lease, those that were told, and a process's own all count (SES-01)."""
    CacheMachine(Parts(feeds=feeds)).run(schedule)


@pytest.mark.parametrize("feeds", [1, 2], ids=["one store", "sessions apart from users"])
def test_nor_is_one_in_any_run_in_which_mutants_are_looked_for(feeds: int) -> None:
    """And memory does answer in them."""
    assert sum(answers(Parts(feeds=feeds), number) for number in range(3000)) > 3000


def answers(parts: Parts, number: int) -> int:
    """How many answers come from memory in a run of this number. The same one is the same run each time."""
    machine = CacheMachine(parts)
    machine.run(shake_128(b"%d" % number).digest(3 * STEPS))
    return machine.from_memory


# what may be wrong with the cache


def wrong_cache(cache: C) -> C:
    """A machine with this cache has to find the fault."""
    MUTANTS[cache.__name__] = Parts(cache=cache, feeds=2)
    return cache


@wrong_cache
class InstallsWhateverWasLoaded(CoherentCache):
    """It does not look at what happened since the load began."""

    @override
    def install(self, token: bytes, admission: Admission, *, mark: int | None, now: float) -> None:
        super().install(token, admission, mark=self.mark(now), now=now)


@wrong_cache
class ForgetsOnlyWhatItHas(CoherentCache):
    """A change is nothing to loads that are under way."""

    @override
    def _remember(self, key: str) -> None:
        """Nothing."""


@wrong_cache
class FallsOutOfMemory(CoherentCache):
    """What it cannot remember any longer has never been."""

    @override
    def _remember(self, key: str) -> None:
        before = self._everything_touched
        super()._remember(key)
        self._everything_touched = before


@wrong_cache
class EverythingIsOnlyWhatItHas(CoherentCache):
    """That everything changed is nothing to loads that are under way."""

    @override
    def _apply(self, changes: Changes) -> bool:
        before = self._everything_touched
        coherent = super()._apply(changes)
        self._everything_touched = before
        return coherent


@wrong_cache
class NothingMoreThanKeys(CoherentCache):
    """Everything is no key that it knows."""

    @override
    def _apply(self, changes: Changes) -> bool:
        return super()._apply(Changes(coherent=changes.coherent, sessions=changes.sessions, users=changes.users))


@wrong_cache
class AnswersInSilence(CoherentCache):
    """It takes silence for nothing has changed."""

    @override
    def _apply(self, changes: Changes) -> bool:
        return super()._apply(changes) or True


@wrong_cache
class IsDeafInSilence(CoherentCache):
    """What one feed tells while the other one cannot is lost."""

    @override
    def _apply(self, changes: Changes) -> bool:
        return changes.coherent and super()._apply(changes)


@wrong_cache
class KnowsNoUsers(CoherentCache):
    """It keeps sessions whose user has changed."""

    @override
    def _forget_user(self, user_id: str) -> None:
        """Nothing."""


# what may be wrong with a feed and its lease


def wrong_feed(feed: F) -> F:
    """A machine with this feed has to find the fault."""
    MUTANTS[feed.__name__] = Parts(feed=feed)
    return feed


@wrong_feed
class CountsFromReceipt(LateFeed):
    """The lease begins when the heartbeat comes back, however long it was under way."""

    @override
    def came_back(self, mark: str) -> None:
        if mark in self.lease._sent:
            self.lease.came_back(mark)
            self.lease.came_back(self.lease.beat(self.clock()))


@wrong_feed
class HeartbeatsOvertake(LateFeed):
    """They come back by another path than changes."""

    @override
    def reach(self, mark: str) -> None:
        self.lease.came_back(mark)


@wrong_feed
class HeartbeatsAreAnswered(LateFeed):
    """That the store has one is taken for its coming back."""

    @override
    def beat(self) -> None:
        super().beat()
        self.lease.came_back(self.sent[-1])


class Endless(Lease):
    """A lease that holds until it is dropped."""

    @override
    def holds(self, at: float) -> bool:
        return self._holds_until > float("-inf")


@wrong_feed
class NeverRunsOut(LateFeed):
    """That a heartbeat came back once is enough."""

    lease_type = Endless


@wrong_feed
class HoldsThroughABreak(LateFeed):
    """It goes on vouching until the lease runs out, though it knows that the path is broken."""

    @override
    def notice(self, *, resumes: bool) -> None:
        lease, self.lease = self.lease, Lease()
        super().notice(resumes=resumes)
        self.lease = lease


@wrong_feed
class CountsHeartbeatsOfBefore(LateFeed):
    """One that was sent before the break proves that the path is whole."""

    @override
    def notice(self, *, resumes: bool) -> None:
        sent = dict(self.lease._sent)
        super().notice(resumes=resumes)
        self.lease._sent |= sent


@wrong_feed
class ForgetsThatItMissed(LateFeed):
    """After a break it goes on as if nothing had been."""

    @override
    def notice(self, *, resumes: bool) -> None:
        waiting = self.waiting
        super().notice(resumes=resumes)
        self.waiting = waiting


@wrong_feed
class ForgetsInSilence(LateFeed):
    """What came while it could not vouch is not told afterwards."""

    @override
    def poll(self, now: float) -> Changes:
        changes = super().poll(now)
        if changes is UNKNOWN:
            self.waiting.clear()
        return changes


@wrong_feed
class ThrowsAway(LateFeed):
    """What is too much for it is gone."""

    @override
    def coalesce(self) -> None:
        self.waiting.clear()


@wrong_feed
class CoalescesKeysOnly(LateFeed):
    """Of everything nothing is left when more comes."""

    @override
    def taken(self) -> Changes:
        changes = super().taken()
        if changes.sessions or changes.users:
            return Changes(sessions=changes.sessions, users=changes.users)
        return changes


# what may be wrong with those who use the cache


def wrong_process(process: P) -> P:
    """A machine with this process has to find the fault."""
    MUTANTS[process.__name__] = Parts(process=process)
    return process


@wrong_process
class MarksAfterReading(Process):
    """The mark is taken when the answer of the store has come."""

    @override
    def keep(self, load: Load) -> None:
        load.mark = self.cache.mark(NOW)
        super().keep(load)


@wrong_process
class WaitsForTheNews(Process):
    """What it changes itself it hears as all others do."""

    @override
    def forget(self, change: Change) -> None:
        """Nothing."""


def search(parts: Parts) -> None:
    """Make all runs."""
    for number in range(RUNS):
        answers(parts, number)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str) -> None:
    """An answer that is too old is given."""
    with pytest.raises(AssertionError, match="an answer that is too old"):
        search(MUTANTS[name])
