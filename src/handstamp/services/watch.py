"""The look-out: which of the open connections have to be closed now.

No request may come that would notice the end of a session, so the change feed is asked again and again while
anything is open, by one task in each event loop. A change is a reason to look, no verdict: what to do is what the
store then says. So a rotation or a new role closes nothing, and neither does a store that cannot be asked.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, Protocol
from weakref import ReferenceType

from handstamp.core.errors import SessionEnded, StoreUnavailable
from handstamp.core.models import EVERYTHING_CHANGED, Changes, EndReason, Session
from handstamp.core.protocols import Clock
from handstamp.services.cache import CoherentCache
from handstamp.services.check import Check
from handstamp.services.closing import Closing

POLL_EVERY: Final = 0.05
"""Seconds from one look at the feed to the next."""

ASK_EVERY: Final = 5.0
"""Seconds from one question about every open session to the next, while the feed cannot vouch for any."""

AGAIN_AFTER: Final = 1.0
"""Seconds after which a store that could not be asked is asked again."""

_LOADS_AT_ONCE: Final = 16
_TURN: Final = 50
"""Loads between two turns for others: a store that answers without waiting would keep the event loop busy."""

_NEVER: Final = float("-inf")

_LOG: Final = logging.getLogger("handstamp.live")


class Connection(Protocol):
    """Something open. It can be referred to weakly, and is gone when nothing can send by it any more."""

    def stop(self, reason: EndReason) -> bool:
        """Let nothing more through, from now on; whether last words remain to be said. Called once."""
        ...

    async def say_last_words(self) -> None:
        """Close it in the way that its protocol has for that. Raises nothing; to cancel it is to give that up."""
        ...


class _Open:
    """The open connections of one session."""

    __slots__ = ("connections", "deadline", "user_id")

    def __init__(self, session: Session) -> None:
        self.user_id = session.user_id
        self.deadline = _deadline(session)
        self.connections: set[_Reference] = set()


class _Reference(ReferenceType[Connection]):
    """A weak reference that knows whose it is, so that all of them share one callback."""

    __slots__ = ("session_id",)

    session_id: str


class Watch:
    """What is open in one event loop, and the task that looks after it while there is anything."""

    def __init__(self, check: Check, cache: CoherentCache, clock: Clock, closing: Closing) -> None:
        self._check = check
        self._cache = cache
        self._clock = clock
        self.closing: Final = closing
        self._open: dict[str, _Open] = {}
        self._earliest = float("inf")
        self._suspects: set[str] = set()
        self._unreadable: set[str] = set()
        """Those whom a defect keeps from being judged, as a row that was changed by hand."""
        self._tried_at = _NEVER
        self._users: set[str] = set()
        self._coherent = True
        self._asked_all_at = _NEVER
        self._failed_at = _NEVER
        self._forget: Final = self._gone  # one bound method for all references
        self._nudged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(len(held.connections) for held in list(self._open.values()))

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, connection: Connection, session: Session, *, vouched: bool) -> None:
        """See ``Live.add``."""
        held = self._open.get(session.id)
        if held is None:
            held = self._open[session.id] = _Open(session)
            self._earliest = min(self._earliest, held.deadline)
        reference = _Reference(connection, self._forget)
        reference.session_id = session.id
        held.connections.add(reference)
        if not vouched:
            self._suspects.add(session.id)
            self._nudged.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look_again_and_again())

    def changed(self, changes: Changes) -> None:
        """Note whom to look at; look at once where it concerns somebody who is here."""
        if not self._open:  # nobody looks, so what is noted would stay and grow
            return
        suspects = {session_id for session_id in changes.sessions if session_id in self._open}
        if changes.everything:
            suspects.update(self._open)
        self._suspects |= suspects
        self._users.update(changes.users)
        # Not for those who are in doubt already: a feed that cannot tell says so at each look, which would then be
        # followed by the next at once, as long as the store cannot be asked about them.
        if suspects or changes.users:
            self._nudged.set()

    async def look(self, *, now: float) -> None:
        """Ask the feed, then the store about those whom a change or the clock has put in doubt."""
        self._ask_feed(now)
        if now >= self._earliest:
            self._suspects.update(key for key, held in list(self._open.items()) if now >= held.deadline)
            self._earliest = min(
                (held.deadline for held in list(self._open.values()) if held.deadline > now), default=float("inf")
            )
        users, self._users = self._users, set()
        if users:
            self._suspects.update(key for key, held in list(self._open.items()) if held.user_id in users)
        if self._unreadable and not 0 <= now - self._tried_at < ASK_EVERY:
            self._tried_at = now
            self._suspects |= self._unreadable
            self._unreadable.clear()
        if self._suspects and not 0 <= now - self._failed_at < AGAIN_AFTER:
            suspects, self._suspects = self._suspects, set()
            await self._ask_store(suspects, now)

    async def close(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _ask_feed(self, now: float) -> None:
        """What has changed comes back by ``changed``, as it does when a request asks. Coherent again: ask for all."""
        coherent = self._cache.mark(now) is not None
        if coherent != self._coherent or (not coherent and not 0 <= now - self._asked_all_at < ASK_EVERY):
            self._asked_all_at = now
            self.changed(EVERYTHING_CHANGED)
        self._coherent = coherent

    async def _ask_store(self, suspects: Iterable[str], now: float) -> None:
        asked = [session_id for session_id in suspects if session_id in self._open]
        left = iter(asked)
        faults: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(len(asked), _LOADS_AT_ONCE)):
                    group.create_task(self._judge(left, now, faults))
        except* StoreUnavailable:
            self._failed_at = now
        finally:
            self._suspects.update(left)  # whoever was not reached stays in doubt
        if faults:
            _LOG.error("%d sessions with something open were not read; trying again", len(faults), exc_info=faults[0])

    async def _judge(self, session_ids: Iterable[str], now: float, faults: list[Exception]) -> None:
        for turn, session_id in enumerate(session_ids, start=1):
            try:
                session = await self._check.live(session_id, now=now)
            except SessionEnded as ended:
                self._end(session_id, ended.reason)
            except (StoreUnavailable, asyncio.CancelledError):
                self._suspects.add(session_id)
                raise
            except Exception as error:  # noqa: BLE001  a row that cannot be read must not keep the others open
                self._unreadable.add(session_id)
                faults.append(error)
            else:
                self._renew(session_id, session)
            if turn % _TURN == 0:
                await asyncio.sleep(0)

    def _renew(self, session_id: str, session: Session) -> None:
        held = self._open.get(session_id)
        if held is not None:
            held.deadline = _deadline(session)
            self._earliest = min(self._earliest, held.deadline)

    def _end(self, session_id: str, reason: EndReason) -> None:
        held = self._open.pop(session_id, None)
        # All are stopped before the first one is given the time to hear why.
        for reference in list(held.connections) if held is not None else ():
            connection = reference()
            if connection is not None and connection.stop(reason):
                self.closing.add(connection.say_last_words)

    def _gone(self, reference: _Reference) -> None:
        held = self._open.get(reference.session_id)
        if held is not None:
            held.connections.discard(reference)
            if not held.connections:
                del self._open[reference.session_id]

    async def _look_again_and_again(self) -> None:
        while self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_EVERY):
                    await self._nudged.wait()
            self._nudged.clear()
            try:
                await self.look(now=self._clock())
            except Exception:  # noqa: BLE001  a fault of a store must not leave everything open from now on
                _LOG.exception("open connections were not looked at; trying again")
                await asyncio.sleep(AGAIN_AFTER)


def _deadline(session: Session) -> float:
    return min(session.expires_at, session.last_used_at + session.idle_timeout)
