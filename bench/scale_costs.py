"""What an operation costs beside so many sessions: every place in turn, in rounds, one operation after another.

Each place is asked through an ``Auth`` of its own in this process. Nothing runs beside, so the wall time is what one
caller waits for; the CPU time is that of this process with all its threads, and leaves out what the server of
PostgreSQL takes.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from typing import Any, Final

from bench.measure import CannotMeasure
from bench.scale_rows import PER_USER
from starlette.requests import Request
from starlette.types import Scope

from handstamp import Auth
from handstamp.core.ids import new_secret, new_session_id
from handstamp.core.models import EndReason, Generations, Session
from handstamp.core.policy import DAY
from handstamp.integrations.starlette import current_user
from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.host import Services

OPERATIONS: Final = {
    "request": "a request, session known: `current_user(request)`",
    "find": "… of it `Check.find`",
    "sight": "first sight of a token: verify, load, keep",
    "rotate": "rotation: `swap_generations`",
    "touch": "time of last use, a session of 100 at once: `touch_sessions`",
    "start": "sign-in: `start_session`",
    "end": "sign-out: `end_session`",
    "list": "`list_sessions` of a user who has 5",
    "end_all": "`end_sessions` of a user who has 5",
}
"""Name and meaning, in the order in which they are measured: each uses what the one before it left."""

_SECRET: Final = new_secret()
_SEEN: Final = 100
"""Sessions that are rotated, seen and known in a round."""
_FEW: Final = 20
"""Calls in a round of what takes long."""
_MANY: Final = 20_000
"""Calls in a round of what does not."""
_HEARD: Final = 5.0
"""Seconds within which a feed must vouch for what is in memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure."""

    rounds: int
    settling: float
    """Seconds in each round for the times of last use, which a first sight leaves to be written a second later."""
    alone: float
    """Seconds for which writers are watched without a purge."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one operation in one round, in seconds per call."""

    cpu: float
    wall: float
    longest: float
    """Wall time of the slowest call; of what is too short to be timed by itself, that of the average one."""


class Visitors:
    """People who use one place.

    Args:
        auth: Over the place.
        services: Of it.
        samples: Ids of live sessions.
        families: Ids of users who have five live sessions, and nobody else uses them.
    """

    def __init__(self, auth: Auth, services: Services, samples: Sequence[str], families: Sequence[str]) -> None:
        self._auth = auth
        self._services = services
        self._store = auth.store
        half = len(samples) // 2
        self._staying = cycle(samples[:half])
        self._leaving = deque(samples[half:])
        self._families = cycle(families)
        self._known: list[bytes] = []

    async def measure(self, operation: str) -> Cost:
        """One round of an operation."""
        work: Callable[[], Awaitable[Cost]] = getattr(self, f"_{operation}")
        return await work()

    async def _rotate(self) -> Cost:
        """The next sessions get new generations: no token of theirs is known to anybody."""
        now, swaps, self._known = self._auth.clock(), list[Callable[[], Awaitable[Any]]](), []
        for session_id in islice(self._staying, _SEEN):
            session = await self._store.load_session(session_id)
            if session is None:
                raise CannotMeasure("a session that was made to be used has gone")
            seen = session.generations
            becomes = Generations(issued=seen.issued + 1, confirmed=seen.issued + 1, issued_at=now, confirmed_at=now)
            swaps.append(partial(self._store.swap_generations, session_id, seen=seen, becomes=becomes, now=now))
            token = self._services.sessions.issued(replace(session, generations=becomes)).token
            self._known.append(token.encode())
        return await _timed(swaps)

    async def _sight(self) -> Cost:
        """The sessions of the last rotation are asked for; then all are known."""
        check, clock = self._services.check, self._auth.clock
        cost = await _timed([partial(check.authenticate, token, now=clock()) for token in self._known])
        deadline = time.monotonic() + _HEARD
        while any(check.find(token, clock()) is None for token in self._known):
            if time.monotonic() > deadline:
                raise CannotMeasure("the change feed does not vouch for what is in memory")
            await asyncio.sleep(0.05)
            for token in self._known:
                await check.authenticate(token, now=clock())
        return cost

    async def _find(self) -> Cost:
        find, clock, known = self._services.check.find, self._auth.clock, self._known
        began, cpu = time.perf_counter(), time.process_time()
        for token in islice(cycle(known), _MANY):
            find(token, clock())
        return _average(began, cpu, _MANY)

    async def _request(self) -> Cost:
        auth, name = self._auth, self._auth.place.cookies.session.encode()
        scopes: list[Scope] = [
            {"type": "http", "method": "GET", "headers": [(b"cookie", name + b"=" + token)]} for token in self._known
        ]
        requests = [(scope, Request(scope)) for scope in scopes]
        began, cpu = time.perf_counter(), time.process_time()
        for scope, request in islice(cycle(requests), _MANY):
            scope[SCOPE_KEY] = Caller(auth, scope)
            await current_user(request)
        return _average(began, cpu, _MANY)

    async def _touch(self) -> Cost:
        now = self._auth.clock()
        uses = dict.fromkeys(islice(self._staying, _SEEN), now)
        whole = await _timed([partial(self._store.touch_sessions, uses)])
        return Cost(whole.cpu / len(uses), whole.wall / len(uses), whole.longest / len(uses))

    async def _start(self) -> Cost:
        now, users = self._auth.clock(), list(islice(self._families, _FEW))
        new = [new_session(f"visitor-of-{user}", now) for user in users]
        cost = await _timed([partial(self._store.start_session, one, replaces=None, now=now) for one in new])
        self._leaving.extend(one.id for one in new)
        return cost

    async def _end(self) -> Cost:
        leaving = [self._leaving.popleft() for _ in range(_FEW)]
        now, reason = self._auth.clock(), EndReason.SIGNED_OUT
        return await _timed([partial(self._store.end_session, one, reason=reason, now=now) for one in leaving])

    async def _list(self) -> Cost:
        now, users = self._auth.clock(), islice(self._families, _SEEN)
        return await _timed([partial(self._store.list_sessions, user, now=now) for user in users])

    async def _end_all(self) -> Cost:
        """They sign in again afterwards, on all five."""
        now, users, reason = self._auth.clock(), list(islice(self._families, _FEW)), EndReason.ENDED_ELSEWHERE
        cost = await _timed([partial(self._store.end_sessions, user, reason=reason, now=now) for user in users])
        for user in dict.fromkeys(users):
            for _ in range(PER_USER):
                await self._store.start_session(new_session(user, now), replaces=None, now=now)
        return cost


