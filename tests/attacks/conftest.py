"""What the attacks share: one server of each kind, started once."""

from collections.abc import Iterator

import pytest

from parts.mongo_emulator import RunningEmulator, running_emulator
from parts.postgresql import RunningPostgresql, running_postgresql
from parts.redis_server import RedisServer, running


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
