"""The lease of a change feed that crosses a network: how long silence may be taken for "nothing has changed".

A process sends itself a heartbeat, by the path that changes take. As long as the last one that came back was *sent*
less than the lease ago, every change of before that moment has come too. After that nobody knows, and the store is
asked. When it was sent counts, not when it came: a heartbeat that was held up may have overtaken nothing.
"""

from typing import Final

from handstamp.core.ids import new_session_id

LEASE: Final = 3.0
"""Seconds. The longest time for which a silent partition can go unnoticed."""

HEARTBEAT_EVERY: Final = 1.0
"""Seconds from one heartbeat to the next: two may be lost."""


class Lease:
    """Holds while heartbeats come back. Times are seconds of a monotonic clock, which the caller reads.

    Args:
        duration: Seconds.
    """

    __slots__ = ("_duration", "_holds_until", "_sent")

    def __init__(self, duration: float = LEASE) -> None:
        self._duration = duration
        self._holds_until = float("-inf")
        self._sent: dict[str, float] = {}

    def beat(self, at: float) -> str:
        """A new heartbeat to be sent at ``at``: 128 random bits, so that no other process's is taken for ours."""
        self._sent = {mark: sent for mark, sent in self._sent.items() if at - sent < self._duration}
        mark = new_session_id()
        self._sent[mark] = at
        return mark

    def came_back(self, mark: str) -> None:
        """Count a heartbeat that came back. One that is not ours, or came twice, or is too old, counts nothing."""
        sent = self._sent.pop(mark, None)
        if sent is not None:
            self._holds_until = max(self._holds_until, sent + self._duration)

    def holds(self, at: float) -> bool:
        """Whether silence may be taken for "nothing has changed"."""
        return at < self._holds_until

    def drop(self) -> None:
        """Hold no more, until a heartbeat that is sent from now on has come back: the path was broken."""
        self._holds_until = float("-inf")
        self._sent.clear()
