"""Attempts, counted or not."""

from handstamp.core.policy import ThrottlePolicy
from handstamp.core.protocols import ThrottleStore
from handstamp.services.throttle import Throttle


def a_throttle(store: ThrottleStore) -> Throttle:
    """What counts attempts in a store."""
    return Throttle(store, ThrottlePolicy(), secret=b"of the tests")


class Unlimited:
    """Lets everybody try as often as they like, so that what else refuses them is seen."""

    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        """There is always an attempt."""
        return 0.0

    async def forget_attempts(self, key: str) -> None:
        """None was counted."""

    async def purge_attempts(self, *, now: float, limit: int) -> int:
        """None was counted."""
        return 0
