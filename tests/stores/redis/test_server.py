"""Addresses, and every way in which a server can fail to answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from shutil import rmtree

import pytest

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.models import EndReason, Session
from handstamp.stores.redis import RedisStore
from handstamp.stores.redis.server import Server, _address
from handstamp.testing import NOW, a_session
from parts.ports import free_port
from parts.redis_server import RedisServer

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]


@pytest.fixture
async def store(own_server: RedisServer) -> AsyncIterator[RedisStore]:
    """An open store that waits for half a second."""
    store = RedisStore(own_server.url, time_limit=0.5)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def session(store: RedisStore) -> Session:
    """A session that is stored."""
    session = a_session()
    await store.start_session(session, replaces=None, now=NOW)
    return session


async def refuses_every_write(store: RedisStore, session: Session) -> None:
    """Each verb that writes says so, and nothing is half done."""
    new = a_session(user_id=session.user_id)
    writes: list[Callable[[], Awaitable[object]]] = [
        lambda: store.start_session(new, replaces=session.id, now=NOW),
        lambda: store.swap_generations(session.id, seen=session.generations, becomes=session.generations, now=NOW),
        lambda: store.touch_sessions({session.id: NOW + 1}),
        lambda: store.end_session(session.id, reason=EndReason.ADMIN, now=NOW),
        lambda: store.end_sessions(session.user_id, reason=EndReason.ADMIN, now=NOW),
        lambda: store.purge_sessions(now=session.expires_at, limit=1),
        lambda: store.consume_challenge("challenge", expires_at=NOW + 1, now=NOW),
        lambda: store.purge_challenges(now=NOW, limit=1),
        lambda: store.count_attempt("key", burst=1, every=1.0, now=NOW),
        lambda: store.purge_attempts(now=NOW, limit=1),
        lambda: store.take_lease("work", holder="a", until=NOW + 1, now=NOW),
        lambda: store.release_lease("work", holder="a"),
    ]
    for write in writes:
        with pytest.raises(StoreUnavailable):
            await write()


async def goes_on_reading(store: RedisStore, session: Session) -> None:
    """What can be read is read, as it was."""
    assert await store.load_session(session.id) == session
    assert await store.list_sessions(session.user_id, now=NOW) == (session,)


@pytest.mark.parametrize(
    "url",
    [
        "valkey://host:port/0",
        "redis://host:99999",
        "valkey://[::1",
        "redis://host/x/y",
        "valkey://",
        "mongodb://host",
    ],
)
def test_an_address_without_form_is_refused(url: str) -> None:
    """With the forms that there are."""
    with pytest.raises(ConfigurationError, match="no form such as valkey://host:6379/0"):
        RedisStore(url)


def test_an_address_that_is_refused_is_not_repeated() -> None:
    """It may carry a password."""
    with pytest.raises(ConfigurationError) as refused:
        RedisStore("valkey://user:pa55word@host:port/0")
    assert "pa55word" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_nobody_there_is_an_outage() -> None:
    """At the start too, with the address, and without the password."""
    store = RedisStore(f"valkey://:pa55word@127.0.0.1:{free_port()}/0", time_limit=0.5)
    with pytest.raises(StoreUnavailable, match=r"at 127\.0\.0\.1:\d+ cannot be used now") as refused:
        await store.open()
    assert "pa55word" not in str(refused.value)
    await store.close()


async def test_a_store_that_is_not_open_cannot_be_asked(own_server: RedisServer) -> None:
    """It says so."""
    with pytest.raises(StoreUnavailable, match="is not open"):
        await RedisStore(own_server.url).load_session("any")


async def test_a_wrong_password_is_a_matter_of_configuration(own_server: RedisServer) -> None:
    """Waiting would not help."""
    with own_server.shell() as shell:
        shell.config_set("requirepass", "right")
    store = RedisStore(f"valkey://:wrong@127.0.0.1:{own_server.port}/0")
    with pytest.raises(ConfigurationError, match="refuses us"):
        await store.open()
    await store.close()


async def test_a_user_who_may_not_run_scripts_is_a_matter_of_configuration(own_server: RedisServer) -> None:
    """The message is the server's."""
    with own_server.shell() as shell:
        shell.acl_setuser("app", enabled=True, passwords=["+pw"], keys=["*"], commands=["+ping"])
    store = RedisStore(f"valkey://app:pw@127.0.0.1:{own_server.port}/0")
    with pytest.raises(ConfigurationError, match="no permissions"):
        await store.open()
    await store.close()


