"""Leases in memory."""

from handstamp.stores.memory.part import Part


class MemoryLeases(Part):
    """Keeps ``LeaseStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._leases: dict[str, tuple[str, float]] = {}

    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        """See ``LeaseStore``."""
        held_by, held_until = self._leases.get(name, (holder, now))
        if held_by != holder and now < held_until:
            return False
        self._leases[name] = (holder, until)
        return True

    async def release_lease(self, name: str, *, holder: str) -> None:
        """See ``LeaseStore``."""
        held_by, _ = self._leases.get(name, (None, None))
        if held_by == holder:
            del self._leases[name]
