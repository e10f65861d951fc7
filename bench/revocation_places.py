"""The stores whose news is measured, and how the path of news to one process is held."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import psycopg
from bench.measure import CannotMeasure

from parts.mongo_emulator import running_emulator
from parts.postgresql import running_postgresql
from parts.redis_server import running
from parts.stalling import StallingProxy, stalling_proxy


class NewsPath(Protocol):
    """The way by which news comes to one of the processes."""

    def hold(self) -> None:
        """Let nothing through, and keep the connection open."""
        ...

    def let_go(self) -> None:
        """Let through what was held, and what comes."""
        ...


@dataclass(frozen=True, slots=True)
class There:
    """A store that runs."""

    database: str
    sessions: str | None = None
    database_by_proxy: str | None = None
    """The URL for the process whose listening connection is held by a proxy; None: as for the others."""
    sessions_by_proxy: str | None = None
    path: NewsPath | None = None
    """None: nobody listens, as on SQLite."""


@dataclass(frozen=True, slots=True)
class Place:
    """A store that can be started."""

    name: str
    bound: float
    """Seconds: what the product promises of 99 in 100."""
    running: Callable[[Path], AbstractContextManager[There]]


@contextmanager
def _sqlite(folder: Path) -> Generator[There]:
    yield There(f"sqlite:///{folder}/revocation.db")


class _Backend:
    """The server's process behind the oldest connection that listens. What it says waits while it is stopped."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopped: int | None = None

    def hold(self) -> None:
        """See ``NewsPath``."""
        with psycopg.connect(self._url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' ORDER BY backend_start LIMIT 1"
            ).fetchone()
        if found is None:
            raise CannotMeasure("no connection listens")
        self._stopped = found[0]
        os.kill(found[0], signal.SIGSTOP)

    def let_go(self) -> None:
        """See ``NewsPath``."""
        if self._stopped is not None:
            os.kill(self._stopped, signal.SIGCONT)
            self._stopped = None


class _Proxy:
    """A proxy in a thread of its own. It holds connections whose client has sent one of the marks."""

    def __init__(self, server_port: int, marks: Sequence[bytes]) -> None:
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(server_port, marks),))
        self._proxy: StallingProxy
        self.port = 0
        self._thread.start()
        self._ready.wait()

    def hold(self) -> None:
        """See ``NewsPath``."""
        self._loop.call_soon_threadsafe(self._proxy.stall)

    def let_go(self) -> None:
        """See ``NewsPath``."""
        self._loop.call_soon_threadsafe(self._proxy.flow)

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self, server_port: int, marks: Sequence[bytes]) -> None:
        async with stalling_proxy(server_port, marks) as (self._proxy, self.port):
            self._ready.set()
            await self._done.wait()


@contextmanager
def _postgresql(folder: Path) -> Generator[There]:
    del folder
    with running_postgresql() as server, server.database() as url:
        path = _Backend(url)
        try:
            yield There(url, path=path)
        finally:
            path.let_go()


@contextmanager
def _redis(folder: Path, program: str) -> Generator[There]:
    with running(program, folder) as server, _proxy(server.port, [b"TRACKING"]) as proxy:
        held = server.url.replace(str(server.port), str(proxy.port))
        yield There(f"sqlite:///{folder}/users.db", sessions=server.url, sessions_by_proxy=held, path=proxy)


@contextmanager
def _mongodb(folder: Path) -> Generator[There]:
    with running_emulator(folder) as server, _proxy(server.port, [b"$changeStream", b"getMore"]) as proxy:
        url = server.new_url()
        yield There(url, database_by_proxy=url.replace(str(server.port), str(proxy.port)), path=proxy)


@contextmanager
def _proxy(server_port: int, marks: Sequence[bytes]) -> Generator[_Proxy]:
    proxy = _Proxy(server_port, marks)
    try:
        yield proxy
    finally:
        proxy.stop()


PLACES: Final = {
    "sqlite": Place("SQLite", 0.001, _sqlite),
    "postgresql": Place("PostgreSQL", 0.010, _postgresql),
    "valkey": Place("Valkey", 0.005, partial(_redis, program="valkey-server")),
    "redis": Place("Redis", 0.005, partial(_redis, program="redis-server")),
    "mongodb": Place("MongoDB protocol (SecantusDB)", 0.020, _mongodb),
}