async def test_a_server_that_cannot_run_the_scripts_is_refused(
    own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one before version 7, which does not know their first line."""
    monkeypatch.setattr("handstamp.stores.redis.server.ALL", ())
    store = RedisStore(own_server.url)
    with pytest.raises(ConfigurationError, match="Redis 7 or later"):
        await store.open()
    await store.close()


async def test_a_server_that_ended_is_an_outage(store: RedisStore, session: Session, own_server: RedisServer) -> None:
    """And one that was started again has forgotten everything: the session is missing."""
    own_server.stop()
    with pytest.raises(StoreUnavailable):
        await store.load_session(session.id)
    own_server.start()
    assert await store.load_session(session.id) is None


async def test_silence_is_an_outage_within_the_time_limit(
    store: RedisStore, session: Session, own_server: RedisServer
) -> None:
    """The server is held: connections stay, and nothing comes."""
    own_server.hold()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="no answer in time"):
        await store.load_session(session.id)
    assert 0.5 <= time.monotonic() - began < 1.5
    own_server.let_go()
    assert await store.load_session(session.id) == session


async def test_a_server_that_is_full_is_read_and_not_written(
    store: RedisStore, session: Session, own_server: RedisServer
) -> None:
    """``noeviction``: refused before the first step."""
    with own_server.shell() as shell:
        shell.config_set("maxmemory-policy", "noeviction")
        shell.config_set("maxmemory", 1)
    await refuses_every_write(store, session)
    await goes_on_reading(store, session)


async def test_a_replica_is_read_and_not_written(
    store: RedisStore, session: Session, own_server: RedisServer
) -> None:
    """READONLY, as after the roles of two servers were exchanged."""
    with own_server.shell() as shell:
        shell.replicaof("127.0.0.1", str(free_port()))
    await refuses_every_write(store, session)
    await goes_on_reading(store, session)


async def test_a_server_that_cannot_save_is_read_and_not_written(
    store: RedisStore, session: Session, own_server: RedisServer, tmp_path: Path
) -> None:
    """MISCONF: its folder is gone."""
    with own_server.shell() as shell:
        shell.config_set("save", "3600 1000000")
        rmtree(tmp_path)
        shell.bgsave()
        async with asyncio.timeout(10):
            while shell.info("persistence")["rdb_last_bgsave_status"] == "ok":  # noqa: ASYNC110  the server tells nobody
                await asyncio.sleep(0.01)
    await refuses_every_write(store, session)
    await goes_on_reading(store, session)


async def test_a_server_that_waits_for_its_primary_is_an_outage(
    store: RedisStore, session: Session, own_server: RedisServer
) -> None:
    """MASTERDOWN: what it has may be old."""
    with own_server.shell() as shell:
        shell.config_set("replica-serve-stale-data", "no")
        shell.replicaof("127.0.0.1", str(free_port()))
    with pytest.raises(StoreUnavailable):
        await store.load_session(session.id)


async def test_the_rights_that_the_page_on_operating_names_are_enough(own_server: RedisServer) -> None:
    """For every verb, and for the feed."""
    with own_server.shell() as shell:
        rights = ["+@read", "+@write", "+@scripting", "+@connection"]
        shell.acl_setuser("app", enabled=True, passwords=["+pw"], keys=["{handstamp}:*"], commands=rights)
    store, session = RedisStore(f"valkey://app:pw@127.0.0.1:{own_server.port}/0"), a_session()
    await store.open()
    await store.start_session(session, replaces=None, now=NOW)
    await store.touch_sessions({session.id: NOW + 1})
    assert await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW + 1) is not None
    assert await store.consume_challenge("challenge", expires_at=NOW + 1, now=NOW)
    assert await store.purge_sessions(now=session.expires_at, limit=1) == 1
    feed = store.feed()
    async with asyncio.timeout(10):
        while not feed.poll(NOW).coherent:  # noqa: ASYNC110  a feed is polled
            await asyncio.sleep(0.001)
    feed.close()
    await store.close()


async def test_whoever_is_cancelled_stops_wherever_it_stands(own_server: RedisServer) -> None:
    """While it connects, sends or reads: none goes on as if nobody had asked it to stop."""
    for steps in range(30):
        store = RedisStore(own_server.url)
        await store.open()
        await store._server._of_loops[asyncio.get_running_loop()].close()  # so that it connects again

        async def ask_and_wait(store: RedisStore = store) -> None:
            await store.load_session("one")
            await asyncio.sleep(60)

        task = asyncio.create_task(ask_and_wait())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=0.2)
        assert done, steps
        await store.close()


def test_the_connections_of_a_loop_that_is_gone_are_not_kept(own_server: RedisServer) -> None:
    """Test clients run each request on a loop of its own."""
    server = Server(own_server.url, time_limit=0.5)
    loops: set[asyncio.AbstractEventLoop] = set()

    async def asks() -> None:
        await server.open()
        (loop,) = server._of_loops
        loops.add(loop)
        for _, connection in server._of_loops[loop]._idle:
            await connection.disconnect()

    for _ in range(3):
        asyncio.run(asks())
    assert len(loops) == 3


def test_each_address_has_its_meaning() -> None:
    """TLS by the scheme; a socket by its path."""
    assert _address("valkeys://host/1") == ("rediss://host/1", "host:6379")
    assert _address("redis://user:pw@host:7000") == ("redis://user:pw@host:7000", "host:7000")
    assert _address("unix:///run/valkey.sock?db=0") == ("unix:///run/valkey.sock?db=0", "/run/valkey.sock")
