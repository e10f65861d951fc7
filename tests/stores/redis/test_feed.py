"""What the suite cannot know of the feed: hands, evictions, silence, and servers that come and go."""

import asyncio
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

import pytest
from redis import Redis

from handstamp.core.lease import LEASE
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes, EndReason, Session
from handstamp.stores.redis import RedisStore
from handstamp.stores.redis.feed import MOST_TOLD, RedisFeed
from handstamp.stores.redis.keys import HEARTBEAT, LIVE, SESSION
from handstamp.stores.redis.server import Server
from handstamp.testing import NOW, a_session
from parts.redis_server import RedisServer

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]

PATIENCE = 10.0


class HandClock:
    """A monotonic clock that a test may move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return time.monotonic() + self.ahead


@contextmanager
def feed_of(server: RedisServer, clock: HandClock | None = None) -> Generator[tuple[RedisFeed, Server]]:
    """A feed with a server of its own, not open yet."""
    own = Server(server.url, time_limit=0.5)
    feed = RedisFeed(own, monotonic=clock or HandClock())
    try:
        yield feed, own
    finally:
        feed.close()


async def next_of(feed: RedisFeed, wanted: bool = True) -> Changes:  # noqa: FBT001, FBT002  one word where it is called
    """The next changes that are coherent, or that are not."""
    async with asyncio.timeout(PATIENCE):
        while True:
            changes = feed.poll(NOW)
            if changes is not NOTHING_CHANGED and changes.coherent is wanted:
                return changes
            await asyncio.sleep(0.001)


async def begun(feed: RedisFeed) -> None:
    """Wait until it tells that everything changed, as each feed first does."""
    assert await next_of(feed) is EVERYTHING_CHANGED
    assert feed.poll(NOW) is NOTHING_CHANGED


@pytest.fixture
async def feed(redis_store: RedisStore) -> AsyncIterator[RedisFeed]:
    """A feed that has nothing to tell."""
    feed = redis_store.feed()
    assert isinstance(feed, RedisFeed)
    await begun(feed)
    yield feed
    feed.close()


@pytest.fixture
async def session(redis_store: RedisStore, feed: RedisFeed) -> Session:
    """A session that is stored, and told."""
    session = a_session()
    await redis_store.start_session(session, replaces=None, now=NOW)
    assert await next_of(feed) == Changes(sessions=(session.id,), users=(session.user_id,))
    return session


async def test_a_session_deleted_by_hand_is_told(feed: RedisFeed, session: Session, shell: Redis) -> None:
    """By whoever it was."""
    shell.delete(f"{SESSION}{session.id}")
    assert await next_of(feed) == Changes(sessions=(session.id,))


async def test_a_session_ended_by_hand_is_told(feed: RedisFeed, session: Session, shell: Redis) -> None:
    """By whoever it was."""
    shell.hset(f"{SESSION}{session.id}", "ended_at", "1")
    assert await next_of(feed) == Changes(sessions=(session.id,))


async def test_the_set_of_a_user_deleted_by_hand_is_told(feed: RedisFeed, session: Session, shell: Redis) -> None:
    """As a change of the user: all sessions of that user are missing now."""
    shell.delete(f"{LIVE}{session.user_id}")
    assert await next_of(feed) == Changes(users=(session.user_id,))


async def test_a_session_that_expires_by_itself_is_told(feed: RedisFeed, session: Session, shell: Redis) -> None:
    """Though nobody wrote anything."""
    shell.pexpire(f"{SESSION}{session.id}", 20)
    assert await next_of(feed) == Changes(sessions=(session.id,))  # that it will
    assert await next_of(feed) == Changes(sessions=(session.id,))  # that it has
    assert shell.exists(f"{SESSION}{session.id}") == 0


@pytest.mark.parametrize("command", ["flushall", "flushdb"])
async def test_a_flush_is_everything(
    feed: RedisFeed, session: Session, shell: Redis, redis_store: RedisStore, command: str
) -> None:
    """And the session is missing."""
    getattr(shell, command)()
    assert await next_of(feed) is EVERYTHING_CHANGED
    assert await redis_store.load_session(session.id) is None


async def test_an_eviction_is_told(feed: RedisFeed, session: Session, shell: Redis, redis_store: RedisStore) -> None:
    """The server is full and throws away whatever it likes: the session is missing, and no cache keeps it."""
    told: set[str] = set()
    shell.config_set("maxmemory-policy", "allkeys-random")
    for number in range(2000):
        shell.set(f"other:{number}", "x" * 1000)
    shell.config_set("maxmemory", 1)
    async with asyncio.timeout(PATIENCE):
        while shell.exists(f"{SESSION}{session.id}"):  # noqa: ASYNC110  the server evicts with each command
            await asyncio.sleep(0.001)
    shell.config_set("maxmemory", 0)
    assert await redis_store.load_session(session.id) is None
    async with asyncio.timeout(PATIENCE):
        while session.id not in told:
            told |= set((await next_of(feed)).sessions)


async def test_a_server_started_anew_is_everything(own_server: RedisServer) -> None:
    """What happened meanwhile nobody can tell."""
    with feed_of(own_server) as (feed, server):
        await server.open()
        await begun(feed)
        own_server.stop()
        await next_of(feed, wanted=False)
        own_server.start()
        assert await next_of(feed) is EVERYTHING_CHANGED
        assert feed.poll(NOW) is NOTHING_CHANGED
        await server.close()


async def test_a_feed_is_not_coherent_until_its_first_heartbeat_came_back(own_server: RedisServer) -> None:
    """As long as the store is not open none is sent."""
    with feed_of(own_server) as (feed, server):
        await asyncio.sleep(0.1)
        assert feed.poll(NOW) is UNKNOWN
        await server.open()
        await begun(feed)
        await server.close()


async def test_silence_ends_the_lease(own_server: RedisServer) -> None:
    """The server is held: no heartbeat comes back, and after the lease nothing is vouched for."""
    clock = HandClock()
    with feed_of(own_server, clock) as (feed, server):
        await server.open()
        await begun(feed)
        own_server.hold()
        clock.ahead = LEASE
        assert feed.poll(NOW) is UNKNOWN
        own_server.let_go()
        # The heartbeats that come now were sent in time by the clock of the test, and the path was never broken.
        assert (await next_of_any(feed)).coherent
        await server.close()


async def next_of_any(feed: RedisFeed) -> Changes:
    """The first answer that is coherent."""
    async with asyncio.timeout(PATIENCE):
        while True:
            changes = feed.poll(NOW)
            if changes.coherent:
                return changes
            await asyncio.sleep(0.001)


async def test_what_happened_during_silence_is_told_before_it_is_coherent_again(own_server: RedisServer) -> None:
    """A session that was ended while nothing came is never vouched for."""
    clock, session = HandClock(), a_session()
    store = RedisStore(own_server.url)
    await store.open()
    await store.start_session(session, replaces=None, now=NOW)
    with feed_of(own_server, clock) as (feed, server):
        await server.open()
        await begun(feed)
        own_server.hold()
        ending = asyncio.ensure_future(store.end_session(session.id, reason=EndReason.ADMIN, now=NOW))
        await asyncio.sleep(0.05)
        clock.ahead = LEASE
        assert feed.poll(NOW) is UNKNOWN
        own_server.let_go()
        changes = await next_of_any(feed)
        assert changes.everything or session.id in changes.sessions
        assert await ending is not None
        await server.close()
    await store.close()


async def test_a_server_that_takes_no_heartbeat_is_not_vouched_for(own_server: RedisServer) -> None:
    """A replica, or one that is full, is asked at each request."""
    clock = HandClock()
    with feed_of(own_server, clock) as (feed, server):
        await server.open()
        await begun(feed)
        with own_server.shell() as shell:
            shell.config_set("maxmemory", 1)
            clock.ahead = LEASE
            await asyncio.sleep(1.1)
            assert feed.poll(NOW) is UNKNOWN
            shell.config_set("maxmemory", 0)
        await next_of_any(feed)
        await server.close()


def test_a_feed_follows_into_another_event_loop(server: RedisServer) -> None:
    """As test clients run each request on a loop of its own. In between it vouches for nothing."""
    store = RedisStore(server.url)
    feeds: list[RedisFeed] = []

    async def first() -> None:
        await store.open()
        feed = store.feed()
        assert isinstance(feed, RedisFeed)
        feeds.append(feed)
        await begun(feed)
        await store.close()

    async def second() -> None:
        await store.open()
        await begun(feeds[0])
        feeds[0].close()
        await store.close()

    asyncio.run(first())
    assert feeds[0].poll(NOW) is UNKNOWN
    asyncio.run(second())
    assert feeds[0].poll(NOW) is UNKNOWN


def test_a_feed_that_fell_far_behind_says_everything(server: RedisServer) -> None:
    """Above 10,000 changes it does not tell each."""
    clock = HandClock()
    with feed_of(server, clock) as (feed, _):
        feed._changes()
        feed._note(["invalidate", [f"{HEARTBEAT}{feed._lease.beat(clock())}"]])
        assert feed.poll(NOW) is NOTHING_CHANGED
        feed._note(["invalidate", [f"{SESSION}{number}" for number in range(MOST_TOLD)]])
        assert len(feed.poll(NOW).sessions) == MOST_TOLD
        feed._note(["invalidate", [f"{SESSION}{number}" for number in range(MOST_TOLD + 1)]])
        assert feed.poll(NOW) is EVERYTHING_CHANGED


@pytest.mark.parametrize("message", [None, [], ["invalidate", None]])
def test_a_message_that_names_no_key_is_everything(server: RedisServer, message: list[object] | None) -> None:
    """A flush, or something that the driver could not read."""
    clock = HandClock()
    with feed_of(server, clock) as (feed, _):
        feed._changes()
        feed._note(["invalidate", [f"{HEARTBEAT}{feed._lease.beat(clock())}"]])
        feed._note(message)
        assert feed.poll(NOW) is EVERYTHING_CHANGED
