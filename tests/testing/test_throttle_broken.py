"""The suite of throttle stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.throttle import full_after, wait_for
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW, ThrottleSuite

broken = Breakages(ThrottleSuite)


@broken.found_by("test_many_callers_get_as_many_attempts_as_there_are")
class CountLetsManyThrough(MemoryStore):
    """Look, wait, write."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        full_at = self._full_at.get(key, now)
        await asyncio.sleep(0)
        wait = wait_for(full_at, burst=burst, every=every, now=now)
        if wait == 0.0:
            self._full_at[key] = full_after(full_at, every=every, now=now)
        return wait


@broken.found_by(
    "test_a_bucket_holds_as_many_attempts_as_was_said",
    "test_a_full_bucket_never_overflows",
    "test_a_refused_attempt_is_not_counted",
    "test_a_refused_attempt_says_how_long_it_takes",
    "test_a_wait_below_a_millisecond_is_none",
    "test_forgetting_fills_the_bucket",
    "test_many_callers_get_as_many_attempts_as_there_are",
    "test_one_attempt_comes_back_after_each_interval",
    "test_purge_gives_no_attempt_back",
)
class CountNeverRefuses(MemoryStore):
    """Whoever guesses may guess as often as they like."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        await super().count_attempt(key, burst=burst, every=every, now=now)
        return 0.0


@broken.found_by(
    "test_buckets_are_told_apart_by_their_keys",
    "test_purge_forgets_keys_whose_bucket_is_full",
    "test_purge_of_attempts_stops_at_its_limit",
)
class OneBucketForAllKeys(MemoryStore):
    """Whoever guesses locks everybody out."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        return await super().count_attempt("key", burst=burst, every=every, now=now)


@broken.found_by(
    "test_a_full_bucket_never_overflows",
    "test_many_callers_get_as_many_attempts_as_there_are",
    "test_one_attempt_comes_back_after_each_interval",
)
class AttemptsComeBackTooSlowly(MemoryStore):
    """Whoever mistyped is locked out for twice as long as was said."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        full_at = self._full_at.get(key, now)
        wait = wait_for(full_at, burst=burst, every=every, now=now)
        if wait == 0.0:
            self._full_at[key] = full_after(full_at, every=every, now=now) + every * (now > NOW)
        return wait


@broken.found_by("test_a_full_bucket_never_overflows")
class BucketsOverflow(MemoryStore):
    """Whoever waits for a year has a year's attempts at once."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        full_at = self._full_at.get(key, now)
        wait = wait_for(full_at, burst=burst, every=every, now=now)
        if wait == 0.0:
            self._full_at[key] = full_at + every
        return wait


@broken.found_by("test_a_refused_attempt_is_not_counted", "test_a_refused_attempt_says_how_long_it_takes")
class WaitsAreTooLong(MemoryStore):
    """The whole bucket has to be full, and it is not true."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        wait = await super().count_attempt(key, burst=burst, every=every, now=now)
        return wait and self._full_at[key] - now


@broken.found_by(
    "test_a_refused_attempt_is_not_counted",
    "test_a_refused_attempt_says_how_long_it_takes",
    "test_a_wait_below_a_millisecond_is_none",
    "test_many_callers_get_as_many_attempts_as_there_are",
    "test_one_attempt_comes_back_after_each_interval",
)
class RefusedAttemptsAreCounted(MemoryStore):
    """Whoever asks again waits longer."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        wait = await super().count_attempt(key, burst=burst, every=every, now=now)
        if wait:
            self._full_at[key] += every
        return wait


@broken.found_by("test_a_wait_below_a_millisecond_is_none")
class WaitsHaveNoGrain(MemoryStore):
    """Whoever comes back exactly when told to is refused, by a rounded sum."""

    @override
    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        full_at = max(self._full_at.get(key, now), now)
        wait = max(0.0, full_at - (now + (burst - 1) * every))
        if wait == 0.0:
            self._full_at[key] = full_at + every
        return wait


@broken.found_by("test_forgetting_fills_the_bucket")
class ForgetDoesNothing(MemoryStore):
    """Whoever remembered the password at last stays locked out."""

    @override
    async def forget_attempts(self, key: str) -> None:
        return None


@broken.found_by("test_forgetting_fills_the_bucket")
class ForgetForgetsAll(MemoryStore):
    """Whoever has an account of their own gives back all attempts on those of others."""

    @override
    async def forget_attempts(self, key: str) -> None:
        self._full_at.clear()


@broken.found_by("test_forgetting_what_is_not_there_is_no_error")
class ForgetWantsSomethingToForget(MemoryStore):
    """A full bucket is an error."""

    @override
    async def forget_attempts(self, key: str) -> None:
        assert key in self._full_at, "there is no such key"
        await super().forget_attempts(key)


@broken.found_by("test_purge_forgets_keys_whose_bucket_is_full", "test_purge_gives_no_attempt_back")
class PurgeForgetsTooMuch(MemoryStore):
    """Each sweep gives attempts back."""

    @override
    async def purge_attempts(self, *, now: float, limit: int) -> int:
        forgotten = list(self._full_at)[:limit]
        for key in forgotten:
            del self._full_at[key]
        return len(forgotten)


@broken.found_by("test_purge_forgets_keys_whose_bucket_is_full", "test_purge_of_attempts_stops_at_its_limit")
class PurgeForgetsNothing(MemoryStore):
    """The store fills."""

    @override
    async def purge_attempts(self, *, now: float, limit: int) -> int:
        return 0


@broken.found_by("test_purge_of_attempts_stops_at_its_limit")
class PurgeForgetsAllAtOnce(MemoryStore):
    """A purge stops everybody for as long as it takes."""

    @override
    async def purge_attempts(self, *, now: float, limit: int) -> int:
        return await super().purge_attempts(now=now, limit=1_000_000)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
