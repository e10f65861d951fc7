"""How the people of the load come in, and how one of them goes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Final, Literal
from urllib.parse import urlencode

from bench import micro
from bench.contending import Site
from bench.measure import HOST, CannotMeasure, Server

from handstamp import Auth

_ORIGIN: Final = "http://127.0.0.1:8000"
"""handstamp's own default. Tokens name it, so it stays the same for all processes, whatever their ports."""


class Visitor:
    """A browser, as far as a server can tell: it keeps cookies, and sends them with what a browser says of itself."""

    def __init__(self, server: Server, cookies: str = "", *, origin: str | None = None) -> None:
        self._origin = origin or f"http://{HOST}:{server.port}"
        self._cookies = dict(pair.split("=", 1) for pair in cookies.split("; ") if pair)
        self._connection = HTTPConnection(HOST, server.port, timeout=30)

    @property
    def cookies(self) -> str:
        """The header."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        return self._ask("GET", path, b"", {})

    def post(self, path: str, fields: Mapping[str, str], kind: Literal["json", "form"], csrf: str | None) -> int:
        """The status. ``csrf`` names the cookie whose value has to be repeated in a header."""
        body = json.dumps(fields) if kind == "json" else urlencode(fields)
        headers = {"Content-Type": "application/json" if kind == "json" else "application/x-www-form-urlencoded"}
        if csrf is not None and csrf in self._cookies:
            headers["X-CSRF-Token"] = self._cookies[csrf]
        return self._ask("POST", path, body.encode(), headers)[0]

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        told = {"Origin": self._origin, "Sec-Fetch-Site": "same-origin", **headers}
        if self._cookies:
            told["Cookie"] = self.cookies
        if method == "GET":
            del told["Origin"]
        self._connection.request(method, path, body or None, told)
        answer = self._connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            if value.strip('"'):
                self._cookies[name] = value
        return answer.status, content


@dataclass(frozen=True, slots=True)
class Post:
    """A form that is sent. In its values ``{number}`` is the number of the person."""

    path: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    kind: Literal["json", "form"] = "json"


@dataclass(frozen=True, slots=True)
class OverHttp:
    """As a browser does it."""

    sign_out_by: Post
    sign_up_by: Post | None = None
    """Refused without harm where somebody is known. None: who is new is signed up by signing in."""
    sign_in_by: Post | None = None
    """None: signing up signs in, too."""
    first: str | None = None
    """What is fetched before anything is sent."""
    csrf: str | None = None
    """The cookie that is repeated in the header ``X-CSRF-Token``."""

    def sign_in(self, site: Site, server: Server, numbers: Sequence[int]) -> list[str]:
        """See ``Entrance``."""
        del site
        return [self._sign_in(server, number) for number in numbers]

    def sign_out(self, server: Server, cookies: str) -> int:
        """See ``Entrance``."""
        visitor = Visitor(server, cookies)
        try:
            return self._send(visitor, self.sign_out_by, 0)
        finally:
            visitor.close()

    def _sign_in(self, server: Server, number: int) -> str:
        visitor = Visitor(server)
        try:
            if self.first is not None:
                visitor.get(self.first)
            statuses = [self._send(visitor, post, number) for post in (self.sign_up_by, self.sign_in_by) if post]
        finally:
            visitor.close()
        if not 200 <= statuses[-1] < 300:
            raise CannotMeasure(f"somebody was not let in: {statuses}")
        return visitor.cookies

    def _send(self, visitor: Visitor, post: Post, number: int) -> int:
        fields = {name: value.format(number=number) for name, value in post.fields.items()}
        return visitor.post(post.path, fields, post.kind, self.csrf)


@dataclass(frozen=True, slots=True)
class ByStore:
    """Into handstamp's store: its way in over HTTP is a provider's, which is not measured here. Out over HTTP."""

    def sign_in(self, site: Site, server: Server, numbers: Sequence[int]) -> list[str]:
        """See ``Entrance``."""
        del server

        async def sign_in_all() -> list[str]:
            auth = Auth(site.database, sessions=site.sessions, secret=site.secret)
            try:
                issued = [await micro.sign_in(auth, f"user-{number}") for number in numbers]
            finally:
                await auth.close()
            return [f"{auth.place.cookies.session}={one.token}" for one in issued]

        return asyncio.run(sign_in_all())

    def sign_out(self, server: Server, cookies: str) -> int:
        """See ``Entrance``."""
        visitor = Visitor(server, cookies, origin=_ORIGIN)
        try:
            return visitor.post("/auth/logout", {}, "form", None)
        finally:
            visitor.close()
