"""An application over a real store that gets into trouble, and one visitor for each kind of request."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import StoreUnavailable
from handstamp.core.ids import new_secret
from handstamp.core.lease import LEASE, Lease
from handstamp.core.models import EndReason, Profile, User
from handstamp.core.policy import MINUTE
from handstamp.core.protocols import SessionBackend, Store
from handstamp.integrations.starlette import current_user, install
from handstamp.login.oauth.exchange import Exchange
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.method import OAuthMethod
from handstamp.login.oauth.provider import Begun
from handstamp.services.sessions import Issued
from outages import OPEN, OUTAGE, SERVED, TABLE, UNTOLD, State
from web_world import (
    DELETE_SESSION,
    NOW,
    ORIGIN,
    OWN,
    HandClock,
    cookie,
    sent_token,
    set_cookies,
    starlette_application,
)

T = TypeVar("T")

PATIENCE: Final = 15.0
SLACK: Final = 1.5
"""Seconds that a busy machine may add."""

SOON: Final = 0.95
"""Seconds within which it is told that no connection is free."""

_WHO: Final = ("warm", "cold", "strict", "optional", "shown", "leaver", "ender", "other", "due", "socket", "events")


class Believed(OAuthMethod):
    """A provider that signs in whoever comes back, and is asked nothing."""

    id = "believed"
    label = "Believed"
    issuer = "https://believed.example"

    def begin(self, *, callback_url: str, now: float, anew: bool = False) -> Exchange[Begun]:
        """Out to the provider."""
        yield from ()
        flow = Flow.start(provider=self.id, issuer=self.issuer, now=now, state=new_secret(), verifier=new_secret())
        return Begun(f"{self.issuer}/?{urlencode({'state': flow.state, 'to': callback_url})}", flow)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Who came back."""
        yield from ()
        assert flow.state == parameters["state"]
        assert callback_url.startswith(ORIGIN)
        return Profile(issuer=self.issuer, subject=f"{now}")


