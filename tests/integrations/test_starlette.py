"""Starlette."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocket

from handstamp.integrations import starlette
from handstamp.integrations.starlette import current_user, install, loaded_user, optional_user, require
from integration_suite import IntegrationSuite, Teapot
from web_world import OWN, World, cookie


async def me(request: Request) -> Response:
    """Needs somebody."""
    user = await current_user(request)
    return JSONResponse({"id": user.id, "roles": sorted(user.roles)})


async def feed(request: Request) -> Response:
    """Shows anonymous callers a part."""
    return JSONResponse({"anonymous": await optional_user(request) is None})


@require(role="analyst")
async def analyst(_: Request) -> Response:
    """Needs a role."""
    return PlainTextResponse("figures")


@require(aal=2)
async def vault(_: Request) -> Response:
    """Needs two factors."""
    return PlainTextResponse("gold")


@require(fresh="15m")
async def fresh(_: Request) -> Response:
    """Needs a recent sign-in."""
    return PlainTextResponse("fresh")


@require(strict=True)
async def strict(_: Request) -> Response:
    """Wants the store asked."""
    return PlainTextResponse("strict")


async def loaded(request: Request) -> Response:
    """Asks for the application's own object, twice."""
    return JSONResponse([await loaded_user(request), await loaded_user(request)])


@require()
def sync(_: Request) -> Response:
    """A plain function."""
    return PlainTextResponse("sync")


class Method(HTTPEndpoint):
    """An endpoint that is a class."""

    @require()
    async def get(self, request: Request) -> Response:
        """Needs somebody."""
        return await me(request)

    @require()
    def delete(self, _: Request) -> Response:
        """The same for a plain method."""
        return PlainTextResponse("deleted")


async def teapot(_: Request) -> Response:
    """Has a fault with a handler."""
    raise Teapot


async def short_and_stout(_: Request, __: Exception) -> Response:
    """The handler."""
    return PlainTextResponse("short and stout", 418)


async def catch_all(request: Request) -> Response:
    """Whatever is left."""
    return JSONResponse({"caught": request.path_params["path"]})


async def ws(websocket: WebSocket) -> None:
    """Says who is there."""
    user = await current_user(websocket)
    await websocket.accept()
    await websocket.send_text(user.id)


@require(role="analyst")
async def guarded_ws(websocket: WebSocket) -> None:
    """Needs a role."""
    await ws(websocket)


class Channel(WebSocketEndpoint):
    """A WebSocket endpoint that is a class."""

    @require()
    async def on_connect(  # pyright: ignore[reportIncompatibleMethodOverride]  # a coroutine of no named class
        self, websocket: WebSocket
    ) -> None:
        """Needs somebody."""
        await websocket.accept()
        await websocket.send_text("connected")


def build() -> Starlette:
    """An application."""
    return Starlette(
        routes=[
            Route("/me", me, methods=["GET", "POST"]),
            Route("/feed", feed),
            Route("/analyst", analyst),
            Route("/fresh", fresh),
            Route("/vault", vault),
            Route("/strict", strict),
            Route("/loaded", loaded),
            Route("/sync", sync),
            Route("/class", Method),
            Mount("/sub", app=Starlette(routes=[Route("/me", me)])),
            Route("/teapot", teapot),
            WebSocketRoute("/ws", ws),
            WebSocketRoute("/guarded-ws", guarded_ws),
            WebSocketRoute("/channel", Channel),
            Route("/{path:path}", catch_all),
        ],
        exception_handlers={Teapot: short_and_stout},
    )


class TestStarlette(IntegrationSuite):
    """What every integration does."""

    def new_world(self) -> World:
        """An application on Starlette."""
        return World(build, install)

    def install_again(self, world: World) -> None:
        """Once more."""
        install(world.app, world.auth)

    def require(self, **what: Any) -> Any:
        """A decorator."""
        return require(**what)

    def test_a_class_and_a_plain_method_have_the_same_guard(self) -> None:
        """Wherever the request stands among the arguments."""
        world = self.new_world()
        with world.handshaker() as client:
            assert client.portal is not None
            issued = client.portal.call(world.sign_in)
            assert client.delete("/class", headers=OWN).status_code == 401
            assert client.delete("/class", headers=OWN | cookie(issued)).text == "deleted"

    @pytest.mark.parametrize("path", ["/guarded-ws", "/channel"])
    def test_the_decorator_guards_web_sockets(self, path: str) -> None:
        """Functions and classes."""
        world = self.new_world()
        with world.handshaker() as client:
            assert client.portal is not None
            issued = client.portal.call(world.sign_in, client.portal.call(world.user, "analyst"))
            with client.websocket_connect(path, headers=cookie(issued) | OWN) as socket:
                assert socket.receive_text() in {"connected", issued.session.user_id}
            with pytest.raises(WebSocketDenialResponse), client.websocket_connect(path, headers=OWN):
                pytest.fail("it was let in")

    def test_the_decorator_keeps_the_endpoint_s_name(self) -> None:
        """Routes are named by it."""
        assert (analyst.__name__, analyst.__doc__) == ("analyst", "Needs a role.")

    def test_the_names_are_those_of_every_integration(self) -> None:
        """And ``loaded_user``."""
        assert starlette.__all__ == ["current_user", "install", "loaded_user", "optional_user", "require"]
