"""Feeds that lose some of their news, and the suite that must find it out."""

from collections.abc import Iterable
from typing import Final

import pytest

from handstamp.core.protocols import SessionBackend, Store
from handstamp.testing import ChangeFeedSuite, SessionFeedSuite

SELDOM: Final = 100
"""One in so many is lost: so few that nobody would find out by looking."""


class Dropping:
    """Counts what passes, and drops every ``nth``; 0 drops nothing."""

    def __init__(self, nth: int = SELDOM) -> None:
        self._nth = nth
        self._passed = 0

    def drops(self) -> bool:
        """Count one: whether it is dropped."""
        self._passed += 1
        return self._nth > 0 and self._passed % self._nth == 0

    def left(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Count each of these, and give those that are not dropped."""
        return tuple(key for key in keys if not self.drops())


async def lost_sessions_are_found(suite: SessionFeedSuite, store: SessionBackend, peer: SessionBackend) -> None:
    """Demand that the suite finds out that news of sessions are lost, and not that it fails in another way."""
    with pytest.raises(AssertionError, match="never told"):
        await suite.test_each_of_many_changes_of_sessions_is_told(store, peer)


async def lost_users_are_found(suite: ChangeFeedSuite, store: Store, peer: Store) -> None:
    """The same of news of users."""
    with pytest.raises(AssertionError, match="never told"):
        await suite.test_each_of_many_changes_of_users_is_told(store, peer)
