"""An application whose answers stay open, as a server process of its own."""

import asyncio
import os
from collections.abc import AsyncGenerator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from handstamp.auth import Auth
from handstamp.integrations.starlette import current_user, install

DATABASE = "STREAMS_DATABASE"
SECRET = "STREAMS_SECRET"
PIECE = b"x" * 100
PIECES = 10_000


def application() -> Starlette:
    """For ``uvicorn --factory``. The database and the secret are those of the test."""
    app = Starlette(
        routes=[
            Route("/events", events),
            Route("/chunked", chunked),
            Route("/sized", sized),
            Route("/flood", flood),
            Route("/anonymous", anonymous),
            WebSocketRoute("/echo", echo),
            WebSocketRoute("/push", push),
        ]
    )
    given = os.environ  # noqa: TID251  what the test tells its server
    install(app, Auth(given[DATABASE], secret=given[SECRET]))
    return app


async def events(request: Request) -> Response:
    """Events, one now, and then none for long."""
    await current_user(request)
    return StreamingResponse(_slowly(b"data: tick\n\n"), media_type="text/event-stream")


async def chunked(request: Request) -> Response:
    """A download whose length nobody knows."""
    await current_user(request)
    return StreamingResponse(_pieces(), media_type="application/octet-stream")


async def sized(request: Request) -> Response:
    """A download whose length is told."""
    await current_user(request)
    length = str(PIECES * len(PIECE))
    return StreamingResponse(_pieces(), headers={"content-length": length}, media_type="text/csv")


async def flood(request: Request) -> Response:
    """More than a client takes that reads nothing."""
    await current_user(request)
    return StreamingResponse(_pieces(b"x" * 1_000_000), media_type="application/octet-stream")


async def anonymous(_: Request) -> Response:
    """Asks nothing."""
    return StreamingResponse(_pieces(), media_type="application/octet-stream")


async def echo(websocket: WebSocket) -> None:
    """Says back what it hears."""
    await current_user(websocket)
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def push(websocket: WebSocket) -> None:
    """Never listens."""
    await current_user(websocket)
    await websocket.accept()
    while True:
        await websocket.send_text("tick")
        await asyncio.sleep(0.01)


async def _slowly(piece: bytes) -> AsyncGenerator[bytes, None]:
    yield piece
    await asyncio.sleep(3_600)
    yield piece


async def _pieces(piece: bytes = PIECE) -> AsyncGenerator[bytes, None]:
    for _ in range(PIECES):
        yield piece
        await asyncio.sleep(0.01)
