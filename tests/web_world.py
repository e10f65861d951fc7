"""An application with handstamp in it, and a visitor who sends whatever bytes a test wants."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from typing import Any, Final

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message
from starlette.websockets import WebSocket

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import EndReason, Profile, Session, User
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.integrations.starlette import current_user, install, loaded_user, optional_user, require
from handstamp.services.sessions import Issued
from handstamp.web.host import Services
from world import AdverseStore

ORIGIN: Final = "https://app.example.com"
NOW: Final = 1_800_000_000.0
SESSION: Final = "__Host-Http-session"
ADDRESS: Final = "203.0.113.7"
PAGE: Final = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OWN: Final = {"origin": ORIGIN}
FOREIGN: Final = {"origin": "https://evil.example"}
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}
TOKENS: Final = SessionTokens(KeyRing.from_secrets([SECRET], Purpose.SESSION), ORIGIN)

DELETE_SESSION: Final = (
    f"{SESSION}=; Path=/; SameSite=Lax; Secure; HttpOnly; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
)
DELETE_FLAG: Final = "signed_in=; Path=/; SameSite=Lax; Secure; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


class World:
    """One application, its store and its clock.

    Args:
        build: Gives the application, not yet installed into.
        put_in: The integration's ``install``.
        settings: Of ``Auth``.
    """

    def __init__(
        self,
        build: "Callable[[], Starlette] | None" = None,
        put_in: Callable[[Any, Auth], None] = install,
        **settings: Any,
    ) -> None:
        self.clock = HandClock()
        self.store = AdverseStore()
        given: dict[str, Any] = {"secret": SECRET, "origin": ORIGIN, **settings}
        self.auth = Auth(self.store, clock=self.clock, **given)
        self.app = (build or starlette_application)()
        put_in(self.app, self.auth)
        self._numbers = count(1)

    async def services(self) -> Services:
        """The use cases, opened."""
        return await self.auth.open()

    async def user(self, *roles: str) -> User:
        """Somebody new."""
        accounts = (await self.services()).accounts
        number = next(self._numbers)
        profile = Profile(issuer="https://idp.example", subject=str(number), name=f"Person {number}")
        user = await accounts.sign_in(profile, now=self.clock())
        return await accounts.change_roles(user.id, add=frozenset(roles), now=self.clock()) if roles else user

    async def sign_in(self, user: User | None = None, **how: Any) -> Issued:
        """A new session, as a sign-in starts it, without a provider."""
        sessions = (await self.services()).sessions
        return await sessions.start(user or await self.user(), amr=("pwd",), now=self.clock(), **how)

    async def end(self, issued: Issued, reason: EndReason = EndReason.ADMIN) -> None:
        """End a session, as another request would."""
        assert await (await self.services()).sessions.end(issued.session.id, reason=reason, now=self.clock())

    async def row(self, issued: Issued) -> Session:
        """The session as the store has it."""
        session = await self.store.load_session(issued.session.id)
        assert session is not None
        return session

    async def events(self) -> list[str]:
        """The names of all audit events, oldest first."""
        return [event.event for event in reversed(await self.store.list_events(limit=1000))]

    @property
    def loads(self) -> int:
        """How often the store was asked for a session."""
        return self.store.asked["load_session"]

    def down(self, *, but: Sequence[str] = ()) -> None:
        """From now on the store cannot be asked; its feed goes on telling that nothing changed."""
        verbs = {name for name in dir(AdverseStore) if not name.startswith("_")}
        self.store.down = verbs - {"feed", "open", "migrate", "close", *but}

    def visitor(self, *, app: ASGIApp | None = None, base_url: str = ORIGIN) -> httpx2.AsyncClient:
        """A client that keeps no cookies and follows nothing; an error in the application is a 500 to it."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app or self.app, raise_app_exceptions=False, client=(ADDRESS, 50_000)),
            base_url=base_url,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
        )

    def handshaker(self) -> TestClient:
        """A client that knows WebSockets and runs each request on an event loop of its own."""
        return TestClient(self.app, base_url=ORIGIN, raise_server_exceptions=False)


