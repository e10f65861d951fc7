"""What the tests of the MongoDB store share: an emulator of its protocol, and a database for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pymongo import AsyncMongoClient

from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.shape import Database
from parts.mongo_emulator import RunningEmulator, running_emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """A server for all tests of this folder."""
    with running_emulator(tmp_path_factory.mktemp("emulator"), "--enable-test-commands") as running:
        yield running


@pytest.fixture
async def failing(emulator: RunningEmulator) -> AsyncIterator[RunningEmulator]:
    """The server, which can be told to fail, and is well again at the end."""
    yield emulator
    await emulator.fail_no_more()


@pytest.fixture
def url(emulator: RunningEmulator) -> str:
    """A database that nobody has used."""
    return emulator.new_url()


@pytest.fixture
async def mongo_store(url: str) -> AsyncIterator[MongoStore]:
    """An open store that keeps nothing yet."""
    store = MongoStore(url)
    await store.migrate()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def shell(mongo_store: MongoStore, url: str) -> AsyncIterator[Database]:
    """The database as ``mongosh`` has it: through a client that knows nothing of handstamp."""
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(url)
    yield client.get_default_database()
    await client.drop_database(client.get_default_database().name)
    await client.close()
