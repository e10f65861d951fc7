"""The process of ``make soak``: an application with handstamp in it, its visitors, and what it keeps."""

import gc
import os
import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Scope

from handstamp import Auth
from handstamp.core.ids import new_secret, new_session_id
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import Generations, Profile, Session, User
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.integrations.starlette import current_user, install
from handstamp.services.sharing import MAX_KNOWN
from handstamp.services.upkeep import Upkeep
from handstamp.stores.sql.rows import session_values
from handstamp.web.host import Services

ORIGIN: Final = "https://app.example.com"
_DAY: Final = 86_400.0
_LIMIT: Final = 3 * 3_600.0
_BEGINNING: Final = 1_800_000_000.0
_USERS: Final = 500
_FEW: Final = 10
"""Of each batch: sessions that are started, rotated and ended by themselves, and strangers of each kind."""
_MAY_STAY: Final = {"changes remembered": 10_000, "values shared": 4 * MAX_KNOWN}
"""What is bounded, and does not go with the sessions."""


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = _BEGINNING

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds."""

    sessions: int
    """That came so far."""
    rows: int
    """Sessions in the store."""
    resident: int
    """Bytes."""
    objects: int
    """That the garbage collector knows."""
    kept: dict[str, int]
    """By the name of a structure of bounded size, how much is in it."""


class Process:
    """One process. Make it with ``begin``."""

    def __init__(self, auth: Auth, services: Services, clock: Clock, file: Path, secret: str) -> None:
        self._auth = auth
        self._services = services
        self._clock = clock
        self._app = Starlette(routes=[Route("/", _who)])
        install(self._app, auth)
        self._tokens = SessionTokens(KeyRing.from_secrets((secret,), Purpose.SESSION), ORIGIN)
        self._rows = sqlite3.connect(file, isolation_level=None)
        self._rows.execute("PRAGMA synchronous=OFF")
        self._users: list[User] = []
        self._to_rotate: list[str] = []
        """Tokens of the batch before."""
        self._number = 0
        self.asked: dict[int, int] = {}
        """Requests by the status of their answer."""

    @classmethod
    async def begin(cls, folder: Path, *, most: int) -> "Process":
        """Make the database and its users, in an empty folder. ``most`` entries may be in the cache."""
        clock, secret, file = Clock(), new_secret(), folder / "soak.db"
        auth = Auth(
            f"sqlite:///{file}",
            secret=secret,
            origin=ORIGIN,
            clock=clock,
            absolute_timeout=_LIMIT,
            idle_timeout=_LIMIT,
            rotate_after=60,
            grace=30,
        )
        await auth.store.migrate()
        process = cls(auth, await auth.open(), clock, file, secret)
        auth._cache._max_entries = most  # noqa: SLF001  there is no setting for it
        for number in range(_USERS):
            profile = Profile(issuer="https://provider.example", subject=str(number), name=f"Person {number}")
            process._users.append(await process._services.accounts.sign_in(profile, now=clock()))
        return process

    async def batch(self, count: int) -> None:
        """So many sessions come, each is used twice, and what else happens in a while happens."""
        sessions = self._services.sessions
        self._clock.now += count * _DAY / 1_000_000
        for token in self._to_rotate:  # the answer carries the successor, which is used, and so confirmed
            for successor in await self._ask(token):
                await self._ask(successor)
        started = [
            await sessions.start(self._users[number], amr=("pwd",), now=self._clock(), user_agent=_agent(number))
            for number in range(2 * _FEW)
        ]
        rotated, ended = [one.token for one in started[:_FEW]], [one.token for one in started[_FEW:]]
        for token in (*rotated, *ended, *self._come(count - len(started))):
            await self._ask(token)
            await self._ask(token)
        await self._strangers(ended[0])
        for token in ended:
            await self._ask(token, "POST", "/auth/logout")
            await self._ask(token)
        self._to_rotate = rotated

    async def sweep(self) -> None:
        """Remove what has expired, as a process does each hour; write down when sessions were used."""
        await self._sweeper.sweep()
        await self._auth._touches.flush()  # noqa: SLF001  it is written a second later otherwise

    def sample(self, sessions: int) -> Sample:
        """What the process holds now, when so many sessions have come."""
        gc.collect()
        (rows,) = self._rows.execute("SELECT count(*) FROM sessions").fetchone()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return Sample(sessions, rows, pages * os.sysconf("SC_PAGE_SIZE"), len(gc.get_objects()), self.kept())

    def kept(self) -> dict[str, int]:
        """How much is in each structure of bounded size."""
        cache = self._auth._cache  # noqa: SLF001  what is measured is inside
        return {
            "entries": len(cache),
            "sessions indexed": len(cache._tokens_of_session),  # noqa: SLF001  as above
            "users indexed": len(cache._tokens_of_user),  # noqa: SLF001  as above
            "changes remembered": len(cache._touched),  # noqa: SLF001  as above
            "values shared": len(self._services.check._sharing),  # noqa: SLF001  as above
            "uses noted": len(self._auth._touches._noted),  # noqa: SLF001  as above
            "connections": len(self._services.live),
        }

    async def end(self) -> dict[str, int]:
        """Let every session go; what is kept then and should not be, or is over its bound."""
        self._clock.now += 2 * _LIMIT
        await self.sweep()
        self._auth._cache.mark(self._clock())  # noqa: SLF001  the next request would ask the feed
        kept = self.kept()
        (kept["rows"],) = self._rows.execute("SELECT count(*) FROM sessions").fetchone()
        self._rows.close()
        await self._auth.close()
        return {name: size for name, size in kept.items() if size > _MAY_STAY.get(name, 0)}

    @cached_property
    def _sweeper(self) -> Upkeep:
        return Upkeep(self._auth.store, self._clock)

    def _come(self, count: int) -> list[str]:
        """Rows of new sessions, in one transaction, and their tokens."""
        now, rows, tokens = self._clock(), list[dict[str, Any]](), list[str]()
        for _ in range(count):
            self._number += 1
            session = Session(
                id=new_session_id(),
                user_id=self._users[self._number % _USERS].id,
                created_at=now,
                expires_at=float(int(now + _LIMIT)),
                last_used_at=now,
                idle_timeout=_LIMIT,
                generations=Generations(issued_at=now, confirmed_at=now),
                amr=("pwd",),
                authenticated_at=now,
                user_agent=_agent(self._number),
                address=f"10.{self._number >> 16 & 255}.{self._number >> 8 & 255}.{self._number & 255}",
            )
            rows.append(session_values(session))
            tokens.append(self._token(session.user_id, session.id))
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        self._rows.execute("BEGIN IMMEDIATE")
        self._rows.executemany(f"INSERT INTO sessions ({names}) VALUES ({values})", rows)  # noqa: S608  our own names
        self._rows.execute("COMMIT")
        return tokens

    def _token(self, user_id: str, session_id: str) -> str:
        now = self._clock()
        claims = SessionClaims(
            user_id=user_id, session_id=session_id, generation=1, issued_at=int(now), expires_at=int(now + _LIMIT)
        )
        return self._tokens.encode(claims)

    async def _strangers(self, token: str) -> None:
        """Bad signatures, sessions that never were, no cookie, and what is no token."""
        for _ in range(_FEW):
            await self._ask(token[:-4] + "AAAA")
            await self._ask(self._token(self._users[0].id, new_session_id()))
            await self._ask(None)
            await self._ask(new_secret())

    async def _ask(self, token: str | None, method: str = "GET", path: str = "/") -> list[str]:
        """One request; the tokens that the answer carries."""
        headers = [(b"host", b"app.example.com"), (b"origin", ORIGIN.encode())]
        if token is not None:
            headers.append((b"cookie", f"{self._auth.place.cookies.session}={token}".encode()))
        scope: Scope = {"type": "http", "method": method, "path": path, "headers": headers}
        scope.update(query_string=b"", root_path="", client=("203.0.113.7", 50_000), scheme="https")
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        status = sent[0]["status"]
        self.asked[status] = self.asked.get(status, 0) + 1
        ours = f"{self._auth.place.cookies.session}=".encode()
        carried = (value for name, value in sent[0]["headers"] if name == b"set-cookie" and value.startswith(ours))
        tokens = (value[len(ours) :].partition(b";")[0].decode() for value in carried)
        return [one for one in tokens if one]


def _agent(number: int) -> str:
    """One of 200."""
    return f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{number % 200}.0.0.0"


async def _who(request: Request) -> Response:
    return PlainTextResponse((await current_user(request)).id)
