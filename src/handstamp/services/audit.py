"""The audit trail: every sign-in, refusal and end of a session, in the store and in the log.

Log lines are JSON, so that control characters of hostile input arrive encoded (CWE-117), and name a session by a
hash: whoever reads the log cannot tell one session id from it.
"""

import json
import logging
from base64 import urlsafe_b64encode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from handstamp.core.errors import StoreUnavailable
from handstamp.core.ids import new_id
from handstamp.core.models import AuditEvent
from handstamp.core.protocols import AuditStore
from handstamp.core.text import keepable
from handstamp.services.events import Events

_LOG: Final = logging.getLogger("handstamp.audit")
_MAX_DETAIL: Final = 500

LINES_A_SECOND: Final = 20
"""Of each event that anybody can cause as often as they like. About 400 MB a day, however many more there are."""


class _Flood:
    """How often an event that is only logged came in the second that is now."""

    __slots__ = ("came", "left_out", "second")

    def __init__(self) -> None:
        self.second = 0
        self.came = 0
        self.left_out = 0
        """Lines that were not written since the last one that was."""

    def takes(self, now: float) -> bool:
        """Whether one more line may be written. A clock that was set back begins a new second too."""
        second = int(now)
        if second != self.second:
            self.second, self.came = second, 0
        self.came += 1
        if self.came <= LINES_A_SECOND:
            return True
        self.left_out += 1
        return False


_floods: Final[defaultdict[str, _Flood]] = defaultdict(_Flood)
"""By event, which are few. For the whole process, as its log is."""


class Audit:
    """Records events. An event that cannot be stored is logged with a warning; it never undoes what happened.

    Args:
        store: Where the trail is.
        events: Told of each event, stored or not.
    """

    def __init__(self, store: AuditStore, events: Events | None = None) -> None:
        self._store = store
        self._events = events

    async def about(self, user_id: str, *, limit: int) -> tuple[AuditEvent, ...]:
        """The latest events about a user, newest first.

        Raises:
            StoreUnavailable: Nobody knows.
        """
        return await self._store.list_events(user_id=user_id, limit=limit)

    async def record(
        self,
        event: str,
        *,
        now: float,
        user_id: str | None = None,
        session_id: str | None = None,
        address: str | None = None,
        **detail: str | None,
    ) -> None:
        """Store and log one event. Details are cut at 500 characters; those that are None are left out.

        What no store can keep is U+FFFD in the trail.
        """
        await self.record_of_each(event, (session_id,), now=now, user_id=user_id, address=address, **detail)

    async def record_of_each(
        self,
        event: str,
        session_ids: Sequence[str | None],
        *,
        now: float,
        user_id: str | None = None,
        address: str | None = None,
        **detail: str | None,
    ) -> None:
        """The same of several sessions: an event for each. The store is asked once, however many there are."""
        entries = [
            AuditEvent(
                id=new_id(now),
                at=now,
                event=event,
                user_id=user_id,
                session_id=session_id,
                address=address,
                detail=_cut(detail),
            )
            for session_id in session_ids
        ]
        for entry in entries:
            _LOG.info("%s", _line(entry))
        try:
            await self._store.record_events(*map(_keepable, entries))
        except StoreUnavailable:
            _LOG.warning("what is said above is not in the store: it cannot be reached (events: %d)", len(entries))
        if self._events is not None:
            for entry in entries:
                self._events.tell(entry)


def log_only(event: str, *, now: float, address: str | None, **detail: str | None) -> None:
    """Log what anybody can cause, as often as they like: in the store it would take the room and turn of others.

    At most ``LINES_A_SECOND`` lines of an event are written a second. The next one says how many were left out.
    """
    if not _LOG.isEnabledFor(logging.INFO):
        return
    flood = _floods[event]
    if not flood.takes(now):
        return
    if flood.left_out:
        detail["left_out"] = str(flood.left_out)
        flood.left_out = 0
    _LOG.info("%s", _line(AuditEvent(id="", at=now, event=event, address=address, detail=_cut(detail))))


def _cut(detail: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value[:_MAX_DETAIL] for key, value in detail.items() if value is not None}


def _keepable(entry: AuditEvent) -> AuditEvent:
    """The event as every store can keep it. The log says exactly what came in."""
    detail = {key: keepable(value) for key, value in entry.detail.items()}
    return replace(entry, address=entry.address and keepable(entry.address), detail=detail)


def _line(entry: AuditEvent) -> str:
    fields = asdict(entry) | {"at": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds")}
    fields["session"] = _hashed(fields.pop("session_id"))
    return json.dumps(
        {key: value for key, value in fields.items() if value not in (None, {}) and (key, value) != ("id", "")}
    )


def _hashed(session_id: str | None) -> str | None:
    if session_id is None:
        return None
    return urlsafe_b64encode(sha256(session_id.encode()).digest()[:9]).decode("ascii")