@dataclass(frozen=True, slots=True)
class Party:
    """A place and whom to send there."""

    url: str
    samples: Sequence[str]
    families: Sequence[str]


async def costs(parties: Sequence[Party], plan: Plan) -> list[dict[str, list[Cost]]]:
    """The cost of each operation at each place, a round each, the places in turn forwards and backwards."""
    found: list[dict[str, list[Cost]]] = [{name: [] for name in OPERATIONS} for _ in parties]
    async with AsyncExitStack() as opened:
        visitors: list[Visitors] = []
        for party in parties:
            auth = Auth(party.url, secret=_SECRET)
            opened.push_async_callback(auth.close)
            visitors.append(Visitors(auth, await auth.open(), party.samples, party.families))
        for number in range(plan.rounds + 1):
            turn = list(zip(visitors, found, strict=True))[:: 1 if number % 2 else -1]
            for operation in _in_order():
                for place, costs_of_place in turn:
                    cost = await place.measure(operation)
                    if number:  # the round before the first one makes what is made once
                        costs_of_place[operation].append(cost)
                if operation == "find":
                    await asyncio.sleep(plan.settling)
    return found


async def time_to_open(party: Party, *, rounds: int) -> list[Cost]:
    """From ``Auth`` to the answer to its first check, in a process that has handstamp loaded."""
    token = await _token(party)
    return [await _opening(party.url, token) for _ in range(rounds)]


async def _opening(url: str, token: bytes) -> Cost:
    async with AsyncExitStack() as opened:

        async def open_and_check() -> None:
            auth = Auth(url, secret=_SECRET)
            opened.push_async_callback(auth.close)
            services = await auth.open()
            await services.check.authenticate(token, now=auth.clock())

        return await _timed([open_and_check])


async def _token(party: Party) -> bytes:
    auth = Auth(party.url, secret=_SECRET)
    services = await auth.open()
    try:
        session = await auth.store.load_session(party.samples[0])
        if session is None:
            raise CannotMeasure("a session that was made to be used has gone")
        return services.sessions.issued(session).token.encode()
    finally:
        await auth.close()


def _in_order() -> list[str]:
    """What is read from memory comes right after the first sight that put it there."""
    first = ["rotate", "sight", "request", "find"]
    return first + [name for name in OPERATIONS if name not in first]


async def _timed(calls: Sequence[Callable[[], Awaitable[Any]]]) -> Cost:
    waits: list[float] = []
    cpu = time.process_time()
    for call in calls:
        began = time.perf_counter()
        await call()
        waits.append(time.perf_counter() - began)
    return Cost((time.process_time() - cpu) / len(calls), sum(waits) / len(calls), max(waits))


def _average(began: float, cpu: float, calls: int) -> Cost:
    used, passed = time.process_time() - cpu, time.perf_counter() - began
    return Cost(used / calls, passed / calls, passed / calls)


def new_session(user_id: str, now: float) -> Session:
    """As a sign-in makes one."""
    return Session(
        id=new_session_id(),
        user_id=user_id,
        created_at=now,
        expires_at=float(int(now + 30 * DAY)),
        last_used_at=now,
        idle_timeout=7 * DAY,
        generations=Generations(issued_at=now, confirmed_at=now),
        amr=("oauth",),
        authenticated_at=now,
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
        address="198.18.0.1",
    )
