"""The change feed of the memory store."""

from typing import Final
from weakref import WeakSet

from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes

_MOST_TOLD: Final = 10_000


class Journal:
    """Passes each change to all feeds that are open."""

    def __init__(self) -> None:
        self._feeds: WeakSet[MemoryFeed] = WeakSet()

    def begin(self) -> "MemoryFeed":
        """A new feed that begins now."""
        feed = MemoryFeed()
        self._feeds.add(feed)
        return feed

    def tell(self, *, session: str | None = None, user: str | None = None) -> None:
        """Note that a session or a user has changed."""
        for feed in self._feeds:
            feed.note(session=session, user=user)


class MemoryFeed:
    """Tells what has changed since the last poll. No lag."""

    def __init__(self) -> None:
        self._sessions: set[str] = set()
        self._users: set[str] = set()
        self._closed = False

    def note(self, *, session: str | None, user: str | None) -> None:
        """Keep a change for the next poll."""
        if session is not None:
            self._sessions.add(session)
        if user is not None:
            self._users.add(user)

    def poll(self, now: float) -> Changes:
        """What has changed since the last poll. Above 10,000 changes it says ``everything``."""
        del now  # nothing here depends on the time
        if self._closed:
            return UNKNOWN
        if not self._sessions and not self._users:
            return NOTHING_CHANGED
        if len(self._sessions) + len(self._users) > _MOST_TOLD:
            changes = EVERYTHING_CHANGED
        else:
            changes = Changes(sessions=tuple(self._sessions), users=tuple(self._users))
        self._sessions.clear()
        self._users.clear()
        return changes

    def close(self) -> None:
        """Tell nothing more."""
        self._closed = True
