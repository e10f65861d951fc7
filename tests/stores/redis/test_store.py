"""The Redis store keeps every sentence of the protocols of sessions, on Valkey and on Redis 7: wiring."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

import pytest

from dropping import Dropping, lost_sessions_are_found
from handstamp.core.protocols import SessionBackend
from handstamp.stores.redis import RedisStore
from handstamp.stores.redis.feed import RedisFeed
from handstamp.stores.redis.keys import SESSION
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


async def test_news_that_the_feed_loses_are_missed(
    store: SessionBackend, peer: SessionBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suite fails where the feed passes over some of the keys that the server tells; heartbeats come through."""
    note, sessions = RedisFeed._note, Dropping()

    def lossy(self: RedisFeed, message: Sequence[Any] | None) -> None:
        keys = message[1] if message else None
        if keys is not None:
            keys = [key for key in keys if not (key.startswith(SESSION) and sessions.drops())]
        note(self, ["invalidate", keys])

    monkeypatch.setattr(RedisFeed, "_note", lossy)
    await lost_sessions_are_found(TestFeed(), store, peer)
