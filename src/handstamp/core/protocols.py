"""What a store has to do. ``handstamp.testing`` has a test for each sentence here, and in ``people`` and ``mail``.

Every verb is atomic by itself and sees what was committed before it was called. ``now`` is seconds since the
epoch; a store reads no clock. A store that cannot answer, or not within its time limit, raises
``StoreUnavailable`` and has changed nothing or everything that the verb says. Text comes back as it was stored,
whatever characters are in it; NUL and lone surrogates never reach a store (``core.text``). Nothing here is optional.
"""

from collections.abc import Mapping
from typing import Protocol

from handstamp.core.mail import MailStore
from handstamp.core.models import (
    AuditEvent,
    Changes,
    EndReason,
    Generations,
    Session,
)
from handstamp.core.people import CredentialStore, UserStore

__all__ = [
    "AuditStore",
    "ChallengeStore",
    "ChangeFeed",
    "Clock",
    "CredentialStore",
    "LeaseStore",
    "MailStore",
    "SessionBackend",
    "SessionStore",
    "Store",
    "ThrottleStore",
    "UserStore",
]


class Clock(Protocol):
    """Seconds since the epoch, as ``time.time`` gives them."""

    def __call__(self) -> float:
        """Seconds since the epoch, now."""
        ...


class SessionStore(Protocol):
    """Keeps sessions, ended ones too, until they expire."""

    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        """Store a new session; give the one that this call ended, as it is now, or None.

        The session named by ``replaces`` is ended with reason ``replaced`` in the same step.
        If that one is missing or already ended, it stays as it is.
        An id that is taken raises ValueError, and the stored session stays as it is.
        """
        ...

    async def load_session(self, session_id: str) -> Session | None:
        """The session as last committed, ended or not; every field comes back as it was stored.

        A missing one is None, not an error.
        """
        ...

    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        """Replace the generations if they are still the ones that were seen.

        ``issued`` and ``confirmed`` are compared.
        Of any number of callers that saw the same, one gets True.
        Where it is False nothing has changed: others were faster, or the session is ended or missing.
        """
        ...

    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        """Move ``last_used_at`` of each session forward to the time given for it.

        It never moves back.
        Ended and missing sessions are left alone.
        A session that was already idle at the time given is left alone.
        This is not a change that the feed tells.
        """
        ...

    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        """End one session; give it back as it is now, or None if this call did not end it.

        A missing or already ended session gives None, and the first reason stays.
        With ``user_id``, the session of any other user counts as missing.
        Of any number of callers, one gets the session.
        """
        ...

    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        """End all sessions of a user but ``keep``; give the ids of those that this call ended.

        Sessions that were already ended keep their reason.
        Sessions of other users are left alone.
        """
        ...

    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        """The live sessions of a user, last used first; ended, expired and idle ones are left out."""
        ...

    async def purge_sessions(self, *, now: float, limit: int) -> int:
        """Remove at most ``limit`` sessions whose ``expires_at`` has passed; give how many were removed."""
        ...


class ChallengeStore(Protocol):
    """Remembers which one-time things are used up."""

    async def consume_challenge(self, challenge_id: str, *, expires_at: float, now: float) -> bool:
        """Use up a one-time thing: True for the first caller, False for any other.

        Of any number of callers at once, one gets True.
        At or past ``expires_at`` it is False.
        """
        ...

    async def purge_challenges(self, *, now: float, limit: int) -> int:
        """Forget at most ``limit`` used-up things whose ``expires_at`` has passed; give how many."""
        ...


class LeaseStore(Protocol):
    """Lends a name to one holder at a time, and for a while: for work that one process does for all.

    Times are those of whoever calls, and the clocks of processes may differ by 60 s. One whose clock is ahead takes
    a lease over that much too early, one whose clock is behind that much too late. So a lease is longer than 60 s by
    what may pass until it is renewed, and is taken for nothing that would be wrong if two did it: a holder that was
    stopped does not know that its lease has run out.
    """

    async def take_lease(self, name: str, *, holder: str, until: float, now: float) -> bool:
        """Hold the name until ``until``: True for its one holder, False for any other.

        Of any number of callers that want a free name, one gets True.
        The holder may renew, at any time and to any ``until``.
        Another takes it over only when ``until`` of the holder has passed at ``now``.
        Where it is False nothing has changed.
        """
        ...

    async def release_lease(self, name: str, *, holder: str) -> None:
        """Give the name back, so that the next caller has it at once.

        The lease of another holder is left alone.
        A name that nobody holds is not an error.
        """
        ...


class ThrottleStore(Protocol):
    """Counts attempts. Each key has a bucket of ``burst`` attempts; one more comes back each ``every`` seconds.

    Kept is one number for each key, when its bucket is full again: see ``handstamp.core.throttle``. A key is a short
    text that says nothing of anybody. A bucket that is full is the same as one that was never used. ``burst`` is 1 or
    more. Where the clocks of two processes differ, a wait is wrong by the difference.
    """

    async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
        """Take an attempt out of the bucket of a key: 0.0 if there was one.

        Else it is how many seconds have to pass until there is one again, and nothing is counted.
        A wait of less than a millisecond is none.
        Of any number of callers at once, as many are allowed as the bucket has attempts.
        """
        ...

    async def forget_attempts(self, key: str) -> None:
        """Fill the bucket of a key. One that is full is not an error."""
        ...

    async def purge_attempts(self, *, now: float, limit: int) -> int:
        """Forget at most ``limit`` keys whose bucket is full again; give how many."""
        ...


class AuditStore(Protocol):
    """Keeps audit events. Nothing changes or removes one."""

    async def record_events(self, *events: AuditEvent) -> None:
        """Store events. Of many the store is asked at once; none is no error."""
        ...

    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        """The latest events, newest first; with ``user_id``, only those about that user."""
        ...


class ChangeFeed(Protocol):
    """Tells a process what changed, so that it may answer from memory in between."""

    def poll(self, now: float) -> Changes:
        """What has changed since the last poll: called before a cached answer is used, so it must be cheap.

        A change that a handstamp process had committed and returned from is told by the next poll of
        every process, within the lag that the store documents.
        Told are: a session started, rotated, ended or removed; a user made, changed, disabled or deleted;
        a role given or taken; each by hand in the database too.
        Identities and credentials are not: no check of a session depends on them.
        Each of them is told by its id, or by ``everything`` where there are more than a thousand, or where the feed
        may have missed one.
        Where nothing changed it is ``NOTHING_CHANGED`` itself.
        A feed that cannot tell says ``coherent=False`` and never raises.
        """
        ...

    def close(self) -> None:
        """Let go of what the feed holds. A closed feed says ``coherent=False``."""
        ...


class SessionBackend(SessionStore, ChallengeStore, ThrottleStore, LeaseStore, Protocol):
    """A place for sessions and what passes with them, where users and audit events may live in another."""

    async def open(self) -> None:
        """Connect, and check that the store is fit for use. Calling it again does nothing.

        Raises:
            ConfigurationError: The store is not set up for this version; the message says what to do.
        """
        ...

    async def migrate(self) -> None:
        """Bring the store to the shape this version needs. Any number of processes may call it at once."""
        ...

    def feed(self) -> ChangeFeed:
        """A new change feed that begins now. The store is open. It tells of what the store keeps."""
        ...

    async def close(self) -> None:
        """Let go of connections. Calling it again does nothing."""
        ...


class Store(SessionBackend, UserStore, CredentialStore, AuditStore, MailStore, Protocol):
    """Everything in one place, as most applications have it."""
