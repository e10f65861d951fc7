"""Sessions in memory."""

from collections.abc import Mapping
from dataclasses import replace

from handstamp.core.models import EndReason, Generations, Session
from handstamp.stores.memory.part import Part


class MemorySessions(Part):
    """Keeps ``SessionStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._sessions: dict[str, Session] = {}

    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        """See ``SessionStore``."""
        if session.id in self._sessions:
            raise ValueError("there is a session with this id")
        replaced = None if replaces is None else self._end(replaces, EndReason.REPLACED, now)
        self._put_session(session)
        return replaced

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        return self._sessions.get(session_id)

    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        """See ``SessionStore``."""
        del now  # the generations carry their times
        session = self._live(session_id)
        if session is None:
            return False
        current = session.generations
        if (current.issued, current.confirmed) != (seen.issued, seen.confirmed):
            return False
        self._put_session(replace(session, generations=becomes))
        return True

    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        """See ``SessionStore``."""
        for session_id, at in uses.items():
            session = self._live(session_id)
            if session and session.last_used_at < at < session.last_used_at + session.idle_timeout:
                self._sessions[session_id] = replace(session, last_used_at=at)

    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        """See ``SessionStore``."""
        session = self._sessions.get(session_id)
        if session is None or user_id not in {None, session.user_id}:
            return None
        return self._end(session_id, reason, now)

    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        """See ``SessionStore``."""
        theirs = [one.id for one in self._sessions.values() if one.user_id == user_id and one.id != keep]
        return tuple(one for one in theirs if self._end(one, reason, now))

    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        """See ``SessionStore``."""
        live = (one for one in self._sessions.values() if one.user_id == user_id and one.ended_because(now) is None)
        return tuple(sorted(live, key=lambda one: (-one.last_used_at, one.id)))

    async def purge_sessions(self, *, now: float, limit: int) -> int:
        """See ``SessionStore``."""
        over = [one.id for one in self._sessions.values() if now >= one.expires_at][:limit]
        for session_id in over:
            del self._sessions[session_id]
            self._journal.tell(session=session_id)
        return len(over)

    def _live(self, session_id: str) -> Session | None:
        session = self._sessions.get(session_id)
        return session if session and session.ended_at is None else None

    def _end(self, session_id: str, reason: EndReason, now: float) -> Session | None:
        session = self._live(session_id)
        if session is None:
            return None
        return self._put_session(replace(session, ended_at=now, end_reason=reason))

    def _put_session(self, session: Session) -> Session:
        self._sessions[session.id] = session
        self._journal.tell(session=session.id)
        return session
