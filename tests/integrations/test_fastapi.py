"""FastAPI."""

from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.responses import Response

from handstamp.core.models import User
from handstamp.integrations import fastapi
from handstamp.integrations.fastapi import CurrentUser, LoadedUser, OptionalUser, install, require
from integration_suite import IntegrationSuite, Teapot
from web_world import PAGE, SESSION, World, cookie

router = APIRouter()  # before there is an Auth, as applications of several modules have it
analysts = APIRouter(dependencies=[require(role="analyst")])


@router.get("/me")
@router.post("/me")
async def me(user: CurrentUser) -> dict[str, object]:
    """Needs somebody."""
    return {"id": user.id, "roles": sorted(user.roles)}


@router.get("/feed")
async def feed(user: OptionalUser) -> dict[str, bool]:
    """Shows anonymous callers a part."""
    return {"anonymous": user is None}


@analysts.get("/analyst")
async def analyst() -> str:
    """Needs a role, as its whole router does."""
    return "figures"


@router.get("/vault", dependencies=[require(aal=2)])
async def vault() -> str:
    """Needs two factors."""
    return "gold"


@router.get("/fresh", dependencies=[require(fresh="15m")])
async def fresh() -> str:
    """Needs a recent sign-in."""
    return "fresh"


@router.get("/strict")
async def strict(user: Annotated[User, require(strict=True)]) -> str:
    """Wants the store asked, and the user."""
    return user.id


@router.get("/loaded")
async def loaded(first: Annotated[Any, LoadedUser], second: Annotated[Any, LoadedUser]) -> list[Any]:
    """Asks for the application's own object, twice."""
    return [first, second]


@router.get("/sync")
def sync(user: CurrentUser) -> str:
    """A plain function."""
    return user.id


@router.get("/class")
def every_guard(user: CurrentUser, maybe: OptionalUser, same: Annotated[User, require()]) -> bool:
    """FastAPI has no classes for endpoints; this one asks everything."""
    return user == maybe == same


@router.get("/teapot")
async def teapot() -> None:
    """Has a fault with a handler."""
    raise Teapot


@router.get("/conflict")
async def conflict() -> None:
    """Raises what FastAPI answers."""
    raise HTTPException(409, {"own": "detail"})


@router.websocket("/ws")
async def ws(websocket: WebSocket, user: CurrentUser) -> None:
    """Says who is there."""
    await websocket.accept()
    await websocket.send_text(user.id)


async def short_and_stout(_: Request, __: Exception) -> Response:
    """The handler."""
    return PlainTextResponse("short and stout", 418)


def build() -> FastAPI:
    """An application."""
    app = FastAPI(exception_handlers={Teapot: short_and_stout})
    app.include_router(router)
    app.include_router(analysts)
    sub = FastAPI()
    sub.include_router(router)
    app.mount("/sub", sub)

    @app.get("/{path:path}", include_in_schema=False)
    async def catch_all(path: str) -> dict[str, str]:
        return {"caught": path}

    return app


async def schema_of(world: World) -> dict[str, Any]:
    """The application's OpenAPI document, as it is served."""
    async with world.visitor() as visitor:
        schema: dict[str, Any] = (await visitor.get("/openapi.json")).json()
        return schema


class TestFastAPI(IntegrationSuite):
    """What every integration does."""

    def new_world(self) -> World:
        """An application on FastAPI."""
        return World(build, install)

    def install_again(self, world: World) -> None:
        """Once more."""
        assert isinstance(world.app, FastAPI)
        install(world.app, world.auth)

    def require(self, **what: Any) -> Any:
        """A dependency."""
        return require(**what)

    async def test_a_mounted_application_tells_the_code_as_its_detail(self, visitor: httpx2.AsyncClient) -> None:
        """In FastAPI's own shape."""
        assert (await visitor.get("/sub/me")).json() == {"detail": "unauthenticated"}

    async def test_fastapi_s_own_exceptions_are_left_alone(self, visitor: httpx2.AsyncClient) -> None:
        """Ours is a subclass with a handler of its own."""
        response = await visitor.get("/conflict", headers=PAGE)
        assert (response.status_code, response.json()) == (409, {"detail": {"own": "detail"}})

    async def test_the_schema_names_the_cookie(self, world: World) -> None:
        """One scheme, with the name that the cookie has."""
        schemes = (await schema_of(world))["components"]["securitySchemes"]
        assert schemes == {
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": SESSION,
                "description": "The session cookie that signing in sets.",
            }
        }

    async def test_the_schema_names_the_shorter_cookie_where_there_is_no_prefix(self) -> None:
        """As configured, not as usual; asking twice gives the same."""
        world = World(build, install, origin="http://127.0.0.1:8000", cookie_prefix="")
        for _ in range(2):
            assert (await schema_of(world))["components"]["securitySchemes"]["session"]["name"] == "session"

    async def test_the_schema_locks_what_is_guarded_and_nothing_else(self, world: World) -> None:
        """An optional user is not required; our own routes are not the application's."""
        paths = (await schema_of(world))["paths"]
        locked = {path for path, item in paths.items() if item["get"].get("security") == [{"session": []}]}
        assert locked == {"/me", "/analyst", "/fresh", "/vault", "/strict", "/loaded", "/sync", "/class"}
        assert set(paths) - locked == {"/feed", "/teapot", "/conflict"}
        assert not any("parameters" in item["get"] for item in paths.values())

    async def test_a_schema_without_guards_stays_as_it_is(self) -> None:
        """There is nothing to name."""
        assert "components" not in await schema_of(World(FastAPI, install))

    async def test_one_router_serves_two_applications(self) -> None:
        """The guard finds the application's own auth through the request."""
        one, other = self.new_world(), self.new_world()
        headers = cookie(await one.sign_in())
        async with one.visitor() as visitor, other.visitor() as elsewhere:
            assert (await visitor.get("/me", headers=headers)).status_code == 200
            assert (await elsewhere.get("/me", headers=headers)).json()["reason"] == "unknown"
        await one.auth.close()
        await other.auth.close()

    def test_the_names_are_those_of_every_integration(self) -> None:
        """And ``LoadedUser``."""
        assert fastapi.__all__ == ["CurrentUser", "LoadedUser", "OptionalUser", "install", "require"]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_routes_may_be_added_after_the_installation(self, when: str) -> None:
        """The order does not matter."""
        app, world = FastAPI(), World()
        if when == "before":
            app.include_router(router)
        install(app, world.auth)
        if when == "after":
            app.include_router(router)
        world.app = app
        with world.handshaker() as client:
            assert client.get("/me").json()["code"] == "unauthenticated"
            assert client.get("/auth/session").status_code == 200
