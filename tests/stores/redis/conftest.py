"""What the tests of the Redis store share: one server of each kind for all of them, emptied before each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from handstamp.stores.redis import RedisStore
from parts.redis_server import PROGRAMS, RedisServer, running


@pytest.fixture(scope="session", params=PROGRAMS)
def shared_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Valkey and Redis 7, one after the other."""
    with running(request.param, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """A server that keeps nothing, and has seen no script."""
    with shared_server.shell() as shell:
        shell.config_set("maxmemory", 0)
        shell.flushall()
        shell.script_flush()
    return shared_server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Valkey of the test's own, to be held, ended and started again."""
    with running("valkey-server", tmp_path) as server:
        yield server


@pytest.fixture
def shell(server: RedisServer) -> Iterator[Redis]:
    """A client that knows nothing of handstamp."""
    with server.shell() as shell:
        yield shell


@pytest.fixture
async def redis_store(server: RedisServer) -> AsyncIterator[RedisStore]:
    """An open store that keeps nothing yet."""
    store = RedisStore(server.url)
    await store.open()
    yield store
    await store.close()
