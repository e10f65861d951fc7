"""The memory store: its small parts, and the whole."""

from dataclasses import replace

from handstamp.core.models import AuditEvent
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.memory.credentials import MemoryCredentials
from handstamp.stores.memory.identities import MemoryIdentities
from handstamp.stores.memory.leases import MemoryLeases
from handstamp.stores.memory.mail import MemoryMail
from handstamp.stores.memory.part import Part
from handstamp.stores.memory.sessions import MemorySessions
from handstamp.stores.memory.throttle import MemoryThrottle
from handstamp.stores.memory.users import MemoryUsers


class MemoryChallenges(Part):
    """Keeps ``ChallengeStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._consumed: dict[str, float] = {}

    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        """See ``ChallengeStore``."""
        if now >= expires_at or challenge_id in self._consumed:
            return False
        self._consumed[challenge_id] = expires_at
        return True

    async def purge_challenges(self, *, now: float, limit: int) -> int:
        """See ``ChallengeStore``."""
        over = [one for one, expires_at in self._consumed.items() if now >= expires_at][:limit]
        for challenge_id in over:
            del self._consumed[challenge_id]
        return len(over)


class MemoryAudit(Part):
    """Keeps ``AuditStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._events: dict[str, AuditEvent] = {}

    async def record_events(self, *events: AuditEvent) -> None:
        """See ``AuditStore``. An id that is taken raises ValueError, and nothing is stored."""
        if any(event.id in self._events for event in events):
            raise ValueError("there is an event with this id")
        for event in events:
            self._events[event.id] = replace(event, detail=dict(event.detail))

    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        """See ``AuditStore``."""
        events = (one for one in self._events.values() if user_id in {None, one.user_id})
        return tuple(sorted(events, key=lambda one: (one.at, one.id), reverse=True)[:limit])


class MemoryStore(
    MemorySessions,
    MemoryUsers,
    MemoryIdentities,
    MemoryCredentials,
    MemoryChallenges,
    MemoryThrottle,
    MemoryLeases,
    MemoryAudit,
    MemoryMail,
):
    """Keeps everything in this object.

    For tests and for demonstrations in one process. It does not outlive the process, no other process sees it,
    it must be used from one thread at a time, and audit events are never dropped, so that it grows.
    """

    async def open(self) -> None:
        """Nothing has to be opened."""

    async def migrate(self) -> None:
        """There is no shape to bring it to."""

    def feed(self) -> ChangeFeed:
        """A new change feed that begins now."""
        return self._journal.begin()

    async def close(self) -> None:
        """Nothing has to be let go; what is stored stays."""
