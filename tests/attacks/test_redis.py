"""Sessions in Redis or Valkey, attacked: loops side by side, and addresses that say too much."""

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.lease import HEARTBEAT_EVERY
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes, EndReason
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.redis import RedisStore
from handstamp.testing import NOW, a_session
from parts.redis_server import RedisServer, running

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]

PATIENCE = 10.0


class Door:
    """One address for whichever server is the primary now. Connections that are there stay where they lead."""

    def __init__(self, port: int) -> None:
        self.leads_to = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client with the primary of that moment."""
        there, to_there = await asyncio.open_connection("127.0.0.1", self.leads_to)
        for source, target in ((reader, to_there), (there, writer)):
            self._writers.add(target)
            task = asyncio.create_task(self._pass_on(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Break all connections."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
        target.close()


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
        while not over.is_set():
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


@pytest.mark.parametrize(
    "url", ["valkey://user:12#hunter2@host/0", "valkey://user:12?hunter2@host", "valkey://u:1/hunter2@h"]
)
def test_a_password_that_is_read_as_something_else_is_refused_and_not_shown(url: str) -> None:
    """The driver would go to the host ``user``, and every error would name it."""
    with pytest.raises(ConfigurationError) as refused:
        RedisStore(url)
    assert "hunter2" not in str(refused.value)


async def test_after_a_change_of_the_primary_nobody_goes_on_asking_the_old_one(
    valkey: RedisServer, tmp_path: Path
) -> None:
    """It still answers reads, by connections that stay open, and knows of no end any more.

    Each write was 503 and each read was old, until the process was started anew. And the feed did not notice that its
    own connection had gone silent.
    """
    with running("valkey-server", tmp_path) as successor, valkey.shell() as old, successor.shell() as new:
        door = Door(valkey.port)
        server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
        far = RedisStore(f"valkey://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        await far.open()
        feed, session = far.feed(), a_session()
        assert await next_of(feed) is EVERYTHING_CHANGED
        await far.start_session(session, replaces=None, now=NOW)
        await asyncio.gather(*(far.load_session(session.id) for _ in range(20)))

        new.replicaof("127.0.0.1", str(valkey.port))
        async with asyncio.timeout(PATIENCE):
            while not new.exists(f"{{handstamp}}:session:{session.id}"):  # noqa: ASYNC110  of another process
                await asyncio.sleep(0.01)
        new.execute_command("REPLICAOF", "NO", "ONE")
        old.replicaof("127.0.0.1", "1")  # it follows nobody who is there
        door.leads_to = successor.port
        near = RedisStore(successor.url)
        await near.open()
        assert await near.end_session(session.id, reason=EndReason.ADMIN, now=NOW) is not None
        await asyncio.sleep(2 * HEARTBEAT_EVERY)

        found = await asyncio.gather(*(far.load_session(session.id) for _ in range(20)))
        assert {one and one.end_reason for one in found} == {EndReason.ADMIN}
        while await next_of(feed) is not EVERYTHING_CHANGED:
            pass
        another = a_session()
        await far.start_session(another, replaces=None, now=NOW)
        assert another.id in (await next_of(feed)).sessions
        feed.close()
        await far.close()
        await near.close()
        await door.close()
        server.close()
