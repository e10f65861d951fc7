"""Putting handstamp into an application of Starlette's kind."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Scope

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


class _Ours(BaseRoute):
    """Says no to the application's own paths sooner than a regular expression does: every request asks it first."""

    path: str

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this route is meant. A path that does not contain ours does not begin with it either."""
        return super().matches(scope) if self.path in scope["path"] else (Match.NONE, {})


class _OurMount(_Ours, Mount):
    pass


class _OurRoute(_Ours, Route):
    pass


def install_into(app: Starlette, host: Installable) -> None:
    """Add the middleware, the routes and the answer to refusals; open and close with the application.

    Our routes come first, so that a catch-all route of the application does not swallow them.

    Raises:
        RuntimeError: The application has started already.
    """
    app.add_middleware(SessionMiddleware, host=host)
    app.add_exception_handler(GuardRefused, answer_refusal)  # type: ignore[arg-type]  # None for a denied handshake
    app.router.routes[:0] = [
        _OurMount(host.place.mount, app=host.application, name="handstamp"),
        _OurRoute(host.place.mount, _to_index(host.place)),
    ]
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


def _to_index(place: Place) -> Callable[[Request], Awaitable[Response]]:
    """The mount without its slash: a framework would redirect it to wherever Host says."""

    async def to_index(_: Request) -> Response:
        return see_other(SafeRedirect.to_path(place.path("/")))

    return to_index
