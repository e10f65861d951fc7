"""What is open is closed when its session ends, by real servers, in another process than the one that ended it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from demo_process import running_demo
from demo_visitor import SESSION, Visitor
from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.models import EndReason, Profile
from handstamp.services.sessions import Issued
from parts import streams
from parts.ports import free_port

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("demo")]

SOON = 1.0
"""Seconds. Between processes it is 50 ms and what the machine is busy with."""


@dataclass(frozen=True)
class Server:
    """A server process, and the same database in this one."""

    port: int
    auth: Auth
    log: Path

    async def sign_in(self) -> Issued:
        """A session, made here."""
        services = await self.auth.open()
        user = await services.accounts.sign_in(Profile(issuer="https://test", subject="1"), now=self.auth.clock())
        return await services.sessions.start(user, amr=(), now=self.auth.clock())

    async def end(self, issued: Issued) -> None:
        """End it, here."""
        assert await self.auth.sessions.end(issued.session.id, reason=EndReason.ADMIN, now=self.auth.clock())

    def socket(self, path: str, issued: Issued) -> Any:
        """A WebSocket to the other process."""
        origin = self.auth.place.origins.origin
        return connect(
            f"ws://127.0.0.1:{self.port}{path}", origin=Origin(origin), additional_headers=cookie(issued), proxy=None
        )

    def stream(self, path: str, issued: Issued | None = None) -> Any:
        """A request to the other process whose answer goes on."""
        headers = cookie(issued) if issued else {}
        return httpx2.stream("GET", f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=20)


def cookie(issued: Issued) -> dict[str, str]:
    """A request's Cookie header."""
    return {"cookie": f"{SESSION}={issued.token}"}


@contextmanager
def serving(folder: Path, http: str) -> Generator[tuple[int, Path]]:
    """The application of ``parts.streams`` in a uvicorn process."""
    port, log = free_port(), folder / f"{http}.log"
    command = [sys.executable, "-m", "uvicorn", "--factory", "parts.streams:application", "--port", str(port)]
    environment = {
        **os.environ,  # noqa: TID251  what the test was started with
        streams.DATABASE: f"sqlite:///{folder / 'app.db'}",
        streams.SECRET: SECRET,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--http", http, "--app-dir", str(Path(__file__).parents[1])],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        _wait_for(port, process, log)
        yield port, log
    finally:
        process.terminate()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:  # uvicorn waits for what a client leaves open
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server does not answer:\n{log.read_text()}")


@pytest.fixture(scope="module", params=["h11", "httptools"])
def process(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[int, Path]]:
    """A server process for each way in which uvicorn speaks HTTP."""
    with serving(tmp_path_factory.mktemp("live"), request.param) as running:
        yield running


@pytest.fixture
async def server(process: tuple[int, Path]) -> AsyncGenerator[Server, None]:
    """The server, and this process on its database."""
    port, log = process
    auth = Auth(f"sqlite:///{log.parent / 'app.db'}", secret=SECRET)
    yield Server(port, auth, log)
    await auth.close()


@pytest.mark.parametrize("path", ["/echo", "/push"])
async def test_a_web_socket_is_closed_with_the_reason(server: Server, path: str) -> None:
    """Code 4401, whether its handler listens or only talks."""
    issued = await server.sign_in()
    async with server.socket(path, issued) as websocket:
        await websocket.send("hello")
        await websocket.recv()
        await server.end(issued)
        began = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            await _listen(websocket)
    assert time.monotonic() - began < SOON
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "admin")


async def test_an_event_stream_ends_as_if_it_were_done(server: Server) -> None:
    """The last chunk comes; a browser asks again, and is refused."""
    issued = await server.sign_in()

    def read(began: asyncio.Event, loop: asyncio.AbstractEventLoop) -> bytes:
        read = b""
        with server.stream("/events", issued) as response:
            for piece in response.iter_raw():
                read += piece
                loop.call_soon_threadsafe(began.set)
        return read

    assert await _read_until_ended(server, issued, read) == b"data: tick\n\n"


