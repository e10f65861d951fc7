"""Rotation as browsers see it: over HTTP, in two applications on one SQLite file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from handmade import SECRET
from handstamp import Auth, EndReason
from handstamp.integrations.starlette import current_user, install
from handstamp.testing import NOW, a_profile
from web_world import ORIGIN, HandClock, cookie, sent_token

PARALLEL = 100
ROTATE_AFTER = 900.0
GRACE = 300.0


class Application:
    """An application as a process of its own would have it."""

    def __init__(self, database: Path, clock: HandClock) -> None:
        self.auth = Auth(f"sqlite:///{database}", clock=clock, origin=ORIGIN, secret=SECRET)
        self.app = Starlette(routes=[Route("/me", self._me)])
        install(self.app, self.auth)
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=ORIGIN)

    async def get(self, token: str) -> httpx2.Response:
        """Ask who is there, with a token and nothing else."""
        return await self._http.get("/me", headers=cookie(token))

    async def close(self) -> None:
        """Let go of client and store."""
        await self._http.aclose()
        await self.auth.close()

    async def _me(self, request: Request) -> JSONResponse:
        user = await current_user(request)
        await asyncio.sleep(0)  # so that requests overlap
        return JSONResponse({"id": user.id})


@pytest.fixture
def clock() -> HandClock:
    """The time, in both applications."""
    return HandClock(NOW)


@pytest.fixture
async def pair(tmp_path: Path, clock: HandClock) -> AsyncIterator[tuple[Application, Application]]:
    """Two applications on one file."""
    first = Application(tmp_path / "app.db", clock)
    await first.auth.store.migrate()
    second = Application(tmp_path / "app.db", clock)
    yield first, second
    await first.close()
    await second.close()


async def signed_in(application: Application, clock: HandClock) -> str:
    """The token of a new session."""
    services = await application.auth.open()
    user = await services.accounts.sign_in(a_profile(), now=clock())
    return (await services.sessions.start(user, amr=(), now=clock(), address="192.0.2.1")).token


async def burst(pair: tuple[Application, Application], token: str) -> list[httpx2.Response]:
    """A hundred requests at once, spread over both."""
    return await asyncio.gather(*(pair[number % 2].get(token) for number in range(PARALLEL)))


async def test_a_hundred_parallel_requests_across_a_rotation(
    pair: tuple[Application, Application], clock: HandClock
) -> None:
    """No 401, no false replay, one successor, byte for byte; then again with that, and late ones with the old."""
    token = await signed_in(pair[0], clock)
    seen = [token]
    for _ in range(5):
        clock.now += ROTATE_AFTER + 1
        answers = await burst(pair, seen[-1])
        successors = {sent_token(answer) for answer in answers}
        assert {answer.status_code for answer in answers} == {200}
        (successor,) = successors
        assert successor is not None
        seen.append(successor)
        confirming, late = await asyncio.gather(burst(pair, successor), burst(pair, seen[-2]))
        assert {answer.status_code for answer in (*confirming, *late)} == {200}
        assert {sent_token(answer) for answer in confirming} == {None}
        assert {sent_token(answer) for answer in late} <= {None, successor}
    assert len(set(seen)) == 6
    events = {event.event for event in await pair[0].auth.store.list_events()}
    assert "session_replayed" not in events


async def test_a_stolen_parent_used_after_the_grace_puts_both_out(
    pair: tuple[Application, Application], clock: HandClock
) -> None:
    """Thief and owner alike, in both processes; the trail has the cause and both addresses."""
    stolen = await signed_in(pair[0], clock)
    clock.now += ROTATE_AFTER + 1
    successor = sent_token(await pair[0].get(stolen))
    assert successor is not None
    assert (await pair[1].get(successor)).status_code == 200
    clock.now += GRACE + 1
    replayed = await pair[1].get(stolen)
    assert (replayed.status_code, replayed.json()["reason"]) == (401, EndReason.REPLAYED)
    for application in pair:
        owner = await application.get(successor)
        assert (owner.status_code, owner.json()["reason"]) == (401, EndReason.REPLAYED)
    (event,) = [one for one in await pair[0].auth.store.list_events() if one.event == "session_replayed"]
    assert event.detail["cause"] == "superseded_after_grace"
    assert event.detail["session_address"] == "192.0.2.1"
    assert event.address is not None
