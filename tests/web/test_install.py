"""Putting handstamp into an application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from handstamp.core.errors import ConfigurationError
from handstamp.web.install import install_into
from web_world import ORIGIN, World, cookie, starlette_application


async def everything(request: Request) -> Response:
    """A catch-all route."""
    return PlainTextResponse(f"the application's {request.url.path}")


def build_with_catch_all() -> Starlette:
    """What single-page applications do."""
    return Starlette(routes=[Route("/{path:path}", everything)])


@pytest.mark.parametrize("path", ["/auth", "/auth/", "/auth/session", "/auth/login", "/auth/no-such-thing"])
def test_a_catch_all_route_does_not_swallow_ours(path: str) -> None:
    """They come first, whenever they were put in."""
    with World(build_with_catch_all).handshaker() as client:
        assert "the application's" not in client.get(path, follow_redirects=False).text
        assert client.get("/authors").text == "the application's /authors"


def test_another_mount_moves_everything() -> None:
    """Routes, redirects and links."""
    with World(mount="/sign/in").handshaker() as client:
        response = client.get("/sign/in/account", headers={"accept": "text/html"}, follow_redirects=False)
        assert response.headers["location"] == "/sign/in/login?return_to=%2Fsign%2Fin%2Faccount"
        assert 'href="/sign/in/handstamp.css"' in client.get("/sign/in/login").text
        assert client.get("/auth/session").status_code == 404


def test_the_store_opens_and_closes_with_the_application() -> None:
    """Around the application's own lifespan, so that it may use the store."""
    events: list[str] = []
    world = World()

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncGenerator[dict[str, str], None]:
        events.append(f"open: {world.auth.services is not None}")
        yield {"own": "state"}
        events.append(f"still open: {world.auth.services is not None}")

    app = Starlette(lifespan=lifespan, routes=[Route("/state", lambda request: PlainTextResponse(request.state.own))])
    install_into(app, world.auth)
    with TestClient(app, base_url=ORIGIN) as client:
        assert client.get("/state").text == "state"
    assert events == ["open: True", "still open: True"]
    assert world.auth.services is None
    assert world.store.asked["close"] == 1


def test_the_store_is_closed_when_the_application_fails_to_stop() -> None:
    """Its fault stays its own."""
    world = World()

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncGenerator[None, None]:
        yield
        raise RuntimeError("the application's own fault")

    app = Starlette(lifespan=lifespan)
    install_into(app, world.auth)
    with pytest.raises(RuntimeError, match="own fault"), TestClient(app):
        pass
    assert world.auth.services is None


def test_a_store_that_is_not_fit_stops_the_start() -> None:
    """With the message that says what to do."""
    world = World()

    async def unfit() -> None:
        raise ConfigurationError("run `handstamp migrate`")

    world.auth.store.open = unfit  # type: ignore[method-assign]  # a store that is not fit
    with pytest.raises(ConfigurationError, match="handstamp migrate"), TestClient(world.app):
        pass


def test_an_application_that_has_started_refuses() -> None:
    """A guard that is put in too late would guard nothing. Nothing is half put in."""
    app = starlette_application()
    with TestClient(app, base_url=ORIGIN) as client:
        before = len(app.router.routes)
        with pytest.raises(RuntimeError, match="after an application has started"):
            install_into(app, World().auth)
        assert len(app.router.routes) == before
        assert client.get("/auth/session").status_code == 404


def test_a_client_without_lifespan_works() -> None:
    """Each request on an event loop of its own, the store opened by the first (the usual test client)."""
    world = World()
    client = TestClient(world.app, base_url=ORIGIN)
    assert client.get("/auth/session").json() == {"authenticated": False, "reason": None}
    assert world.store.asked["open"] == 0  # nobody had to be asked yet
    assert client.get("/auth/readyz").status_code == 200
    assert world.store.asked["open"] == 1
    assert client.get("/me", headers=cookie("garbage")).status_code == 401


def test_two_applications_have_two_stores() -> None:
    """Nothing is kept beside the application that it was put into."""
    one, other = World(), World()
    with one.handshaker() as client, other.handshaker() as elsewhere:
        assert client.portal is not None
        issued = client.portal.call(one.sign_in)
        assert client.get("/me", headers=cookie(issued)).status_code == 200
        assert elsewhere.get("/me", headers=cookie(issued)).json()["reason"] == "unknown"