@pytest.mark.parametrize("path", ["/chunked", "/sized"])
async def test_a_download_is_broken_off(server: Server, path: str) -> None:
    """The client sees an error, and does not take a part for the whole."""
    issued = await server.sign_in()

    def read(began: asyncio.Event, loop: asyncio.AbstractEventLoop) -> int:
        read: list[int] = []
        with server.stream(path, issued) as response, pytest.raises(httpx2.RemoteProtocolError, match="complete"):
            read.extend(len(piece) for piece in _noted(response.iter_raw(), began, loop))
        return sum(read)

    assert 0 < await _read_until_ended(server, issued, read) < streams.PIECES * len(streams.PIECE)


async def test_what_comes_over_the_wire_is_no_end(server: Server) -> None:
    """The bytes of a chunked response stop without the chunk that ends it."""
    issued = await server.sign_in()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET /chunked HTTP/1.1\r\nhost: x\r\ncookie: {cookie(issued)['cookie']}\r\n\r\n".encode())
    await reader.readuntil(streams.PIECE)
    await server.end(issued)
    async with asyncio.timeout(SOON):
        rest = await reader.read()
    writer.close()
    assert not rest.endswith(b"0\r\n\r\n")


async def test_who_reads_nothing_holds_up_nobody(server: Server) -> None:
    """A download that is stuck, a WebSocket beside it: the WebSocket is closed in time."""
    issued = await server.sign_in()
    _, stuck = await asyncio.open_connection("127.0.0.1", server.port, limit=1_000)
    stuck.write(f"GET /flood HTTP/1.1\r\nhost: x\r\ncookie: {cookie(issued)['cookie']}\r\n\r\n".encode())
    async with server.socket("/echo", issued) as websocket:
        await asyncio.sleep(0.3)  # until the buffers between the two are full
        await server.end(issued)
        async with asyncio.timeout(SOON):
            with pytest.raises(ConnectionClosed):
                await websocket.recv()
    stuck.transport.abort()


async def test_who_was_not_asked_for_is_left_alone(server: Server) -> None:
    """A stream of a route that asks nobody goes on."""
    issued = await server.sign_in()
    async with httpx2.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}/anonymous"
        async with client.stream("GET", url, headers=cookie(issued)) as response:
            pieces = response.aiter_raw()
            await anext(pieces)
            await server.end(issued)
            for _ in range(20):
                await anext(pieces)


async def _listen(websocket: ClientConnection) -> None:
    while True:
        await websocket.recv()


def _noted(
    pieces: Iterator[bytes], began: asyncio.Event, loop: asyncio.AbstractEventLoop
) -> Generator[bytes, None, None]:
    for piece in pieces:
        loop.call_soon_threadsafe(began.set)
        yield piece


async def _read_until_ended(server: Server, issued: Issued, read: Any) -> Any:
    """Read in a thread; when it has begun, end the session; what was read."""
    began, loop = asyncio.Event(), asyncio.get_running_loop()
    reading = asyncio.create_task(asyncio.to_thread(read, began, loop))
    await asyncio.wait_for(began.wait(), 10)
    await server.end(issued)
    return await asyncio.wait_for(reading, SOON)


async def test_signing_out_in_one_demo_closes_a_web_socket_in_the_other(tmp_path: Path) -> None:
    """The whole way: signed in as people are, open here, signed out there."""
    data = tmp_path / "data"
    with running_demo(data) as first, running_demo(data, "--origin", first.url) as second, Visitor(first) as visitor:
        visitor.sign_in()
        async with connect(
            f"ws://127.0.0.1:{second.port}/ws",
            origin=Origin(first.url),
            additional_headers={"cookie": visitor.cookie_header()},
            proxy=None,
        ) as websocket:
            await websocket.send("hello")
            assert await websocket.recv() == "hello"
            assert visitor.ask("POST", "/auth/logout").status_code == 204
            async with asyncio.timeout(SOON):
                with pytest.raises(ConnectionClosed) as closed:
                    await websocket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "signed_out")
