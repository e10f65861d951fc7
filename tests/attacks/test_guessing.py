"""Guessing at a secret, as many at once as there can be: no more are let in than a bucket has, on every store."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handstamp.auth import Auth
from handstamp.core.errors import LoginFailed, RateLimited
from handstamp.core.policy import ThrottlePolicy
from handstamp.services.throttle import Throttle
from handstamp.testing import NOW
from places import ATTACKERS, Place

SECRET = "r4X-wQ9z_Lk2mB7vTn5yJc8hPd3sFg6a-Ue1oIiKq0Z"


@pytest.fixture
async def processes(place: Place) -> AsyncIterator[tuple[Throttle, Throttle]]:
    """Two processes over one store, with the limits that there are by default."""
    first = Auth(place.database, sessions=place.sessions, secret=SECRET)
    other = place.database if place.is_shared else first.store
    second = Auth(other, sessions=place.sessions, secret=SECRET)
    yield (await first.open()).throttle, (await second.open()).throttle
    await second.close()
    await first.close()


async def tried(throttle: Throttle, account: str, address: str) -> str:
    """What comes of a try."""
    try:
        await throttle.admit("password", account=account, address=address, now=NOW)
    except RateLimited:
        return "wait"
    except LoginFailed as error:
        return error.reason
    return "in"


async def test_fifty_guesses_at_once_from_one_network_pass_no_limit(processes: tuple[Throttle, Throttle]) -> None:
    """Races: rate limit passed by parallel requests (GHSA-7w99-5wm4-3g79, CVE-2026-110861)."""
    outcomes = await asyncio.gather(
        *(tried(processes[number % 2], "owner@example.com", "192.0.2.1") for number in range(ATTACKERS))
    )
    assert outcomes.count("in") == ThrottlePolicy().sign_in.pair.burst
    assert outcomes.count("wait") == ATTACKERS - ThrottlePolicy().sign_in.pair.burst


async def test_fifty_guesses_at_once_from_fifty_networks_pass_no_limit(processes: tuple[Throttle, Throttle]) -> None:
    """Nor do a botnet's: who comes after those that were let in is asked for another proof."""
    outcomes = await asyncio.gather(
        *(tried(processes[number % 2], "owner@example.com", f"192.0.2.{number}") for number in range(ATTACKERS))
    )
    assert outcomes.count("in") == ThrottlePolicy().sign_in.account.burst
    assert outcomes.count("proof_required") == ATTACKERS - ThrottlePolicy().sign_in.account.burst
