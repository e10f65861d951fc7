"""The suite of challenge stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.stores.memory import MemoryStore
from handstamp.testing import (
    ChallengeStoreSuite,
)

broken = Breakages(ChallengeStoreSuite)


@broken.found_by("test_consume_is_true_for_one_of_many_callers")
class ConsumeLetsTwoThrough(MemoryStore):
    """Look, wait, write."""

    @override
    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        fresh = challenge_id not in self._consumed
        await asyncio.sleep(0)
        self._consumed[challenge_id] = expires_at
        return fresh and now < expires_at


@broken.found_by(
    "test_consume_is_true_for_one_of_many_callers",
    "test_consume_is_true_once",
    "test_purge_remembers_what_has_not_expired",
)
class ConsumeNeverRemembers(MemoryStore):
    """A one-time thing can be used twice."""

    @override
    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        self._consumed[challenge_id] = expires_at
        return now < expires_at


@broken.found_by("test_consume_is_false_from_its_expiry_on")
class ConsumeIgnoresExpiry(MemoryStore):
    """A one-time thing can be used for ever."""

    @override
    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        if challenge_id in self._consumed:
            return False
        self._consumed[challenge_id] = expires_at
        return True


@broken.found_by("test_consume_tells_challenges_apart", "test_purge_stops_at_its_limit")
class ConsumeUsesUpEverything(MemoryStore):
    """The first one-time thing uses up all others."""

    @override
    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        return await super().consume_challenge("", expires_at=expires_at, now=now)


@broken.found_by("test_purge_forgets_what_has_expired", "test_purge_remembers_what_has_not_expired")
class PurgeForgetsTooMuch(MemoryStore):
    """What is forgotten can be used again."""

    @override
    async def purge_challenges(self, *, now: float, limit: int) -> int:
        forgotten = list(self._consumed)[:limit]
        for challenge_id in forgotten:
            del self._consumed[challenge_id]
        return len(forgotten)


@broken.found_by("test_purge_stops_at_its_limit")
class PurgeForgetsAllAtOnce(MemoryStore):
    """A purge stops everybody for as long as it takes."""

    @override
    async def purge_challenges(self, *, now: float, limit: int) -> int:
        return await super().purge_challenges(now=now, limit=1_000_000)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
