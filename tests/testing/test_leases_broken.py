"""The suite of lease stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.stores.memory import MemoryStore
from handstamp.testing import LeaseSuite

broken = Breakages(LeaseSuite)


@broken.found_by("test_one_of_many_callers_has_the_lease")
class TakeLetsManyThrough(MemoryStore):
    """Look, wait, write."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        held_by, held_until = self._leases.get(name, (holder, now))
        await asyncio.sleep(0)
        if held_by != holder and now < held_until:
            return False
        self._leases[name] = (holder, until)
        return True


@broken.found_by(
    "test_a_holder_may_renew",
    "test_a_lease_is_of_one_holder",
    "test_a_lease_is_taken_over_from_its_end_on",
    "test_a_lease_of_another_is_not_given_back",
    "test_a_lease_that_is_refused_stays_as_it_is",
    "test_one_of_many_callers_has_the_lease",
)
class TakeRefusesNobody(MemoryStore):
    """Everybody is the one holder."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        self._leases[name] = (holder, until)
        return True


@broken.found_by("test_leases_are_told_apart_by_their_names")
class OneLeaseForAllNames(MemoryStore):
    """Whoever does one thing keeps others from another."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        return await super().take_lease("work", holder=holder, until=until, now=now)


@broken.found_by("test_a_holder_may_renew", "test_a_holder_that_calls_many_times_at_once_keeps_the_lease")
class TakeKnowsNoHolder(MemoryStore):
    """A lease cannot be renewed."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        if now < self._leases.get(name, (holder, now))[1]:
            return False
        return await super().take_lease(name, holder=holder, until=until, now=now)


@broken.found_by("test_a_holder_may_renew")
class RenewingDoesNothing(MemoryStore):
    """A renewed lease ends when it would have ended."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        held_by, held_until = self._leases.get(name, ("", now))
        if held_by == holder and now < held_until:
            return True
        return await super().take_lease(name, holder=holder, until=until, now=now)


@broken.found_by("test_a_holder_that_calls_many_times_at_once_keeps_the_lease")
class TakeInsertsOnce(MemoryStore):
    """Look, wait, insert: of two calls of one holder, one is refused as if it were another's."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        known = name in self._leases
        await asyncio.sleep(0)
        if not known and name in self._leases:
            return False
        return await super().take_lease(name, holder=holder, until=until, now=now)


@broken.found_by(
    "test_a_holder_may_renew",
    "test_a_lease_is_taken_over_from_its_end_on",
    "test_a_lease_that_is_refused_stays_as_it_is",
    "test_one_of_many_callers_has_the_lease",
)
class TakeNeverTakesOver(MemoryStore):
    """A process that was killed holds up the others for ever."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        if self._leases.get(name, (holder, now))[0] != holder:
            return False
        return await super().take_lease(name, holder=holder, until=until, now=now)


@broken.found_by("test_a_lease_is_taken_over_from_its_end_on")
class TakeComesTooEarly(MemoryStore):
    """A second before the end is not the end."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        return await super().take_lease(name, holder=holder, until=until, now=now + 0.5)


@broken.found_by(
    "test_a_holder_may_renew",
    "test_a_lease_is_taken_over_from_its_end_on",
    "test_a_lease_that_is_refused_stays_as_it_is",
)
class RefusedCallersMoveTheEnd(MemoryStore):
    """Whoever asks in vain makes everybody wait longer."""

    @override
    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        taken = await super().take_lease(name, holder=holder, until=until, now=now)
        if not taken:
            self._leases[name] = (self._leases[name][0], until)
        return taken


@broken.found_by("test_a_lease_that_is_given_back_is_free_at_once")
class ReleaseDoesNothing(MemoryStore):
    """A process that stops holds up the others."""

    @override
    async def release_lease(self, name: str, *, holder: str) -> None:
        return None


@broken.found_by("test_a_lease_of_another_is_not_given_back", "test_giving_back_what_nobody_holds_is_no_error")
class ReleaseKnowsNoHolder(MemoryStore):
    """Anybody gives back what another holds."""

    @override
    async def release_lease(self, name: str, *, holder: str) -> None:
        assert name in self._leases, "nobody holds it"
        del self._leases[name]


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
