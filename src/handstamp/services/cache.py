"""The coherent cache: answers from memory that are never older than what the store says.

A request is answered from memory only after the change feed was polled and said ``coherent``. A load that began
before a change must not be installed after it: ``mark`` is taken before the store is asked, and ``install``
refuses when the feed has told anything about that session or user since.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from handstamp.core.models import NOTHING_CHANGED, Changes, Principal
from handstamp.core.protocols import ChangeFeed

MAX_ENTRIES: Final = 100_000
_REMEMBERED: Final = 10_000
_DROPPED_AT_ONCE: Final = 500
"""The part of a full cache that makes room, as 1 / this: 200 of 100,000 take a fraction of a millisecond."""

_Index = dict[str, tuple[bytes] | set[bytes]]
"""Tokens by what they depend on. Nearly always it is one, which takes 48 bytes in a tuple and 216 in a set."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A verified token whose session is live: the answer to a request that was let in."""

    principal: Principal
    generation: int
    """Of the token that was presented."""
    settled: bool
    """True where the response has nothing to write and nothing to send. Only such answers are kept."""
    good_until: float
    """Seconds since the epoch: the first limit that anything about this answer runs into."""


class Watcher(Protocol):
    """Wants to hear what has changed, whoever it was that asked the feed."""

    def changed(self, changes: Changes) -> None:
        """Note it. Called in the midst of a request: it must be quick, and never raises."""
        ...


class CoherentCache:
    """Token bytes to verified, live principals. Only successes are kept. Not thread-safe: one event loop."""

    __slots__ = (
        "_entries",
        "_everything_touched",
        "_feed",
        "_max_entries",
        "_ticks",
        "_tokens_of_session",
        "_tokens_of_user",
        "_touched",
        "_watcher",
    )

    def __init__(self, feed: ChangeFeed, *, max_entries: int = MAX_ENTRIES) -> None:
        self._feed = feed
        self._max_entries = max_entries
        self._entries: dict[bytes, Admission] = {}  # the oldest first
        self._tokens_of_session: _Index = {}
        self._tokens_of_user: _Index = {}
        # When everything, a session or a user last changed, counted in applied changes. It is only compared with
        # marks of loads in flight, so a bounded number of keys is enough: see _remember.
        self._ticks = 0
        self._everything_touched = 0
        self._touched: OrderedDict[str, int] = OrderedDict()
        self._watcher: Watcher | None = None

    def watch(self, watcher: Watcher) -> None:
        """Tell this one, from now on, each change that the feed tells or that this process makes."""
        self._watcher = watcher

    def get(self, token: bytes, now: float) -> Admission | None:
        """The answer for a token if it holds for a request at ``now``. The path of every request."""
        changes = self._feed.poll(now)
        if changes is not NOTHING_CHANGED and not self._apply(changes):
            return None
        entry = self._entries.get(token)
        if entry is None or now >= entry.good_until:
            return None
        return entry

    def mark(self, now: float) -> int | None:
        """Where the feed stands before a load begins; None where nothing may be installed."""
        changes = self._feed.poll(now)
        if changes is not NOTHING_CHANGED and not self._apply(changes):
            return None
        return self._ticks

    def install(self, token: bytes, admission: Admission, *, mark: int | None, now: float) -> None:
        """Keep the result of a load that began at ``mark``, unless something about it has changed since."""
        if mark is None or self.mark(now) is None:
            return
        session_id, user_id = admission.principal.session.id, admission.principal.user.id
        if max(self._everything_touched, self._touched.get(session_id, 0), self._touched.get(user_id, 0)) > mark:
            return
        self._drop(token)
        if len(self._entries) >= self._max_entries:
            self._make_room()
        self._entries[token] = admission
        alone = (token,)  # one tuple for both indexes: 48 bytes of each session
        _add(self._tokens_of_session, session_id, alone)
        _add(self._tokens_of_user, user_id, alone)

    def forget_session(self, session_id: str) -> None:
        """Drop what is kept of a session, before the call that ended it returns."""
        self._ticks += 1
        self._forget_session(session_id)
        if self._watcher is not None:
            self._watcher.changed(Changes(sessions=(session_id,)))

    def forget_user(self, user_id: str) -> None:
        """Drop what is kept of a user, before the call that changed the user returns."""
        self._ticks += 1
        self._forget_user(user_id)
        if self._watcher is not None:
            self._watcher.changed(Changes(users=(user_id,)))

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        """Stop the feed and forget everything."""
        self._feed.close()
        self._entries.clear()
        self._tokens_of_session.clear()
        self._tokens_of_user.clear()

    def _apply(self, changes: Changes) -> bool:
        self._ticks += 1
        if changes.everything:
            self._entries.clear()
            self._tokens_of_session.clear()
            self._tokens_of_user.clear()
            self._everything_touched = self._ticks
        for session_id in changes.sessions:
            self._forget_session(session_id)
        for user_id in changes.users:
            self._forget_user(user_id)
        if self._watcher is not None:
            self._watcher.changed(changes)
        return changes.coherent

    def _forget_session(self, session_id: str) -> None:
        self._remember(session_id)
        for token in self._tokens_of_session.pop(session_id, ()):
            self._drop(token)

    def _forget_user(self, user_id: str) -> None:
        self._remember(user_id)
        for token in self._tokens_of_user.pop(user_id, ()):
            self._drop(token)

    def _remember(self, key: str) -> None:
        """Note when a key changed. A key that falls out of the bound counts as 'everything changed then'."""
        self._touched[key] = self._ticks
        self._touched.move_to_end(key)
        if len(self._touched) > _REMEMBERED:
            _, tick = self._touched.popitem(last=False)
            self._everything_touched = max(self._everything_touched, tick)

    def _make_room(self) -> None:
        """Drop the oldest, many at once, where many are allowed.

        What was dropped leaves holes at the front of a dictionary, and whoever looks for the oldest walks over all of
        them. So that is done once in a while. (An OrderedDict has no holes, and 45 bytes more in each entry.)
        """
        for token in list(islice(self._entries, max(1, self._max_entries // _DROPPED_AT_ONCE))):
            self._drop(token)

    def _drop(self, token: bytes) -> None:
        entry = self._entries.pop(token, None)
        if entry is None:
            return
        _discard(self._tokens_of_session, entry.principal.session.id, token)
        _discard(self._tokens_of_user, entry.principal.user.id, token)


def _add(index: _Index, key: str, alone: tuple[bytes]) -> None:
    tokens = index.setdefault(key, alone)
    if isinstance(tokens, set):
        tokens.update(alone)
    elif tokens != alone:
        index[key] = {*tokens, *alone}


def _discard(index: _Index, key: str, token: bytes) -> None:
    tokens = index.get(key, ())
    if isinstance(tokens, set):
        tokens.discard(token)
    if not tokens or tokens == (token,):
        index.pop(key, None)
