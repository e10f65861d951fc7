"""What the parts cost, in this process, without HTTP. CPU time of the process, all its threads."""

import asyncio
import gc
import hmac
import json
import sqlite3
import statistics
import time
import tracemalloc
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from handstamp import Auth
from handstamp.core.cookies import usual_cookie
from handstamp.core.ids import new_id, new_secret, new_session_id
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import EndReason, Profile
from handstamp.core.protocols import Clock
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.integrations.starlette import current_user
from handstamp.services.sessions import Issued
from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.host import Services

_FEW: Final = 100
"""Calls in a batch of what takes long; of the rest it is 20,000."""
_AGENTS: Final = 200
"""User agents among the sessions in memory. Each has an address of its own."""
_HEADERS: Final = (
    (b"host", b"127.0.0.1:8000"),
    (b"connection", b"keep-alive"),
    (b"sec-ch-ua-platform", b'"Linux"'),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"),
    (b"sec-ch-ua", b'"Chromium";v="140", "Not=A?Brand";v="24"'),
    (b"sec-ch-ua-mobile", b"?0"),
    (b"accept", b"*/*"),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"cors"),
    (b"sec-fetch-dest", b"empty"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"en-GB,en;q=0.9"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one part costs."""

    name: str
    seconds: float
    """CPU per call: the median over the batches."""
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What cached sessions hold."""

    sessions: int
    bytes_each: float
    """Token, principal, session, user and the indexes of the cache, as tracemalloc counts them."""


def parts(folder: Path, *, batches: int) -> list[Part]:
    """Every part, over SQLite in an empty folder."""
    return asyncio.run(_parts(Auth(f"sqlite:///{folder}/parts.db"), batches))


def memory(folder: Path, *, sessions: int) -> Memory:
    """Fill a cache with sessions, each of a user of its own."""
    return asyncio.run(_memory(f"sqlite:///{folder}/memory.db", folder / "memory.db", sessions))


async def sign_in(auth: Auth, name: str) -> Issued:
    """A new user with a new session."""
    services, now = await auth.open(), auth.clock()
    profile = Profile(issuer="https://provider.example", subject=name, name=name, email=f"{name}@example.com")
    user = await services.accounts.sign_in(profile, now=now)
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
    return await services.sessions.start(user, amr=("oauth",), now=now, user_agent=agent, address="127.0.0.1")


async def _parts(auth: Auth, batches: int) -> list[Part]:
    services = await auth.open()
    try:
        return [*(await _warm(auth, services, batches)), *(await _cold(auth, services, batches))]
    finally:
        await auth.close()


async def _warm(auth: Auth, services: Services, batches: int) -> list[Part]:
    """What a request for a known session goes through, from the outside in."""
    token = (await sign_in(auth, "ada")).token.encode()
    clock, feed = auth.clock, auth.store.feed()
    await services.check.authenticate(token, now=clock())
    cookie = b"theme=dark; " + auth.place.cookies.session.encode() + b"=" + token + b"; signed_in=1"
    scope: Scope = {"type": "http", "method": "GET", "headers": [*_HEADERS, (b"cookie", cookie)]}
    request = Request(scope)

    async def guard() -> None:
        scope[SCOPE_KEY] = Caller(auth, scope)
        await current_user(request)

    async def caller() -> None:
        await Caller(auth, scope).principal()

    timed = partial(_time_calls, batches=batches)
    line, length = token + b";", len(token)  # each request brings a token of its own, which was never hashed
    try:
        return [
            Part(
                "`current_user(request)`, cookie to user, session known", await _time_awaits(guard, batches=batches)
            ),
            Part("… `Caller.principal()`", await _time_awaits(caller, batches=batches)),
            Part("… `Caller.known()`, where memory answers", timed(lambda: Caller(auth, scope).known())),
            Part("… reading the cookie", timed(lambda: usual_cookie(cookie, auth.place.session_opening))),
            Part(
                "… `Check.find`, the check on a warm cache",
                timed(lambda: services.check.find(line[:length], clock())),
                2e-6,
            ),
            Part("… asking the change feed", timed(lambda: feed.poll(clock()))),
        ]
    finally:
        feed.close()


async def _cold(auth: Auth, services: Services, batches: int) -> list[Part]:
    """What happens once a session, once a minute, or once a sign-in."""
    clock = auth.clock
    user = await services.accounts.get((await sign_in(auth, "grace")).session.user_id)
    starts, sights, ends = list[float](), list[float](), list[float]()
    for _ in range(batches):
        began = time.process_time()
        issued = [await services.sessions.start(user, amr=("oauth",), now=clock()) for _ in range(_FEW)]
        starts.append((time.process_time() - began) / _FEW)
        tokens = [one.token.encode() for one in issued]
        began = time.process_time()
        for token in tokens:
            await services.check.authenticate(token, now=clock())
        sights.append((time.process_time() - began) / _FEW)
        began = time.process_time()
        for one in issued:
            await services.sessions.end(one.session.id, reason=EndReason.SIGNED_OUT, now=clock())
        ends.append((time.process_time() - began) / _FEW)
    return [
        Part("first sight of a token: verify, load, keep", statistics.median(sights), 150e-6),
        Part("… verifying the token", _verifying(clock, batches)),
        *_limits(Path(auth.settings.database.get_secret_value().removeprefix("sqlite:///")), batches),
        Part("starting a session: row, audit event, token", statistics.median(starts)),
        Part("ending a session: row, audit event", statistics.median(ends)),
    ]


def _verifying(clock: Clock, batches: int) -> float:
    tokens = _tokens(new_secret(), "http://127.0.0.1:8000")
    token = tokens.encode(_claims(new_id(clock()), new_session_id(), clock())).encode()
    return _time_calls(lambda: tokens.decode(token, now=clock()), batches=batches)


def _limits(file: Path, batches: int) -> Iterator[Part]:
    """What no check of that kind can do without, and by the shortest way there is: nothing is looked at."""
    token = b".".join(
        urlsafe_b64encode(part) for part in (b'{"alg":"HS256"}', b'{"sid":"%s"}' % (b"a" * 180), b"s" * 32)
    )
    key = new_secret().encode()

    def verify() -> None:
        signed, _, signature = token.rpartition(b".")
        hmac.compare_digest(hmac.digest(key, signed, "sha256"), urlsafe_b64decode(signature))
        header, _, claims = signed.partition(b".")
        json.loads(urlsafe_b64decode(header)), json.loads(urlsafe_b64decode(claims))

    yield Part("the least: HMAC-SHA-256 and two JSON objects", _time_calls(verify, batches=batches))
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        (session_id,) = connection.execute("SELECT id FROM sessions LIMIT 1").fetchone()
        query = "SELECT * FROM sessions WHERE id = ?"

        def select() -> None:
            connection.execute(query, (session_id,)).fetchone()

        yield Part("the least: a row of SQLite by its key", _time_calls(select, batches=batches))


async def _memory(url: str, file: Path, count: int) -> Memory:
    secret = new_secret()
    before = Auth(url, secret=secret)
    template = await sign_in(before, "ada")
    await before.close()
    named = _copy_sessions(file, template, count)
    tokens = _tokens(secret, before.settings.origin)
    auth = Auth(url, secret=secret)
    services, now = await auth.open(), auth.clock()
    await services.check.authenticate(template.token.encode(), now=now)  # whatever is made once is made before
    gc.collect()
    tracemalloc.start()
    try:
        for user_id, session_id in named:
            token = tokens.encode(_claims(user_id, session_id, template.session.created_at)).encode()
            await services.check.authenticate(token, now=now)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        await auth.close()
    return Memory(count, held / count)


def _copy_sessions(file: Path, template: Issued, count: int) -> list[tuple[str, str]]:
    """More rows like the first ones, each session with its own user, in one transaction: (user id, session id).

    Their user agents are 200 different ones, and no two addresses are equal.
    """
    now = template.session.created_at
    named = [(new_id(now), new_session_id()) for _ in range(count)]
    with sqlite3.connect(file) as connection:
        for table, changed in (("users", {"id": 0}), ("sessions", {"user_id": 0, "id": 1})):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            taken = ", ".join(f"?{changed[name] + 1}" if name in changed else f'"{name}"' for name in columns)
            key = template.session.user_id if table == "users" else template.session.id
            copy = f"INSERT INTO {table} SELECT {taken} FROM {table} WHERE id = ?3"  # noqa: S608  names of our own
            connection.executemany(copy, [(*pair, key) for pair in named])
        devices = [
            (f"{template.session.user_agent}.{number % _AGENTS:03}", f"203.0.{number >> 8 & 255}.{number & 255}", key)
            for number, (_, key) in enumerate(named)
        ]
        connection.executemany("UPDATE sessions SET user_agent = ?, address = ? WHERE id = ?", devices)
    connection.close()
    return named


def _tokens(secret: str, origin: str) -> SessionTokens:
    return SessionTokens(KeyRing.from_secrets((secret,), Purpose.SESSION), origin)


def _claims(user_id: str, session_id: str, now: float) -> SessionClaims:
    return SessionClaims(
        user_id=user_id, session_id=session_id, generation=1, issued_at=int(now), expires_at=int(now) + 86_400
    )


def _time_calls(call: Callable[[], Any], *, batches: int, size: int = 20_000) -> float:
    """CPU seconds per call: the median over the batches."""
    costs: list[float] = []
    for _ in range(batches):
        began = time.process_time()
        for _ in range(size):
            call()
        costs.append((time.process_time() - began) / size)
    return statistics.median(costs)


async def _time_awaits(call: Callable[[], Awaitable[None]], *, batches: int, size: int = 20_000) -> float:
    """The same for a coroutine function."""
    costs: list[float] = []
    for _ in range(batches):
        began = time.process_time()
        for _ in range(size):
            await call()
        costs.append((time.process_time() - began) / size)
    return statistics.median(costs)
