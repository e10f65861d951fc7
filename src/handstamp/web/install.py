"""Putting handstamp into an application of Starlette's kind."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from handstamp.core.redirects import SafeRedirect
from handstamp.web.guards import GuardRefused, answer_refusal
from handstamp.web.host import Host, Place, Services
from handstamp.web.middleware import SessionMiddleware
from handstamp.web.respond import see_other


class Installable(Host, Protocol):
    """A host with routes of its own and an end."""

    @property
    def application(self) -> ASGIApp:
        """The routes."""
        ...

    async def open(self) -> Services:
        """Open the store."""
        ...

    async def close(self) -> None:
        """Let go of the store."""
        ...


class _Ours(Mount):
    """Our routes, and the mount without its slash: a framework would redirect that to wherever Host says.

    One object for both, which says no to the application's own paths sooner than a regular expression does: every
    request asks it first.
    """

    def __init__(self, place: Place, app: ASGIApp) -> None:
        super().__init__(place.mount, app=app, name="handstamp")

        async def to_index(_: Request) -> Response:
            return see_other(SafeRedirect.to_path(place.path("/")))

        self._index = Route(place.mount, to_index)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of them is meant. A path that does not contain ours does not begin with it either."""
        if self.path not in scope["path"]:
            return Match.NONE, {}
        match, child_scope = super().matches(scope)
        return self._index.matches(scope) if match is Match.NONE else (match, child_scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the one that was meant."""
        if scope["endpoint"] is self._index.endpoint:
            await self._index.handle(scope, receive, send)
        else:
            await super().handle(scope, receive, send)


class _ChangePassword(Route):
    """``/.well-known/change-password``: where password managers send people (W3C, a well-known URL for that)."""

    def __init__(self, place: Place, target: str) -> None:
        async def to_page(_: Request) -> Response:
            response = see_other(SafeRedirect.to_path(place.path(target)))
            response.status_code = 302  # as the specification's example has it; 303 means the same for a GET
            return response

        super().__init__("/.well-known/change-password", to_page)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is meant; every request that is not for us asks."""
        return super().matches(scope) if scope["path"].endswith(self.path) else (Match.NONE, {})


def install_into(app: Starlette, host: Installable) -> None:
    """Add the middleware, the routes and the answer to refusals; open and close with the application.

    Our routes come first, so that a catch-all route of the application does not swallow them.

    Raises:
        RuntimeError: The application has started already.
    """
    app.add_middleware(SessionMiddleware, host=host)
    app.add_exception_handler(GuardRefused, answer_refusal)  # type: ignore[arg-type]  # None for a denied handshake
    app.router.routes.insert(0, _Ours(host.place, host.application))
    changes = next((way.changes_password for way in host.methods if way.changes_password is not None), None)
    if changes is not None:
        app.router.routes.insert(1, _ChangePassword(host.place, changes))
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: Any) -> AsyncGenerator[Any, None]:
        await host.open()
        try:
            async with inner(application) as state:
                yield state
        finally:
            await host.close()

    app.router.lifespan_context = lifespan
