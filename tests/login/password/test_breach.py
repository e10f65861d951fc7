"""The look-up of leaked passwords, over a network that misbehaves."""

import asyncio
import hashlib
import logging
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import ConfigurationError
from handstamp.core.policy import BreachPolicy
from handstamp.login.password.breach import BREACHED, MAX_RESPONSE_BYTES, BreachLookup, count_in
from parts.ports import free_port

LEAKED = "correct horse battery staple"
DIGEST = hashlib.sha1(LEAKED.encode(), usedforsecurity=False).hexdigest().upper()
PREFIX, SUFFIX = DIGEST[:5], DIGEST[5:]
PADDING = [f"{number:035X}:0" for number in range(800)]
RANGE = "\r\n".join([*PADDING, f"{SUFFIX}:4711", f"{'F' * 35}:2"])

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Service:
    """Answers each request the same way, and keeps what it was sent."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[str] = []
        self.url = ""
        self._answer = answer

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await self._answer(writer)
            await writer.drain()
        except ConnectionError:
            pass  # the client had enough
        finally:
            writer.close()


@asynccontextmanager
async def service(answer: Answer | str, status: str = "200 OK") -> AsyncGenerator[Service]:
    """A service on loopback."""

    async def write(writer: asyncio.StreamWriter) -> None:
        assert isinstance(answer, str)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n{answer}".encode())

    running = Service(write if isinstance(answer, str) else answer)
    listener = await asyncio.start_server(running, "127.0.0.1", 0)
    async with listener:
        running.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/range/"
        yield running


async def found(url: str, password: str = LEAKED, *, time_limit: float = 5.0) -> list[tuple[str, str]]:
    """Code and field of what the look-up has to say."""
    lookup = BreachLookup(BreachPolicy(url=url, time_limit=time_limit))
    try:
        return [(fault.code, fault.pointer) for fault in await lookup.faults(password, pointer="/password")]
    finally:
        await lookup.close()


@pytest.mark.network
async def test_a_leaked_password_is_found() -> None:
    """Among hundreds of others and the lines that pad the answer (ASVS 6.2.12; PAS-02)."""
    async with service(RANGE) as running:
        assert await found(running.url) == [(BREACHED, "/password")]


@pytest.mark.network
async def test_the_service_learns_the_first_five_digits_and_no_more() -> None:
    """Padding is asked for, nothing says who asks."""
    async with service(RANGE) as running:
        await found(running.url)
    (request,) = running.requests
    assert request.startswith(f"GET /range/{PREFIX} HTTP/1.1\r\n")
    assert "\r\nadd-padding: true\r\n" in request.lower()
    assert SUFFIX[:6] not in request
    assert "cookie" not in request.lower()


@pytest.mark.network
async def test_a_password_that_has_not_leaked_passes() -> None:
    """Also where the padding has its hash, which counts nothing."""
    async with service("\n".join(PADDING)) as running:
        assert await found(running.url) == []
    async with service(f"{SUFFIX}:0\r\n{'0' * 35}:7") as running:
        assert await found(running.url) == []


async def _silent(writer: asyncio.StreamWriter) -> None:
    del writer
    await asyncio.sleep(60)


async def _trickling(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b"0")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"0" * 65_536)
        await writer.drain()


OUTAGES: dict[str, tuple[Answer | str, str]] = {
    "silent": (_silent, ""),
    "trickling": (_trickling, ""),
    "garbage": (_garbage, ""),
    "endless": (_endless, ""),
    "too long": ("0" * (MAX_RESPONSE_BYTES + 1), "200 OK"),
    "broken": ("", "500 Internal Server Error"),
    "limited": ("", "429 Too Many Requests"),
    "moved": (RANGE, "302 Found\r\nLocation: /elsewhere"),
    "a captive portal": ("<html>Welcome to our hotel</html>", "200 OK"),
    "empty": ("", "200 OK"),
    "no ASCII": (f"{SUFFIX}:1\r\nü", "200 OK"),
}


@pytest.mark.network
@pytest.mark.parametrize(("answer", "status"), OUTAGES.values(), ids=OUTAGES)
async def test_an_outage_lets_the_password_pass_and_is_logged(
    answer: Answer | str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In time, and the log says nothing about the password, not even the beginning of its hash."""
    with caplog.at_level(logging.DEBUG):
        async with service(answer, status) as running:
            assert await found(running.url, time_limit=0.3 if not isinstance(answer, str) else 5.0) == []
    assert "a new one passes unchecked" in caplog.text
    assert not [secret for secret in (LEAKED, "horse", PREFIX, SUFFIX) if secret in caplog.text]


@pytest.mark.network
async def test_a_service_that_is_not_there_lets_the_password_pass() -> None:
    """As any other outage."""
    assert await found(f"http://127.0.0.1:{free_port()}/") == []


@pytest.mark.network
async def test_the_log_of_the_http_client_has_no_part_of_the_hash(caplog: pytest.LogCaptureFixture) -> None:
    """It would have the URL of each request, and goes on having those of others."""
    with caplog.at_level(logging.DEBUG):
        async with service(RANGE) as running:
            assert await found(running.url) != []
            lookup = BreachLookup(BreachPolicy(url=running.url))
            logging.getLogger("httpx2").info("a request to %s", "https://example.com/")
            logging.getLogger("httpx2").info("without arguments")
            await lookup.close()
    assert PREFIX not in caplog.text
    assert "a request to https://example.com/" in caplog.text
    assert "without arguments" in caplog.text


async def test_what_can_be_nobodys_password_is_not_asked_about() -> None:
    """It has no hash."""
    assert await found("http://127.0.0.1:1/", "\ud800") == []


async def test_a_url_that_is_none_is_an_outage() -> None:
    """The settings refuse it before."""
    assert await found("http://a\x00b/") == []


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_any_answer_is_read_or_refused(answer: str) -> None:
    """By a ValueError; nothing that is no line of the format counts."""
    try:
        assert count_in(answer, SUFFIX) == 0
    except ValueError:
        return


def test_small_letters_and_repeated_lines_are_read() -> None:
    """The greatest count stands."""
    assert count_in(f"{SUFFIX.lower()}:3\n{SUFFIX}:0", SUFFIX) == 3


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(ConfigurationError, match=r"handstamp\[breach\]"):
        BreachLookup(BreachPolicy(url="https://example.com/range/"))
