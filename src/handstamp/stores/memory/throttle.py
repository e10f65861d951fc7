"""Attempts in memory."""

from handstamp.core.throttle import full_after, wait_for
from handstamp.stores.memory.part import Part


class MemoryThrottle(Part):
    """Keeps ``ThrottleStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._full_at: dict[str, float] = {}

    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        """See ``ThrottleStore``."""
        full_at = self._full_at.get(key, now)
        wait = wait_for(full_at, burst=burst, every=every, now=now)
        if wait == 0.0:
            self._full_at[key] = full_after(full_at, every=every, now=now)
        return wait

    async def forget_attempts(self, key: str) -> None:
        """See ``ThrottleStore``."""
        self._full_at.pop(key, None)

    async def purge_attempts(self, *, now: float, limit: int) -> int:
        """See ``ThrottleStore``."""
        full = [key for key, full_at in self._full_at.items() if now >= full_at][:limit]
        for key in full:
            del self._full_at[key]
        return len(full)
