"""The Redis store keeps every sentence of the protocols of sessions, on Valkey and on Redis 7: wiring."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from handstamp.core.protocols import SessionBackend
from handstamp.stores.redis import RedisStore
from handstamp.testing import ChallengeStoreSuite, SessionBackendSuite, SessionFeedSuite, SessionStoreSuite
from parts.redis_server import RedisServer
from upkeep_suite import UpkeepSuite

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]


@pytest.fixture
def store(redis_store: RedisStore) -> SessionBackend:
    """An open store that keeps nothing yet."""
    return redis_store


@pytest.fixture
async def peer(store: SessionBackend, server: RedisServer) -> AsyncIterator[SessionBackend]:
    """Another store object on the same server, by its socket."""
    peer = RedisStore(f"unix://{server.socket}?db=0")
    await peer.open()
    yield peer
    await peer.close()


class TestSessions(SessionStoreSuite):
    """Sessions."""


class TestChallenges(ChallengeStoreSuite):
    """Challenges."""


class TestFeed(SessionFeedSuite):
    """The change feed, as a machine that is busy with other tests has it."""

    lag: ClassVar[float] = 0.2


class TestStore(SessionBackendSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""
