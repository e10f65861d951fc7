"""What an open connection and its handler are told when the session is over."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from handstamp.core.models import EndReason
from handstamp.integrations.starlette import current_user, optional_user
from handstamp.services.sessions import Issued
from handstamp.web.open import ConnectionOver, Kind, OpenConnection, kind_of
from web_world import ORIGIN, World, cookie

CLOSED: Message = {"type": "websocket.close", "code": 4401, "reason": "admin"}
LAST: Message = {"type": "http.response.body", "body": b"", "more_body": False}
MORE: Message = {"type": "http.response.body", "body": b"more", "more_body": True}


@dataclass
class Server:
    """The other end of an application: it keeps what is sent, and says what a test puts into the queue."""

    sent: list[Message] = field(default_factory=list[Message])
    queue: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def send(self, message: Message) -> None:
        """Keep it, when the client takes it."""
        await self.open.wait()
        if message["type"] == "http.response.broken_off":
            raise RuntimeError("Expected ASGI message 'http.response.body'")
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.queue.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> Message:
        """What comes next."""
        return await self.queue.get()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the application does."""
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110  what is waited for knows no event
                await asyncio.sleep(0.001)


def world_of(*routes: Any, middleware: Any = ()) -> World:
    """An application with these routes; the middleware comes to stand around ours."""

    def build() -> Starlette:
        return Starlette(routes=routes)

    world = World(build)
    world.app.user_middleware[:0] = list(middleware)
    return world


def running(world: World, server: Server, kind: str, issued: Issued | None, **more: Any) -> asyncio.Task[None]:
    """A request or handshake for ``/`` under way."""
    headers = [(b"origin", ORIGIN.encode())]
    if issued is not None:
        headers.append((b"cookie", cookie(issued)["cookie"].encode()))
    scope: Scope = {"type": kind, "path": "/", "headers": headers, "query_string": b"", "root_path": "", **more}
    if kind == "http":
        scope["method"] = "GET"
    else:
        server.queue.put_nowait({"type": "websocket.connect"})

    async def run() -> None:
        await world.app(scope, server.receive, server.send)

    return asyncio.ensure_future(run())


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ([(b"content-type", b"text/event-stream")], Kind.EVENTS),
        ([(b"Content-Type", b"Text/Event-Stream; charset=utf-8")], Kind.EVENTS),
        ([(b"content-type", b"text/plain")], Kind.OTHER),
        ([(b"x", b"text/event-stream")], Kind.OTHER),
        ([], Kind.OTHER),
    ],
)
def test_only_an_event_stream_ends_cleanly(content_type: list[tuple[bytes, bytes]], kind: Kind) -> None:
    """Of anything else a part could be taken for the whole."""
    assert kind_of({"type": "http.response.start", "headers": content_type}) is kind


async def test_a_listening_handler_hears_the_code_and_the_reason() -> None:
    """Also from a server that does not wake it when the close is sent."""
    heard: list[tuple[int, str | None]] = []

    async def endpoint(websocket: WebSocket) -> None:
        await current_user(websocket)
        await websocket.accept()
        try:
            await websocket.receive_text()
        except WebSocketDisconnect as error:
            heard.append((error.code, error.reason))

    world, server = world_of(WebSocketRoute("/", endpoint)), Server()
    issued = await world.sign_in()
    task = running(world, server, "websocket", issued)
    await server.until(lambda: bool(server.sent))
    await world.end(issued)
    await asyncio.wait_for(task, 5)
    assert server.sent[1:] == [CLOSED]
    assert heard == [(4401, "admin")]


async def test_it_does_not_matter_when_the_handler_asks() -> None:
    """One that accepts first is registered when it asks; one that never asks stays open."""

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        if "ask" in websocket.headers:
            await optional_user(websocket)
        with suppress(WebSocketDisconnect):
            await websocket.receive_text()

    world = world_of(WebSocketRoute("/", endpoint))
    issued = await world.sign_in()
    asks, is_quiet = Server(), Server()
    headers = [(b"origin", ORIGIN.encode()), (b"cookie", cookie(issued)["cookie"].encode())]
    first = running(world, asks, "websocket", None, headers=[*headers, (b"ask", b"1")])
    second = running(world, is_quiet, "websocket", issued)
    await asks.until(lambda: bool(asks.sent and is_quiet.sent))
    await asyncio.sleep(0.01)
    await world.end(issued)
    await asyncio.wait_for(first, 5)
    assert asks.sent[1:] == [CLOSED]
    assert is_quiet.sent[1:] == []
    is_quiet.queue.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await second


async def test_a_session_that_ends_between_the_check_and_the_stream_ends_the_stream() -> None:
    """What was told before anything was registered is asked for."""
    ended: list[Callable[[], Awaitable[None]]] = []

    async def endpoint(request: Request) -> Response:
        await current_user(request)
        await ended[0]()
        return StreamingResponse(forever(), media_type="text/event-stream")

    world, server = world_of(Route("/", endpoint)), Server()
    issued = await world.sign_in()
    ended.append(lambda: world.end(issued))
    with suppress(ConnectionOver):  # the handler is told by its next piece, unless the server stopped it before
        await asyncio.wait_for(running(world, server, "http", issued), 5)
    assert server.sent[-1] == LAST