class Line:
    """The other end of something that stays open."""

    def __init__(self, app: Any, kind: str, path: str, issued: Issued) -> None:
        self.sent: list[Message] = []
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        headers = [(b"origin", ORIGIN.encode()), (b"cookie", cookie(issued)["cookie"].encode())]
        scope: Scope = {"type": kind, "path": path, "headers": headers, "query_string": b"", "root_path": ""}
        scope["method"] = "GET"
        self._queue.put_nowait({"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request"})
        self.task: asyncio.Task[None] = asyncio.ensure_future(app(scope, self._queue.get, self._send))

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._queue.put_nowait({"type": "http.disconnect"})

    @property
    def outcome(self) -> str:
        """Whether it is open, or how it ended."""
        last = self.sent[-1]
        if last["type"] == "websocket.close":
            return f"closed, {last['code']} `{last['reason']}`"
        if last["type"] == "http.response.body" and not last.get("more_body"):
            return "ended"
        return OPEN

    async def close(self) -> None:
        """Hang up."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class House:
    """One process, in which some are in memory and others are not, and somebody for each kind of request.

    Args:
        store: Of users, open.
        sessions: Of sessions, open; the same one, where there is no other.
        leases: The leases of the feeds that are in use.
    """

    def __init__(
        self, store: Store, sessions: SessionBackend, leases: Callable[[Auth], Sequence[Lease]] = lambda _: ()
    ) -> None:
        self.clock = HandClock()
        self.auth = Auth(
            store, sessions=sessions, methods=[Believed()], clock=self.clock, secret=SECRET, origin=ORIGIN
        )
        self.app = starlette_application()
        self.app.router.routes += [Route("/events", events), WebSocketRoute("/listen", listen)]
        install(self.app, self.auth)
        self.finished: list[str] = []
        self._leases = leases

    async def begin(self) -> None:
        """Sign everybody in, open what is to be open, and set out to sign in."""
        services = await self.auth.open()
        self.clock.now = NOW - 20 * MINUTE
        self.user: User = await patiently(
            lambda: services.accounts.sign_in(Profile(issuer="https://idp.example", subject="1"), now=NOW)
        )
        self.issued = {"due": await self._sign_in()}
        self.clock.now = NOW
        self.issued |= {name: await self._sign_in() for name in _WHO if name != "due"}
        self.http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=ORIGIN,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self.lines = {
            "an open WebSocket": Line(self.app, "websocket", "/listen", self.issued["socket"]),
            "an open event stream": Line(self.app, "http", "/events", self.issued["events"]),
        }
        await self.until(lambda: all(line.sent for line in self.lines.values()))
        out = await self.http.get("/auth/login/believed")
        state = parse_qs(urlsplit(out.headers["location"]).query)["state"][0]
        self._callback = f"/auth/callback/believed?{urlencode({'state': state})}"
        self._flow = {"cookie": set_cookies(out)[0].partition(";")[0]}
        await self.warmed()

    async def _sign_in(self) -> Issued:
        services = await self.auth.open()
        return await patiently(lambda: services.sessions.start(self.user, amr=("pwd",), now=self.clock()))

    async def close(self) -> None:
        """Let go of everything."""
        for line in self.lines.values():
            await line.close()
        await self.http.aclose()
        await self.auth.close()

    # waiting

    async def until(self, reached: Callable[[], bool], step: Callable[[], Awaitable[object]] | None = None) -> None:
        """Wait, taking a step each time."""
        async with asyncio.timeout(PATIENCE):
            while not reached():
                if step is not None:
                    await step()
                await asyncio.sleep(0.005)
                self.clock.now += 0.005  # some things are done again when time has passed

    def remembered(self) -> bool:
        """Whether memory answers."""
        services = self.auth.services
        assert services is not None
        return services.check.find(self.issued["warm"].token.encode(), self.clock()) is not None

    async def warmed(self) -> None:
        """Ask until memory answers."""
        await self.until(self.remembered, lambda: self.get("/me", "warm"))

    async def cannot_write(self) -> None:
        """Wait until the store of sessions takes nothing more."""
        refused = False

        async def try_it() -> None:
            nonlocal refused
            try:
                await self.auth.sessions.end("nobody", reason=EndReason.ADMIN, now=NOW)
            except StoreUnavailable:
                refused = True

        await self.until(lambda: refused, try_it)

    async def can_write(self) -> None:
        """Wait until it does again."""
        taken = False

        async def try_it() -> None:
            nonlocal taken
            with suppress(StoreUnavailable):
                await self.auth.sessions.end("nobody", reason=EndReason.ADMIN, now=NOW)
                taken = True

        await self.until(lambda: taken, try_it)

    # asking

    async def get(self, path: str, who: str) -> str:
        """A GET by somebody, and what came of it."""
        return told(await self.http.get(path, headers=cookie(self.issued[who])))

    async def outcomes(self, state: State, *, time_limit: float) -> dict[str, str]:
        """Ask everything, once the store is in that state, and see that each answer comes in time."""
        self.clock.now += 0.1  # more than the lag of SQLite's feed
        told_at_once = {}
        if state is State.GONE:
            await self.until(lambda: not self.remembered())
        told_at_once["protected, in memory, within the lease"] = await self.get("/me", "warm")
        await self._lease_over(state)
        began = time.monotonic()
        self.finished.clear()
        rows = {
            "protected, in memory, after the lease": self.get("/me", "warm"),
            "protected, not in memory": self.get("/me", "cold"),
            "`require(strict=True)`": self.get("/strict", "strict"),
            "optional, with a session": self._optional(cookie(self.issued["optional"])),
            "`GET /auth/session`": self._shown(),
            "coming back to sign in": self._come_back(),
            "`POST /auth/logout`": self._leave(),
            "ending another session": self._end_other(),
            "a token that is due to be replaced": self._due(),
            "`GET /auth/readyz`": self.get("/auth/readyz", "cold"),
            "optional, without a cookie": self._optional({}),
            "protected, without a cookie": self._refused({}),
            "protected, with a bad signature": self._refused(cookie(f"{self.issued['cold'].token[:-6]}AAAAAA")),
            "a route that asks nobody": self.get("/plain", "cold"),
            "setting out to sign in": self._set_out(),
            "`GET /auth/healthz`": self.get("/auth/healthz", "cold"),
        }
        outcomes = await asyncio.gather(*(self._noted(name, row) for name, row in rows.items()))
        assert time.monotonic() - began < time_limit + SLACK
        await self._lines_settled(state)
        lines = {name: line.outcome for name, line in self.lines.items()}
        return told_at_once | dict(zip(rows, outcomes, strict=True)) | lines

    def those_that_ask_nothing_came_first(self) -> bool:
        """Whether they were answered while the others waited, though they came last: the event loop was free."""
        indifferent = set(self.finished[:6])
        return indifferent == {name for name, cells in TABLE.items() if len(set(cells.values())) == 1}

    async def refused_at_once(self, store: Store) -> None:
        """A process that has not even been able to begin tells each of twenty so, without a queue."""
        fresh = Auth(store, secret=SECRET, origin=ORIGIN, clock=self.clock)
        app = starlette_application()
        install(app, fresh)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ORIGIN) as http:
            began = time.monotonic()
            responses = await asyncio.gather(
                *(http.get("/me", headers=cookie(self.issued["cold"])) for _ in range(20))
            )
            assert time.monotonic() - began < SOON
        assert {told(response) for response in responses} == {OUTAGE}
        await fresh.close()

    async def many(self) -> None:
        """Twenty that come at once: each is told soon that the store cannot be asked."""

        async def ask(who: str) -> tuple[str, float]:
            began = time.monotonic()
            return await self.get("/me", who), time.monotonic() - began

        outcomes = await asyncio.gather(*(ask(who) for who in ["cold", "strict", "shown", "other"] * 5))
        assert {outcome for outcome, _ in outcomes} == {OUTAGE}
        assert max(took for _, took in outcomes) < SOON

    async def _lease_over(self, state: State) -> None:
        if state is State.SILENT:
            began = time.monotonic()
            await self.until(lambda: not self.remembered())
            assert time.monotonic() - began < LEASE + SLACK
        elif state is not State.GONE:
            for lease in self._leases(self.auth):
                lease.drop()

    async def _lines_settled(self, state: State) -> None:
        """Until whatever is to be closed had its chance."""
        if state is State.EMPTY:
            await self.until(lambda: all(line.outcome != OPEN for line in self.lines.values()))
        elif state is State.BACK:
            await self.warmed_again()
            await asyncio.sleep(0.15)  # three looks of the one who closes

    async def warmed_again(self) -> None:
        """Ask until memory answers, whoever still may be in it."""
        await self.until(self.remembered, lambda: self.get("/me", "warm"))

    async def _noted(self, name: str, row: Awaitable[str]) -> str:
        outcome = await row
        self.finished.append(name)
        return outcome

    async def _optional(self, headers: dict[str, str]) -> str:
        response = await self.http.get("/feed", headers=headers)
        return "anonymous" if response.status_code == 200 and response.json()["id"] is None else told(response)

    async def _refused(self, headers: dict[str, str]) -> str:
        return told(await self.http.get("/me", headers=headers))

    async def _shown(self) -> str:
        response = await self.http.get("/auth/session", headers=cookie(self.issued["shown"]))
        if response.status_code == 200 and not response.json()["authenticated"]:
            return f"`{response.json()['reason']}`"
        return told(response)

    async def _set_out(self) -> str:
        return told(await self.http.get("/auth/login/believed"), status=302)

    async def _come_back(self) -> str:
        response = await self.http.get(self._callback, headers=self._flow)
        outcome = told(response, status=303)
        return "signed in" if outcome == SERVED and sent_token(response) else outcome

    async def _leave(self) -> str:
        response = await self.http.post("/auth/logout", headers=cookie(self.issued["leaver"]) | OWN)
        outcome = told(response, status=204)
        return "signed out" if outcome == SERVED and DELETE_SESSION in set_cookies(response) else outcome

    async def _end_other(self) -> str:
        path = f"/auth/sessions/{self.issued['other'].session.id}"
        outcome = told(await self.http.delete(path, headers=cookie(self.issued["ender"]) | OWN), status=204)
        return "ended" if outcome == SERVED else outcome

    async def _due(self) -> str:
        response = await self.http.get("/me", headers=cookie(self.issued["due"]))
        outcome = told(response)
        if outcome != SERVED:
            return outcome
        return "served, successor sent" if sent_token(response) else UNTOLD


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Set up, again where the machine was too busy for the store's short limit."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(StoreUnavailable):
                return await work()


def told(response: httpx2.Response, *, status: int = 200) -> str:
    """What came of a request. The form of each refusal is looked at on the way."""
    if response.status_code == status:
        return SERVED
    problem = response.json()
    deleted = DELETE_SESSION in set_cookies(response)
    if response.status_code == 503:
        assert problem["code"] == "store_unavailable"
        assert response.headers["retry-after"] == "1"
        assert set_cookies(response) == []
        return OUTAGE
    assert deleted == (problem["code"] in {"session_ended", "invalid_token"})
    return f"{response.status_code} `{problem.get('reason', problem['code'])}`"


@asynccontextmanager
async def house(*stores: Any, leases: Callable[[Auth], Sequence[Lease]] = lambda _: ()) -> AsyncGenerator[House]:
    """A house over one store, or one for users and one for sessions, until the block ends."""
    for store in stores:
        await store.migrate()
        await store.open()
    built = House(stores[0], stores[-1], leases)
    await built.begin()
    try:
        yield built
    finally:
        await built.close()


async def events(request: Request) -> Response:
    """An event, and then none for long."""
    await current_user(request)

    async def forever() -> AsyncGenerator[bytes]:
        yield b"data: tick\n\n"
        await asyncio.sleep(3600)

    return StreamingResponse(forever(), media_type="text/event-stream")


async def listen(websocket: WebSocket) -> None:
    """Listens for long."""
    await current_user(websocket)
    await websocket.accept()
    await websocket.receive_text()
