"""What the attacks share: one server of each kind, started once."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handstamp.stores.sql.postgresql import connections
from parts.mongo_emulator import RunningEmulator, running_emulator
from parts.postgresql import RunningPostgresql, running_postgresql
from parts.redis_server import RedisServer, running
from places import ATTACKERS, Place


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """A server that speaks MongoDB's protocol."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[RunningPostgresql]:
    """A PostgreSQL server."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Valkey of the test's own."""
    with running("valkey-server", tmp_path_factory.mktemp("valkey")) as server:
        yield server


DATABASES = (
    "memory",
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.network, pytest.mark.xdist_group("postgresql")]),
    pytest.param("mongodb", marks=[pytest.mark.network, pytest.mark.xdist_group("mongodb")]),
)
VALKEY = pytest.param("valkey", marks=[pytest.mark.network, pytest.mark.xdist_group("redis")])


@contextmanager
def _place(request: pytest.FixtureRequest, tmp_path: Path, patch: pytest.MonkeyPatch) -> Generator[Place]:
    kind, sqlite = request.param, f"sqlite:///{tmp_path / 'app.db'}"
    if kind == "postgresql":
        # Those who attack are at the database at once: with fewer connections some would be told to come again.
        patch.setattr(connections, "WRITERS", ATTACKERS // 2)
        server: RunningPostgresql = request.getfixturevalue("postgresql")
        with server.database() as url:
            yield Place(kind, url)
    elif kind == "mongodb":
        emulator: RunningEmulator = request.getfixturevalue("emulator")
        yield Place(kind, emulator.new_url())
    elif kind == "valkey":
        valkey: RedisServer = request.getfixturevalue("valkey")
        yield Place(kind, sqlite, valkey.url)
    else:
        yield Place(kind, "memory://" if kind == "memory" else sqlite)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Place]:
    """Each database in turn, empty."""
    with _place(request, tmp_path, monkeypatch) as place:
        yield place


@pytest.fixture(params=(*DATABASES, VALKEY))
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Place]:
    """Each place in turn, empty: the databases, and SQLite with sessions in Valkey."""
    with _place(request, tmp_path, monkeypatch) as place:
        yield place
