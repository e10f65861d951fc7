"""One feed out of two, where sessions live in another store than users."""

from handstamp.core.models import NOTHING_CHANGED, Changes
from handstamp.core.protocols import ChangeFeed


class CombinedFeed:
    """Tells what either feed tells, and is coherent while both are.

    A cached answer speaks of a session and of a user, so it needs both stores to vouch for it.
    """

    def __init__(self, users: ChangeFeed, sessions: ChangeFeed) -> None:
        self._users = users
        self._sessions = sessions

    def poll(self, now: float) -> Changes:
        """See ``ChangeFeed``. A feed tells a change once, so it is passed on though the other one cannot vouch."""
        of_users, of_sessions = self._users.poll(now), self._sessions.poll(now)
        if of_users is NOTHING_CHANGED and of_sessions is NOTHING_CHANGED:
            return NOTHING_CHANGED
        return Changes(
            coherent=of_users.coherent and of_sessions.coherent,
            everything=of_users.everything or of_sessions.everything,
            sessions=of_users.sessions + of_sessions.sessions,
            users=of_users.users + of_sessions.users,
        )

    def close(self) -> None:
        """Close both."""
        self._users.close()
        self._sessions.close()
