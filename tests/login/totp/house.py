"""An application with one-time codes, and a way in of the tests' own: whoever names a user is let in as that one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handstamp.core.errors import InvalidInput, RateLimited
from handstamp.core.faults import Fault
from handstamp.core.models import Principal, Proof, User
from handstamp.integrations.starlette import require
from handstamp.login.totp import Totp
from handstamp.web.entering import enter
from handstamp.web.host import Host
from handstamp.web.intake import read_fields
from handstamp.web.methods import Asked, Holdings, Way
from handstamp.web.pages.contexts import Part
from login.totp.app import App
from web_world import OWN, SESSION, HandClock, World, me

SESAME = "open sesame"
STEP = "__Host-Http-flow-step-second-factor"
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPart(Part):
    """The field for the word."""

    template = "login.totp:word.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnockPart(Part):
    """The field for a user."""

    template = "login.totp:knock.html"
    return_to: str | None


class Knock(Way):
    """Names a user, or says the word."""

    id = "knock"
    label = "Knock"
    confirms = "word"

    def routes(self, host: Host) -> Sequence[Route]:
        """Let whoever is named come in."""

        async def knock(request: Request) -> Response:
            fields = await read_fields(request)
            services = host.services or await host.open()
            user = await services.accounts.get(fields.text("user"))
            remember, return_to = fields.flag("remember"), fields.return_to(host.place.origins)
            return await enter(
                request, host, user, Proof(amr=("pwd",)), method=self.id, remember=remember, return_to=return_to
            )

        return [Route("/knock", knock, methods=["POST"])]

    def login_part(self, asked: Asked) -> Part:
        """A form."""
        return KnockPart(return_to=asked.return_to.location if asked.return_to else None)

    def second_factor_part(self, factors: Sequence[str]) -> Part | None:
        """Nobody has it."""
        return KnockPart(return_to=None) if "passkey" in factors else None

    def confirmation_part(self, holdings: Holdings) -> Part:
        """Everybody knows the word."""
        return WordPart()

    async def confirm(self, request: Request, host: Host, principal: Principal, value: str) -> Proof:
        """It is the word, or not."""
        if value == "again and again":
            raise RateLimited(60)
        if value != SESAME:
            raise InvalidInput([Fault("word_wrong", "This is not the word.", "/word")])
        return Proof(amr=("pwd",))


@require(aal=2)
async def vault(_: Request) -> Response:
    """Needs two factors."""
    return PlainTextResponse("gold")


@require(fresh="15m")
async def fresh(_: Request) -> Response:
    """Needs a recent sign-in."""
    return PlainTextResponse("fresh")


@require(aal=2)
async def safe(websocket: WebSocket) -> None:
    """Needs two factors."""
    await websocket.accept()
    await websocket.close()


def application() -> Starlette:
    """Routes that ask for more than a session."""
    every = ["GET", "POST", "HEAD"]
    return Starlette(
        routes=[
            Route("/me", me, methods=every),
            Route("/vault", vault, methods=every),
            Route("/fresh", fresh, methods=every),
            WebSocketRoute("/safe", safe),
        ]
    )


class House(World):
    """The application."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(application, methods=[Knock(), Totp()], **settings)


class Browser:
    """A browser of one person: keeps cookies as browsers do, and posts forms or JSON from our own pages."""

    def __init__(self, house: House) -> None:
        self.clock: HandClock = house.clock
        self.cookies: dict[str, str] = {}
        self._http = house.visitor()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, **how: Any) -> httpx2.Response:
        """One request, with its cookies, which the answer may change."""
        headers = OWN | how.pop("headers", {})
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await self._http.request(method, path, headers=headers, **how)
        for line in response.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return response

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """As a program asks."""
        return await self.ask("GET", path, headers=headers)

    async def visit(self, path: str) -> httpx2.Response:
        """As a person goes to a page."""
        return await self.ask("GET", path, headers={"accept": "text/html", "sec-fetch-mode": "navigate"})

    async def send(self, path: str, **fields: object) -> httpx2.Response:
        """As a program sends."""
        return await self.ask("POST", path, json=fields)

    async def submit(self, path: str, **fields: str) -> httpx2.Response:
        """As a person sends a form."""
        return await self.ask("POST", path, content=urlencode(fields), headers=FORM)

    async def knock(self, user: User, **more: object) -> httpx2.Response:
        """The first factor."""
        return await self.send("/auth/knock", user=user.id, **more)

    async def enrol(self) -> tuple[App, tuple[str, ...]]:
        """Set up an app, and be signed in with two factors; the app and the recovery codes."""
        begun = (await self.send("/auth/totp/enroll")).json()
        app = App.scanned(begun["otpauth_uri"])
        confirmed = await self.send("/auth/totp/confirm", enrolment=begun["enrolment"], code=app.code(self.clock()))
        assert confirmed.status_code == 200, confirmed.text
        self.clock.now += 30
        return app, tuple(confirmed.json().get("recovery_codes", ()))

    @property
    def session(self) -> str | None:
        """The session token."""
        return self.cookies.get(SESSION)
