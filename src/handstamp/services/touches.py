"""When sessions were last used: noted in memory at once, written to the store in batches."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from handstamp.core.errors import StoreUnavailable
from handstamp.core.models import Session
from handstamp.core.protocols import SessionStore

FLUSH_AFTER: Final = 1.0
"""Seconds that a use waits for others to share its write."""

_LOG: Final = logging.getLogger("handstamp.sessions")


class Touches:
    """Collects uses of sessions. One use per session and ``interval`` is written, so a request costs no write."""

    def __init__(self, store: SessionStore, *, interval: float, flush_after: float = FLUSH_AFTER) -> None:
        self._store = store
        self._interval = interval
        self._flush_after = flush_after
        self._noted: dict[str, float] = {}
        self._flusher: asyncio.Task[None] | None = None

    def counted(self, session: Session) -> Session:
        """The session with the uses counted that are noted here and not written yet."""
        noted = self._noted.get(session.id, 0.0)
        return replace(session, last_used_at=noted) if noted > session.last_used_at else session

    def used(self, session: Session, now: float) -> Session:
        """Count a use at ``now``: the session as it is then. A use soon after the last one is not worth a write."""
        session = self.counted(session)
        if now - session.last_used_at < self._interval:
            return session
        self._noted[session.id] = now
        loop = asyncio.get_running_loop()
        # A flusher of a loop that was closed (test clients run each request on a loop of its own) never comes back.
        if self._flusher is None or self._flusher.done() or self._flusher.get_loop() is not loop:
            self._flusher = loop.create_task(self._flush_later())
        return replace(session, last_used_at=now)

    async def flush(self) -> None:
        """Write what is noted. What cannot be written now stays for the next time."""
        batch = dict(self._noted)
        if not batch:
            return
        try:
            await self._store.touch_sessions(batch)
        except StoreUnavailable:
            _LOG.warning("uses of %d sessions are not written yet: the store cannot be reached", len(batch))
            return
        for session_id, used_at in batch.items():
            if self._noted.get(session_id) == used_at:
                del self._noted[session_id]

    async def close(self) -> None:
        """Write what is noted, and stop."""
        if self._flusher is not None and self._flusher.get_loop() is asyncio.get_running_loop():
            self._flusher.cancel()
        self._flusher = None
        await self.flush()

    async def _flush_later(self) -> None:
        # Again and again: a use may be noted while the batch before it is being written, and a batch may fail.
        while self._noted:
            await asyncio.sleep(self._flush_after)
            await self.flush()