@pytest.mark.parametrize(
    "around", [[], [Middleware(BaseHTTPMiddleware, dispatch=lambda request, go_on: go_on(request))]]
)
async def test_a_download_never_ends_well(around: list[Middleware]) -> None:
    """Its handler gets an error at its next piece, and so does the server, through what stands around us too."""

    async def endpoint(request: Request) -> Response:
        await current_user(request)
        return StreamingResponse(forever())

    world, server = world_of(Route("/", endpoint), middleware=around), Server()
    issued = await world.sign_in()
    task = running(world, server, "http", issued)
    await server.until(lambda: len(server.sent) > 2)
    await world.end(issued)
    with pytest.raises((ConnectionOver, AssertionError)):
        await asyncio.wait_for(task, 5)
    assert all(message.get("more_body") for message in server.sent[1:])


async def test_an_ordinary_response_is_not_counted() -> None:
    """Neither is a stream that has come to its end, nor one of a route that asks nobody."""

    async def endpoint(request: Request) -> Response:
        if request.query_params.get("ask"):
            await current_user(request)
        return Response("plain") if request.query_params.get("plain") else StreamingResponse(iter(["a", "b"]))

    world = world_of(Route("/", endpoint))
    issued = await world.sign_in()
    live = (await world.services()).live
    for query in (b"ask=1&plain=1", b"ask=1", b"", b"plain=1"):
        server = Server()
        await running(world, server, "http", issued, query_string=query, asgi={"spec_version": "2.4"})
        assert server.sent[-1].get("more_body", False) is False
        assert len(live) == 0


async def test_a_stuck_client_keeps_its_handler_no_longer_than_the_time_limit() -> None:
    """A send that hangs is called back when the last words are given up."""
    server = Server()
    line = OpenConnection(server.send, Kind.WEBSOCKET)
    server.open.clear()
    sending = asyncio.ensure_future(line.send({"type": "websocket.send", "text": "x"}))
    await asyncio.sleep(0)
    assert line.stop(EndReason.ADMIN)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.say_last_words(), 0.01)
    with pytest.raises(ConnectionOver):
        await sending
    assert server.sent == []


async def test_a_download_that_is_stuck_is_called_back_too() -> None:
    """And cannot be finished any more."""
    server = Server()
    line = OpenConnection(server.send, Kind.OTHER)
    server.open.clear()
    sending = asyncio.ensure_future(line.send(MORE))
    await asyncio.sleep(0)
    assert line.stop(EndReason.ADMIN)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.say_last_words(), 0.01)
    with pytest.raises(ConnectionOver):
        await sending
    with pytest.raises(ConnectionOver):
        await line.send(LAST)


async def test_whoever_talks_meanwhile_waits_for_the_last_words() -> None:
    """Else a handler that ends at the error would make the server hang up before they are said."""
    server = Server()
    line = OpenConnection(server.send, Kind.WEBSOCKET)
    line.stop(EndReason.ADMIN)
    sending = asyncio.ensure_future(line.send({"type": "websocket.send", "text": "x"}))
    hearing = asyncio.ensure_future(line.receive(server.receive))
    await asyncio.sleep(0)
    assert not sending.done()
    assert not hearing.done()
    await line.say_last_words()
    with pytest.raises(ConnectionOver, match="admin"):
        await sending
    assert (await hearing)["code"] == 4401
    await line.send({"type": "websocket.close"})
    assert server.sent == [CLOSED]


async def test_what_comes_while_it_is_being_closed_is_not_heard() -> None:
    """The handler gets nothing from somebody who has been put out."""
    server = Server()
    line = OpenConnection(server.send, Kind.WEBSOCKET)
    hearing = asyncio.ensure_future(line.receive(server.receive))
    await asyncio.sleep(0)
    line.stop(EndReason.ADMIN)
    server.queue.put_nowait({"type": "websocket.receive", "text": "too late"})
    await asyncio.sleep(0.01)
    await line.say_last_words()
    assert (await hearing)["type"] == "websocket.disconnect"


@pytest.mark.parametrize(
    ("kind", "last"),
    [(Kind.WEBSOCKET, {"type": "websocket.close", "code": 1000}), (Kind.EVENTS, LAST), (Kind.OTHER, LAST)],
)
async def test_what_has_ended_by_itself_is_left_alone(kind: Kind, last: Message) -> None:
    """A handler may have work to do after its response."""
    server = Server()
    line = OpenConnection(server.send, kind)
    await line.send(last)
    assert not line.stop(EndReason.ADMIN)
    assert server.sent == [last]


async def test_a_client_that_is_gone_is_no_error() -> None:
    """Each server says it in its own way."""

    async def gone(message: Message) -> None:
        raise RuntimeError("after sending 'websocket.close'")

    line = OpenConnection(gone, Kind.WEBSOCKET)
    line.stop(EndReason.ADMIN)
    await line.say_last_words()
    with pytest.raises(ConnectionOver):
        await line.send({"type": "websocket.send", "text": "x"})


async def test_an_open_stream_leaves_nothing_to_the_garbage_collector() -> None:
    """Only a weak reference is kept: the registration ends with the request."""
    world, server = World(), Server()
    issued = await world.sign_in()
    live = (await world.services()).live

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        await scope["handstamp"].principal()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(MORE)
        assert len(live) == 1

    from handstamp.web.middleware import SessionMiddleware

    headers = [(b"cookie", cookie(issued)["cookie"].encode())]
    await SessionMiddleware(inside, world.auth)(
        {"type": "http", "method": "GET", "headers": headers}, server.receive, server.send
    )
    assert len(live) == 0


async def forever() -> AsyncGenerator[bytes, None]:
    """Pieces without end."""
    while True:
        yield b"piece"
        await asyncio.sleep(0.001)
