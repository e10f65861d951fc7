"""The application: what a developer writes on top of handstamp. Read it as an example."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from handstamp.auth import Auth
from handstamp.core.models import User
from handstamp.demo.records import Record, Records
from handstamp.integrations.fastapi import CurrentUser, OptionalUser, install, require
from handstamp.web.methods import Asked, LoginMethod
from handstamp.web.pages.contexts import PageContext
from handstamp.web.represent import moment
from handstamp.web.respond import page

PUBLIC: Final = ("Doors open at eight.", "The stamp on your hand shows only under our lamp.")
MEMBERS: Final = ("Tonight's password for the back room is a fresh hand.", "The band is late again; the bar is not.")
REPORTS: Final = ("Stamps given tonight", "Stamps cancelled tonight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(PageContext):
    """The home page: one of the application's own, in the frame of handstamp's."""

    template = "handstamp.demo:home.html"
    user: User | None
    ways: tuple[LoginMethod, ...]
    """Those at other sites."""
    items: list[dict[str, object]]


class Post(BaseModel):
    """What somebody posts."""

    text: Annotated[str, Field(min_length=1, max_length=500)]


def _records(connection: HTTPConnection) -> Records:
    records = connection.app.state.records
    assert isinstance(records, Records)
    return records


Wall = Annotated[Records, Depends(_records)]
router = APIRouter()


def application(auth: Auth, records: Path) -> FastAPI:
    """The article's application.

    Args:
        auth: Sign-in.
        records: The file for what people post.
    """
    app = FastAPI(title=auth.settings.app_name)
    app.state.auth, app.state.records = auth, Records(records)
    app.include_router(router)
    install(app, auth)
    return app


@router.get("/", include_in_schema=False)
async def home(request: Request, user: OptionalUser, wall: Wall) -> Response:
    """The home page: everybody sees a part, members all."""
    auth: Auth = request.app.state.auth
    elsewhere = tuple(way for way in auth.methods if way.signs_in and way.login_part(Asked()) is None)
    return page(request, auth.place, Home(user=user, ways=elsewhere, items=_feed(wall, user)))


@router.post("/", include_in_schema=False)
async def post_form(request: Request, user: CurrentUser, wall: Wall) -> Response:
    """The form on the home page, for browsers without JavaScript."""
    fields = dict(parse_qsl((await request.body()).decode(errors="replace"), max_num_fields=10))
    try:
        post = Post.model_validate({"text": fields.get("text", "")})
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
    _keep(request, user, wall, post)
    return RedirectResponse("/", 303)


@router.get("/api/me")
async def me(user: CurrentUser) -> dict[str, object]:
    """Who is signed in."""
    return {"id": user.id, "name": user.name, "username": user.username, "roles": sorted(user.roles)}


@router.post("/db", status_code=201)
async def create(request: Request, user: CurrentUser, wall: Wall, post: Post) -> dict[str, object]:
    """Post a record."""
    return _shown(_keep(request, user, wall, post))


@router.get("/db")
async def own(user: CurrentUser, wall: Wall) -> dict[str, object]:
    """The records of whoever asks."""
    return {"items": [_shown(record) for record in wall.of(user.id)]}


@router.get("/api/feed")
async def feed(user: OptionalUser, wall: Wall) -> dict[str, object]:
    """Everything for members, a part of it for everybody."""
    return {"items": _feed(wall, user)}


@router.get("/api/reports", dependencies=[require(role="analyst")])
async def reports() -> dict[str, object]:
    """For analysts: `handstamp users roles ada --add analyst --data DIR`."""
    return {"reports": list(REPORTS)}


@router.websocket("/ws")
async def echo(websocket: WebSocket, user: CurrentUser) -> None:
    """Says back what it hears, to people who are signed in."""
    del user
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


def _keep(request: Request, user: User, wall: Records, post: Post) -> Record:
    author = user.name or user.username or "somebody"
    return wall.add(user_id=user.id, author=author, text=post.text, at=request.app.state.auth.clock())


def _feed(wall: Records, user: User | None) -> list[dict[str, object]]:
    public: list[dict[str, object]] = [{"text": text, "for": "everybody"} for text in PUBLIC]
    if user is None:
        return public
    members: list[dict[str, object]] = [{"text": text, "for": "members"} for text in MEMBERS]
    return [*(_shown(record) | {"for": "members"} for record in wall.latest()), *members, *public]


def _shown(record: Record) -> dict[str, object]:
    return {"id": record.id, "author": record.author, "text": record.text, "at": moment(record.at)}
