"""Guessing at a secret, as many at once as there can be: no more are let in than a bucket has, on every store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handstamp.auth import Auth
from handstamp.core.errors import LoginFailed, RateLimited, StoreUnavailable
from handstamp.core.policy import ThrottlePolicy
from handstamp.services.throttle import Throttle
from handstamp.testing import NOW

SECRET = "r4X-wQ9z_Lk2mB7vTn5yJc8hPd3sFg6a-Ue1oIiKq0Z"
AT_ONCE = 50
STORES = (
    "memory",
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.network, pytest.mark.xdist_group("postgresql")]),
    pytest.param("mongodb", marks=[pytest.mark.network, pytest.mark.xdist_group("mongodb")]),
    pytest.param("valkey", marks=[pytest.mark.network, pytest.mark.xdist_group("redis")]),
)


@pytest.fixture(params=STORES)
async def processes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Throttle, Throttle]]:
    """Two processes over one store, with the limits that there are by default."""
    kind, sessions = request.param, None
    if kind == "postgresql":
        with request.getfixturevalue("postgresql").database() as url:
            async for both in _opened(url, None):
                yield both
        return
    if kind == "valkey":
        sessions = request.getfixturevalue("valkey").url
    url = request.getfixturevalue("emulator").new_url() if kind == "mongodb" else f"sqlite:///{tmp_path / 'app.db'}"
    async for both in _opened("memory://" if kind == "memory" else url, sessions):
        yield both


async def _opened(url: str, sessions: str | None) -> AsyncIterator[tuple[Throttle, Throttle]]:
    first = Auth(url, sessions=sessions, secret=SECRET)
    second = Auth(first.store if url == "memory://" else url, sessions=sessions, secret=SECRET)
    yield (await first.open()).throttle, (await second.open()).throttle
    await second.close()
    await first.close()


async def tried(throttle: Throttle, account: str, address: str) -> str:
    """What comes of a try. One that the store had no connection left for is made again."""
    while True:
        try:
            await throttle.admit("password", account=account, address=address, now=NOW)
        except StoreUnavailable:
            await asyncio.sleep(0.01)
        except RateLimited:
            return "wait"
        except LoginFailed as error:
            return error.reason
        else:
            return "in"


async def test_fifty_guesses_at_once_from_one_network_pass_no_limit(processes: tuple[Throttle, Throttle]) -> None:
    """Races: rate limit passed by parallel requests (GHSA-7w99-5wm4-3g79, CVE-2026-110861)."""
    outcomes = await asyncio.gather(
        *(tried(processes[number % 2], "owner@example.com", "192.0.2.1") for number in range(AT_ONCE))
    )
    assert outcomes.count("in") == ThrottlePolicy().sign_in.pair.burst
    assert outcomes.count("wait") == AT_ONCE - ThrottlePolicy().sign_in.pair.burst


async def test_fifty_guesses_at_once_from_fifty_networks_pass_no_limit(processes: tuple[Throttle, Throttle]) -> None:
    """Nor do a botnet's: who comes after those that were let in is asked for another proof."""
    outcomes = await asyncio.gather(
        *(tried(processes[number % 2], "owner@example.com", f"192.0.2.{number}") for number in range(AT_ONCE))
    )
    assert outcomes.count("in") == ThrottlePolicy().sign_in.account.burst
    assert outcomes.count("proof_required") == AT_ONCE - ThrottlePolicy().sign_in.account.burst
