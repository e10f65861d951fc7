"""The change feed of MongoDB, as a process polls it: what the change stream has brought since the last poll."""

import time
from collections.abc import Callable
from typing import Final

from handstamp.core.lease import Lease
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes

MOST_TOLD: Final = 10_000
"""More changes than this at once are told as ``everything``."""


class MongoFeed:
    """Keeps changes until they are polled. It vouches for nothing while the lease does not hold.

    Args:
        lease: Of the stream that brings the changes.
        closed: Called once, when the feed is closed.
    """

    def __init__(self, lease: Lease, closed: "Callable[[MongoFeed], None]") -> None:
        self._lease = lease
        self._on_close = closed
        self._closed = False
        self._everything = False
        # In the order in which they came. A set would give each poll another order.
        self._sessions: dict[str, None] = {}
        self._users: dict[str, None] = {}

    def poll(self, now: float) -> Changes:
        """See ``ChangeFeed``. The lease is measured by the monotonic clock, for the others may be set."""
        del now
        if self._closed or not self._lease.holds(time.monotonic()):
            return UNKNOWN
        if not (self._sessions or self._users or self._everything):
            return NOTHING_CHANGED
        changes = Changes(sessions=tuple(self._sessions), users=tuple(self._users))
        if self._everything:
            changes = EVERYTHING_CHANGED
        self._forget()
        return changes

    def note_session(self, session_id: str) -> None:
        """Keep a change of a session for the next poll."""
        self._sessions[session_id] = None
        self._bound()

    def note_user(self, user_id: str) -> None:
        """Keep a change of a user for the next poll."""
        self._users[user_id] = None
        self._bound()

    def note_everything(self) -> None:
        """Changes were missed: tell that everything may have changed."""
        self._forget()
        self._everything = True

    def close(self) -> None:
        """See ``ChangeFeed``."""
        if not self._closed:
            self._closed = True
            self._forget()
            self._on_close(self)

    def _bound(self) -> None:
        if self._everything or len(self._sessions) + len(self._users) > MOST_TOLD:
            self.note_everything()

    def _forget(self) -> None:
        self._everything = False
        self._sessions.clear()
        self._users.clear()
