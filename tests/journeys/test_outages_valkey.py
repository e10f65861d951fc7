"""What each kind of request gets when the server of sessions is in trouble; users are in SQLite."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from redis import Redis

from handstamp.auth import Auth
from handstamp.core.lease import Lease
from handstamp.services.feeds import CombinedFeed
from handstamp.stores.redis import RedisStore
from handstamp.stores.redis.feed import RedisFeed
from handstamp.stores.redis.server import MOST_CONNECTIONS
from handstamp.stores.sql import SqlStore
from outage_world import House, house
from outages import State, expected
from parts.ports import free_port
from parts.redis_server import RedisServer, running

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]

TIME_LIMIT = 0.6

HELD_FOR = 3.0
"""Seconds for which connections are held. The time limit is longer then, as it is where nobody sets it."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Valkey of the test's own, which keeps nothing on the disk."""
    with running("valkey-server", tmp_path) as server:
        yield server


@pytest.fixture
def shell(server: RedisServer) -> Iterator[Redis]:
    """A client that knows nothing of handstamp."""
    with server.shell() as shell:
        yield shell


def leases(auth: Auth) -> Sequence[Lease]:
    """The lease of the feed of sessions."""
    feed = auth._cache._feed
    assert isinstance(feed, CombinedFeed)
    assert isinstance(feed._sessions, RedisFeed)
    return (feed._sessions._lease,)


@pytest.fixture
def time_limit() -> float:
    """Seconds."""
    return TIME_LIMIT


@pytest.fixture
def sessions(server: RedisServer, time_limit: float) -> RedisStore:
    """The store of sessions, not open yet."""
    return RedisStore(server.url, time_limit=time_limit)


@pytest.fixture
async def home(sessions: RedisStore, tmp_path: Path) -> AsyncIterator[House]:
    """The application."""
    async with house(SqlStore(f"sqlite:///{tmp_path / 'app.db'}"), sessions, leases=leases) as built:
        yield built


async def test_while_it_is_gone_and_when_it_is_back_without_its_memory(home: House, server: RedisServer) -> None:
    """The sessions are gone with it: nobody is let in by what this process has in memory."""
    server.stop()
    assert await home.outcomes(State.GONE, time_limit=TIME_LIMIT) == expected(State.GONE)
    server.start()
    assert await home.outcomes(State.EMPTY, time_limit=TIME_LIMIT) == expected(State.EMPTY)


async def test_while_it_does_not_answer(home: House, server: RedisServer) -> None:
    """Each answer comes within the time limit, and nobody waits who has nothing to ask."""
    with server.held():
        assert await home.outcomes(State.SILENT, time_limit=TIME_LIMIT) == expected(State.SILENT)
        assert home.those_that_ask_nothing_came_first()
    await home.warmed()


async def test_while_it_is_a_replica_and_when_it_is_promoted(home: House, shell: Redis) -> None:
    """As after the roles of two servers were exchanged, and when they are exchanged again."""
    shell.replicaof("127.0.0.1", str(free_port()))
    assert await home.outcomes(State.READ_ONLY, time_limit=TIME_LIMIT) == expected(State.READ_ONLY)
    shell.replicaof("NO", "ONE")
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


async def test_while_too_few_replicas_follow_it(home: House, shell: Redis) -> None:
    """NOREPLICAS: it takes no writes that only it would have."""
    shell.config_set("min-replicas-to-write", 1)
    assert await home.outcomes(State.READ_ONLY, time_limit=TIME_LIMIT) == expected(State.READ_ONLY)
    shell.config_set("min-replicas-to-write", 0)
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


async def test_while_it_is_full(home: House, shell: Redis) -> None:
    """OOM: its memory is used up, and it evicts nothing."""
    shell.config_set("maxmemory-policy", "noeviction")
    shell.config_set("maxmemory", 1)
    assert await home.outcomes(State.FULL, time_limit=TIME_LIMIT) == expected(State.FULL)
    shell.config_set("maxmemory", 0)
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


@pytest.mark.parametrize("time_limit", [HELD_FOR + 1])
async def test_while_no_connection_is_free(home: House, sessions: RedisStore) -> None:
    """All that the process may have wait for an answer. Nobody queues for long."""
    ask = sessions._server.command
    holding = asyncio.gather(*(ask("BLPOP", "nothing", HELD_FOR) for _ in range(MOST_CONNECTIONS)))
    await asyncio.sleep(0.1)
    await home.many()
    assert await home.outcomes(State.BUSY, time_limit=0.5) == expected(State.BUSY)
    await holding
    await home.warmed()
