"""The middleware: one Caller a request, and nothing else."""

import asyncio
import gc
import weakref
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.middleware import SessionMiddleware
from web_world import SESSION, World, token_of


async def seen_by_the_application(scope_type: str) -> tuple[Scope, Send]:
    """What the application inside gets for a scope of this type."""
    seen: list[tuple[Scope, Send]] = []

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, send))

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await SessionMiddleware(inside, World().auth)(
        {"type": scope_type, "method": "GET", "headers": []}, receive, nobody
    )
    return seen[0]


async def nobody(message: Message) -> None:
    """Takes what is sent, and keeps nothing."""


@pytest.mark.parametrize("scope_type", ["http", "websocket"])
async def test_requests_and_handshakes_get_a_caller(scope_type: str) -> None:
    """``scope["handstamp"]`` is there for everything inside."""
    scope, send = await seen_by_the_application(scope_type)
    assert isinstance(scope[SCOPE_KEY], Caller)
    assert send != nobody


async def test_lifespan_passes_untouched() -> None:
    """There is nobody to ask about."""
    scope, send = await seen_by_the_application("lifespan")
    assert SCOPE_KEY not in scope
    assert send is nobody


async def test_a_request_leaves_nothing_to_the_garbage_collector() -> None:
    """What a server holds of a request is gone with it: nothing in its scope leads back to the scope."""
    world = World()
    token = (await world.sign_in()).token

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        await scope[SCOPE_KEY].principal()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    class Served:
        """A request as servers keep it: the object whose method is ``send`` knows its scope."""

        def __init__(self) -> None:
            cookie = (b"cookie", f"__Host-Http-session={token}".encode())
            self.scope: Scope = {"type": "http", "method": "GET", "headers": [cookie]}

        async def receive(self) -> Message:
            return {"type": "http.disconnect"}

        async def send(self, message: Message) -> None:
            del message

    served = Served()
    await SessionMiddleware(inside, world.auth)(served.scope, served.receive, served.send)
    gone = weakref.ref(served)
    gc.disable()
    try:
        del served
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("path", ["/me", "/feed", "/twice", "/strict"])
@pytest.mark.parametrize("who", ["nobody", "junk", "forged", "unknown", "signed out", "let in"])
async def test_nothing_is_left_to_the_garbage_collector(who: str, path: str) -> None:
    """Of no request, be it refused or let in: a flood of bad tokens must not fill the memory in between."""
    world = World()
    known, ended = await world.sign_in(), await world.sign_in()
    await world.end(ended)
    tokens = {
        "junk": "x" * 30,
        "forged": known.token[:-4] + "AAAA",
        "unknown": token_of(known, session_id="x" * 22),
        "signed out": ended.token,
        "let in": known.token,
    }

    async def ask() -> int:
        headers = [(b"cookie", f"{SESSION}={tokens[who]}".encode())] if who in tokens else []
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "root_path": "",
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            sent.append(message)

        await world.app(scope, receive, send)
        status = sent[0]["status"]
        assert isinstance(status, int)
        return status

    assert await ask() == (200 if who == "let in" or path == "/feed" else 401)
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            await ask()
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_no_store_is_opened_for_a_request_that_asks_nothing() -> None:
    """An application may serve static files before its database is there."""
    world = World()
    async with world.visitor() as visitor:
        assert (await visitor.get("/plain")).text == "plain"
    assert world.auth.services is None


async def test_the_first_question_opens_the_store(caplog: pytest.LogCaptureFixture) -> None:
    """A server without lifespan works too; many first questions at once open it once."""
    world = World()
    token = (await World().sign_in()).token
    async with world.visitor() as visitor:
        answers: list[Any] = await asyncio.gather(
            *(visitor.get("/me", headers={"cookie": f"__Host-Http-session={token}"}) for _ in range(5))
        )
    assert {answer.json()["reason"] for answer in answers} == {"unknown"}
    assert world.store.asked["open"] == 1
    await world.auth.close()