def cookie(value: "Issued | str | bytes", name: str = SESSION) -> dict[str, str]:
    """A request's Cookie header."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return {"cookie": f"{name}={value.token if isinstance(value, Issued) else value}"}


def token_of(issued: Issued, **changes: Any) -> str:
    """A token that is signed as ours are and says something else."""
    session = issued.session
    claims = SessionClaims(
        user_id=session.user_id,
        session_id=session.id,
        generation=session.generations.issued,
        issued_at=int(session.generations.issued_at),
        expires_at=int(session.expires_at),
    )
    return TOKENS.encode(replace(claims, **changes))


def set_cookies(response: httpx2.Response) -> list[str]:
    """The Set-Cookie headers of a response, in order."""
    return response.headers.get_list("set-cookie")


def sent_token(response: httpx2.Response) -> str | None:
    """The session token that a response carries, if any."""
    values = [line.partition(";")[0].partition("=")[2] for line in set_cookies(response) if line.startswith(SESSION)]
    assert len(values) <= 1
    return values[0] if values and values[0] else None


async def status_of(app: ASGIApp, path: str, query: bytes) -> int:
    """The status of a GET with a query that no client would send."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": [], "root_path": ""}
    await app(scope, receive, send)
    return statuses[0]


@asynccontextmanager
async def visiting(world: World, **options: Any) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """A visitor for the length of a block; the application is closed after it."""
    async with world.visitor(**options) as client:
        yield client
    await world.auth.close()


def starlette_application() -> Starlette:
    """Routes that ask each thing that a route can ask."""
    return Starlette(
        routes=[
            Route("/me", me, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
            Route("/feed", feed, methods=["GET", "POST"]),
            Route("/plain", plain, methods=["GET", "POST"]),
            Route("/loaded", loaded),
            Route("/public", public),
            Route("/twice", twice),
            Route("/strict", strict),
            Route("/analyst", analyst),
            Route("/fresh", fresh),
            Route("/sync", sync),
            Route("/broken", broken),
            WebSocketRoute("/ws", ws),
        ]
    )


async def me(request: Request) -> Response:
    """Needs somebody."""
    return JSONResponse({"id": (await current_user(request)).id})


async def feed(request: Request) -> Response:
    """Shows anonymous callers a part."""
    user = await optional_user(request)
    return JSONResponse({"id": user.id if user else None})


async def plain(_: Request) -> Response:
    """Asks nothing."""
    return PlainTextResponse("plain")


async def loaded(request: Request) -> Response:
    """Asks for the application's own object, twice."""
    first, second = await loaded_user(request), await loaded_user(request)
    return JSONResponse({"loaded": first, "same": first is second})


async def public(request: Request) -> Response:
    """Asks, and believes that everybody may keep the answer."""
    await current_user(request)
    return PlainTextResponse("public", headers={"Cache-Control": "public, max-age=600"})


@require()
async def twice(request: Request) -> Response:
    """Asks three times."""
    await optional_user(request)
    return await me(request)


@require(strict=True)
async def strict(request: Request) -> Response:
    """Wants the store asked."""
    return await me(request)


@require(role="analyst")
async def analyst(_: Request) -> Response:
    """Needs a role."""
    return PlainTextResponse("figures")


@require(fresh="15m")
async def fresh(_: Request) -> Response:
    """Needs a sign-in less than fifteen minutes ago."""
    return PlainTextResponse("fresh")


@require()
def sync(_: Request) -> Response:
    """A plain function."""
    return PlainTextResponse("sync")


async def broken(request: Request) -> Response:
    """Has a fault of its own."""
    await current_user(request)
    raise RuntimeError("a fault of the application")


async def ws(websocket: WebSocket) -> None:
    """Says who is there."""
    user = await current_user(websocket)
    await websocket.accept()
    await websocket.send_text(user.id)
    await websocket.close()
