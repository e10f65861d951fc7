"""Putting handstamp into an application of Starlette's kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from handstamp.web.guards import GuardRefused, answer_refusal
from handstamp.web.host import Host, Services
from handstamp.web.middleware import SessionMiddleware


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


def install_into(app: Starlette, host: Installable) -> None:
    """Add the middleware, the routes and the answer to refusals; open and close with the application.

    Our routes come first, so that a catch-all route of the application does not swallow them.

    Raises:
        RuntimeError: The application has started already.
    """
    app.add_middleware(SessionMiddleware, host=host)
    app.add_exception_handler(GuardRefused, answer_refusal)  # type: ignore[arg-type]  # None for a denied handshake
    app.router.routes.insert(0, Mount(host.place.mount, app=host.application, name="handstamp"))
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[Any]:
        await host.open()
        try:
            async with inner(application) as state:
                yield state
        finally:
            await host.close()

    app.router.lifespan_context = lifespan
