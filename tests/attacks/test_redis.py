"""Sessions in Redis or Valkey, attacked: loops side by side, and addresses that say too much."""

import asyncio
import logging
import time
from threading import Event, Thread

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.redis import RedisStore
from handstamp.testing import NOW, a_session
from parts.redis_server import RedisServer

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]

PATIENCE = 10.0


async def next_of(feed: ChangeFeed) -> Changes:
    """The next changes that are coherent."""
    async with asyncio.timeout(PATIENCE):
        while True:
            changes = feed.poll(NOW)
            if changes is not NOTHING_CHANGED and changes.coherent:
                return changes
            await asyncio.sleep(0.001)


def followers() -> int:
    """How many tasks of the running loop follow the changes."""
    return sum("_follow" in repr(task) for task in asyncio.all_tasks())


def test_loops_that_poll_in_turn_during_an_outage_start_no_crowd(
    valkey: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One follows, in the loop in which it began. There were some hundred a second, each with a connection."""
    caplog.set_level(logging.CRITICAL)
    store, over = RedisStore(valkey.url), Event()
    counted: list[int] = []

    async def elsewhere(feed: ChangeFeed) -> None:
        while not over.is_set():  # noqa: ASYNC110  of another thread
            assert feed.poll(NOW) is UNKNOWN
            await asyncio.sleep(0.005)
        counted.append(followers())

    async def here() -> None:
        await store.open()
        feed = store.feed()
        assert await next_of(feed) is EVERYTHING_CHANGED
        threads = [Thread(target=asyncio.run, args=[elsewhere(feed)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        valkey.stop()
        for _ in range(200):
            feed.poll(NOW)
            await asyncio.sleep(0.005)
        counted.append(followers())
        over.set()
        await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
        feed.close()
        await store.close()

    asyncio.run(here())
    assert sorted(counted) == [0, 0, 1]


def test_what_changed_while_the_loop_stood_still_is_not_passed_over_in_another(valkey: RedisServer) -> None:
    """A loop that is not run any more still has the news in its socket; no other loop may vouch without them."""
    store, session = RedisStore(valkey.url), a_session()
    still = asyncio.new_event_loop()

    async def begin() -> ChangeFeed:
        await store.open()
        await store.start_session(session, replaces=None, now=NOW)
        feed = store.feed()
        assert await next_of(feed) is EVERYTHING_CHANGED
        return feed

    async def ended_and_not_told(feed: ChangeFeed) -> None:
        with valkey.shell() as shell:
            shell.hset(f"{{handstamp}}:session:{session.id}", "ended_at", "1")
        deadline = time.monotonic() + 5  # longer than the lease
        while time.monotonic() < deadline:
            assert not feed.poll(NOW).coherent
            await asyncio.sleep(0.01)

    feed = still.run_until_complete(begin())
    asyncio.run(ended_and_not_told(feed))

    async def end() -> None:
        changes = await next_of(feed)
        assert changes.everything or session.id in changes.sessions
        feed.close()
        await store.close()
        await asyncio.sleep(0)

    still.run_until_complete(end())
    still.run_until_complete(asyncio.sleep(0.1))
    still.close()


@pytest.mark.parametrize(
    "option", ["nonsense=1", "ssl=true", "ssl_cert_reqs=required", "protocol=x", "health_check_interval=x"]
)
def test_an_option_that_does_not_count_is_refused(option: str) -> None:
    """Above all what should have been TLS, and is none with this scheme."""
    with pytest.raises(ConfigurationError, match="no form such as"):
        RedisStore(f"valkey://127.0.0.1:6379/0?{option}")


async def test_options_of_the_address_cannot_take_the_feed_away(valkey: RedisServer) -> None:
    """The older protocol has no invalidations; each poll began a connection anew, in vain."""
    store = RedisStore(f"{valkey.url}?protocol=2&decode_responses=&encoding=utf-16&max_connections=1")
    await store.open()
    feed, session = store.feed(), a_session()
    assert await next_of(feed) is EVERYTHING_CHANGED
    await store.start_session(session, replaces=None, now=NOW)
    assert session.id in (await next_of(feed)).sessions
    assert await store.load_session(session.id) == session
    feed.close()
    await store.close()


@pytest.mark.parametrize("url", ["valkey://user:12#hunter2@host/0", "valkey://user:12?hunter2@host", "valkey://u:1/hunter2@h"])
def test_a_password_that_is_read_as_something_else_is_refused_and_not_shown(url: str) -> None:
    """The driver would go to the host ``user``, and every error would name it."""
    with pytest.raises(ConfigurationError) as refused:
        RedisStore(url)
    assert "hunter2" not in str(refused.value)
