"""Driving an exchange over a network that misbehaves."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from handstamp.core.errors import ConfigurationError, LoginFailed
from handstamp.login.oauth.client import new_client, perform
from handstamp.login.oauth.exchange import MAX_RESPONSE_BYTES, Exchange, HTTPRequest, HTTPResponse
from parts.ports import free_port

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each connection the same way, and keeps what it was sent."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self.url = ""
        self._answer = answer

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await self._answer(writer)
            await writer.drain()
        except ConnectionError:
            pass  # the client had enough
        finally:
            writer.close()


@asynccontextmanager
async def _server(answer: Answer | bytes) -> AsyncGenerator[Server]:
    async def write(writer: asyncio.StreamWriter) -> None:
        assert isinstance(answer, bytes)
        writer.write(answer)

    server = Server(write if isinstance(answer, bytes) else answer)
    listener = await asyncio.start_server(server, "127.0.0.1", 0)
    async with listener:
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        yield server


def _get(url: str) -> Exchange[HTTPResponse]:
    return (yield HTTPRequest("GET", url, {"x-test": "1"}))


async def _fetch(url: str, *, time_limit: float = 5.0) -> HTTPResponse:
    async with new_client() as client:
        return await perform(_get(url), client, time_limit=time_limit)


async def _refused(url: str, *, time_limit: float = 5.0) -> str:
    with pytest.raises(LoginFailed) as failure:
        await _fetch(url, time_limit=time_limit)
    assert url not in str(failure.value)
    return failure.value.reason


@pytest.mark.network
async def test_requests_are_made_and_responses_given_back() -> None:
    """As they stand."""
    async with _server(b"HTTP/1.1 201 Created\r\nX-Answer: 2\r\nContent-Length: 5\r\n\r\nhello") as server:
        response = await _fetch(server.url)
    assert (response.status, response.headers["x-answer"], response.body) == (201, "2", b"hello")
    assert b"\r\nx-test: 1\r\n" in server.requests[0]
    assert b"\r\naccept-encoding: identity\r\n" in server.requests[0]


@pytest.mark.network
async def test_an_exchange_without_requests_comes_to_its_result() -> None:
    """As the beginning of OAuth 2.0."""

    def nothing() -> Exchange[int]:
        yield from ()
        return 7

    async with new_client() as client:
        assert await perform(nothing(), client) == 7


@pytest.mark.network
async def test_a_body_is_sent() -> None:
    """A form goes out by POST."""

    async def echo(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def post(url: str) -> Exchange[HTTPResponse]:
        return (yield HTTPRequest("POST", url, {"content-type": "application/x-www-form-urlencoded"}, b"a=1"))

    async with _server(echo) as server, new_client() as client:
        await perform(post(server.url), client)
    assert b"content-length: 3\r\n" in server.requests[0].lower()


@pytest.mark.network
async def test_a_redirect_is_not_followed() -> None:
    """It is given back, and the flow refuses it (OAU-05)."""
    async with _server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as other:
        redirect = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
        async with _server(redirect.encode()) as server:
            assert (await _fetch(server.url)).status == 307
    assert other.requests == []


@pytest.mark.network
async def test_cookies_are_not_kept() -> None:
    """One client serves many people."""
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with _server(answer) as server, new_client() as client:
        await perform(_get(server.url), client)
        await perform(_get(server.url), client)
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.network
@pytest.mark.parametrize("headers", ["Content-Length: 9999999", "Transfer-Encoding: chunked"])
async def test_an_endless_response_is_cut(headers: str) -> None:
    """At a megabyte, whatever its headers say (OAU-08)."""
    piece = b"x" * 65_536
    chunk = b"10000\r\n" + piece + b"\r\n" if "chunked" in headers else piece

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode())
        for _ in range(4 * MAX_RESPONSE_BYTES // len(piece)):
            writer.write(chunk)
            await writer.drain()

    async with _server(endless) as server:
        assert await _refused(server.url) == "invalid_response"


@pytest.mark.network
async def test_a_compressed_response_is_not_unpacked() -> None:
    """A small one could be huge in memory; we asked for none."""
    async with _server(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b..") as server:
        assert (await _fetch(server.url)).body == b"\x1f\x8b.."


@pytest.mark.network
async def test_a_provider_that_trickles_is_given_up() -> None:
    """The limit is for the whole exchange, not for each byte."""

    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with _server(trickle) as server:
        assert await _refused(server.url, time_limit=0.2) == "provider_unavailable"


@pytest.mark.network
@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", b"not http at all\r\n\r\n"],
    ids=["nothing", "half", "garbage"],
)
async def test_a_provider_that_breaks_off_is_unavailable(answer: bytes) -> None:
    """Nothing is made of half an answer."""
    async with _server(answer) as server:
        assert await _refused(server.url) == "provider_unavailable"


@pytest.mark.network
async def test_a_provider_that_is_down_is_unavailable() -> None:
    """Nobody listens."""
    assert await _refused(f"http://127.0.0.1:{free_port()}/") == "provider_unavailable"


@pytest.mark.parametrize("url", ["http://idp.example/", "http://10.0.0.1/", "ftp://localhost/", "nothing", ""])
async def test_an_address_that_is_not_secure_is_never_spoken_to(url: str) -> None:
    """Whatever a flow yields: https, or this machine (OAU-05)."""
    with pytest.raises(LoginFailed) as failure:
        await _fetch(url)
    assert failure.value.reason == "invalid_response"


async def test_an_exchange_is_closed_when_it_fails() -> None:
    """So that it can let go of what it holds."""
    closed: list[bool] = []

    def exchange() -> Exchange[None]:
        try:
            yield HTTPRequest("GET", "http://idp.example/")
        finally:
            closed.append(True)

    async with new_client() as client:
        with pytest.raises(LoginFailed):
            await perform(exchange(), client)
    assert closed == [True]


async def test_the_missing_library_is_named_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    async with httpx2.AsyncClient() as client:
        monkeypatch.setitem(sys.modules, "httpx2", None)
        with pytest.raises(ConfigurationError, match=r"handstamp\[oauth\]"):
            new_client()
        with pytest.raises(ConfigurationError, match=r"handstamp\[oauth\]"):
            await perform(_get("http://localhost/"), client)
