"""Sessions in Redis or Valkey. What each verb does is in ``scripts/``."""

import json
from collections.abc import Mapping
from itertools import chain, islice
from typing import Final

from handstamp.core.models import EndReason, Generations, Session
from handstamp.stores.redis import script
from handstamp.stores.redis.part import Part
from handstamp.stores.redis.rows import generation_fields, session_fields, session_of

MARGIN: Final = 86_400.0
"""Seconds for which a session's keys outlive it. Then they are gone, whether anybody purged them or not."""

_TOUCHED_AT_ONCE: Final = 500
"""Sessions to a script: some milliseconds, in which others wait."""


class RedisSessions(Part):
    """Keeps ``SessionStore``."""

    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        """See ``SessionStore``."""
        # How long the keys live is told as a duration: the server's clock need not be ours.
        milliseconds = int((max(0.0, session.expires_at - now) + MARGIN) * 1000)
        entry = json.dumps([session.id, session.user_id])
        answer = await self._server.run(
            script.START,
            *(session.id, session.user_id, repr(session.expires_at), milliseconds, entry, replaces or "", repr(now)),
            *chain.from_iterable(session_fields(session).items()),
        )
        if answer == 0:
            raise ValueError("there is a session with this id")
        return None if replaces is None or answer == 1 else session_of(replaces, answer)

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        return session_of(session_id, await self._server.run(script.LOAD, session_id))

    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        """See ``SessionStore``."""
        del now  # the generations carry their times
        fields = chain.from_iterable(generation_fields(becomes).items())
        return bool(await self._server.run(script.SWAP, session_id, seen.issued, seen.confirmed, *fields))

    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        """See ``SessionStore``."""
        waiting = iter(uses.items())
        while batch := tuple(islice(waiting, _TOUCHED_AT_ONCE)):
            await self._server.run(script.TOUCH, *chain.from_iterable((one, repr(at)) for one, at in batch))

    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        """See ``SessionStore``."""
        whose = () if user_id is None else (user_id,)
        return session_of(session_id, await self._server.run(script.END, session_id, reason.value, repr(now), *whose))

    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        """See ``SessionStore``."""
        kept = () if keep is None else (keep,)
        return tuple(await self._server.run(script.END_ALL, user_id, reason.value, repr(now), *kept))

    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        """See ``SessionStore``."""
        answer = await self._server.run(script.LIST, user_id)
        found = (session_of(session_id, (row, used)) for session_id, row, used in answer)
        live = (one for one in found if one is not None and one.ended_because(now) is None)
        return tuple(sorted(live, key=lambda one: (-one.last_used_at, one.id)))

    async def purge_sessions(self, *, now: float, limit: int) -> int:
        """See ``SessionStore``."""
        return int(await self._server.run(script.PURGE, repr(now), limit))
