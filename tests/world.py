"""Handstamp's services over one store, wired as in several processes, with a browser to visit them."""

import asyncio
import functools
import inspect
import itertools
import json
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from handmade import SECRET
from handstamp.core.errors import StoreUnavailable
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import AuditEvent, Session, User
from handstamp.core.policy import DAY, HOUR, RotationPolicy, SessionPolicy
from handstamp.core.protocols import Store
from handstamp.core.tokens import SessionTokens
from handstamp.services.accounts import Accounts
from handstamp.services.audit import Audit
from handstamp.services.cache import Admission, CoherentCache
from handstamp.services.check import Check
from handstamp.services.sessions import Issued, Sessions
from handstamp.services.touches import Touches
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW, a_profile

TOKENS = SessionTokens(KeyRing.from_secrets([SECRET], Purpose.SESSION), "https://app.example.com")
POLICY = SessionPolicy(absolute_timeout=30 * DAY, idle_timeout=7 * DAY, rotation=RotationPolicy())
ROTATE_AFTER = POLICY.rotation.rotate_after
GRACE = POLICY.rotation.grace
EACH_REQUEST = SessionPolicy(rotation=RotationPolicy(rotate_after=0, grace=10))
NEVER = 1000 * HOUR


@dataclass(frozen=True, slots=True)
class Process:
    """What one process has for itself: memory, a feed, and the services over them."""

    store: Store
    cache: CoherentCache
    touches: Touches
    audit: Audit
    sessions: Sessions
    check: Check
    accounts: Accounts

    @classmethod
    def over(cls, store: Store, policy: SessionPolicy) -> "Process":
        """Wire it as ``Auth`` does. Uses are written when a test says so."""
        cache = CoherentCache(store.feed())
        touches = Touches(store, interval=policy.touch_interval, flush_after=NEVER)
        audit = Audit(store)
        sessions = Sessions(policy=policy, tokens=TOKENS, store=store, cache=cache, audit=audit)
        check = Check(
            policy=policy,
            tokens=TOKENS,
            store=store,
            users=store,
            sessions=sessions,
            cache=cache,
            touches=touches,
            audit=audit,
        )
        accounts = Accounts(store=store, sessions=sessions, cache=cache, audit=audit)
        return cls(store, cache, touches, audit, sessions, check, accounts)

    async def admit(self, token: bytes, *, now: float, address: str | None = None) -> Admission:
        """A request arrives: the answer from memory if there is one, else that of the store."""
        found = self.check.find(token, now)
        return found or await self.check.authenticate(token, now=now, address=address)

    async def respond(self, admission: Admission, *, now: float) -> bytes | None:
        """Its response starts: the token that it carries, if any. What the store cannot do refuses nobody."""
        if admission.settled:
            return None
        try:
            issued = await self.check.settle(admission, now=now)
        except StoreUnavailable:
            return None
        return issued.token.encode() if issued else None

    async def serve(self, token: bytes, *, now: float, address: str | None = None) -> bytes | None:
        """A quick request, whole: the token that its response carries, if any."""
        return await self.respond(await self.admit(token, now=now, address=address), now=now)

    async def close(self) -> None:
        """As at the end of a process."""
        await self.touches.close()
        self.cache.close()


class World:
    """Processes over one store.

    Args:
        store: A store, or one store object for each process, all on the same data.
        processes: How many processes, where one object is given.
        policy: The same in all of them.
    """

    def __init__(
        self, store: Store | Iterable[Store] | None = None, *, processes: int = 2, policy: SessionPolicy = POLICY
    ) -> None:
        stores = list(store) if isinstance(store, Iterable) else [store or MemoryStore()] * processes
        self.store = stores[0]
        self.policy = policy
        self.processes = [Process.over(one, policy) for one in stores]

    def __getitem__(self, number: int) -> Process:
        return self.processes[number]

    def restart(self, number: int) -> None:
        """A new process takes the place of another. It remembers nothing."""
        self.processes[number] = Process.over(self.processes[number].store, self.policy)

    async def user(self, *, now: float = NOW) -> User:
        """Somebody who has just signed up."""
        return await self[0].accounts.sign_in(a_profile(), now=now)

    async def signed_in(self, *, user: User | None = None, now: float = NOW, **how: Any) -> Issued:
        """A new session, made by the first process; its first token is on the way."""
        return await self[0].sessions.start(user or await self.user(now=now), amr=("pwd",), now=now, **how)

    async def row(self, session_id: str) -> Session:
        """The session as the store has it."""
        session = await self.store.load_session(session_id)
        assert session is not None
        return session

    async def events(self) -> list[str]:
        """The names of all audit events. Those of one moment are in any order."""
        return [event.event for event in await self.store.list_events(limit=1000)]

    async def event(self, name: str) -> AuditEvent:
        """The one audit event of a name."""
        (event,) = [event for event in await self.store.list_events(limit=1000) if event.event == name]
        return event

    async def rotate(self, issued: Issued, times: int = 1, *, now: float = NOW) -> list[bytes]:
        """Let an honest browser take a session through rotations, ``rotate_after`` apart.

        Gives its tokens, oldest first. The last is confirmed when all the time has passed, so it is no older.
        """
        tokens = [issued.token.encode()]
        for _ in range(times):
            now += self.policy.rotation.rotate_after
            token = await self[0].serve(tokens[-1], now=now)
            assert token is not None
            tokens.append(token)
            await self[0].serve(token, now=now)
        return tokens


def generation_of(token: bytes) -> int:
    """The generation that a token names, unverified."""
    payload = token.split(b".")[1]
    generation = json.loads(urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))["gen"]
    assert isinstance(generation, int)
    return generation


class AdverseStore(MemoryStore):
    """A memory store whose verbs take their time, so that callers overlap, and fail when a test says so."""

    def __init__(self, pauses: Iterable[int] = ()) -> None:
        super().__init__()
        self._pauses = itertools.cycle(tuple(pauses) or (0,))
        self.down: set[str] = set()
        """Names of verbs that cannot be asked now."""
        self.asked: Counter[str] = Counter()
        """How often each verb was."""

    def __getattribute__(self, name: str) -> Any:
        verb = super().__getattribute__(name)
        if name.startswith("_") or not inspect.iscoroutinefunction(verb):
            return verb
        return functools.partial(self._adversely, name, verb)

    async def _adversely(self, name: str, verb: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        self.asked[name] += 1
        await self._pause()
        if name in self.down:
            raise StoreUnavailable(name)
        answer = await verb(*args, **kwargs)
        await self._pause()
        return answer

    async def _pause(self) -> None:
        for _ in range(next(self._pauses)):
            await asyncio.sleep(0)
