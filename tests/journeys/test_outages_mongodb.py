"""What each kind of request gets when a server that speaks MongoDB's protocol is in trouble. It is an emulator."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from handstamp.auth import Auth
from handstamp.core.errors import StoreUnavailable
from handstamp.core.lease import Lease
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.feed import MongoFeed
from outage_world import House, house
from outages import State, expected
from parts.mongo_emulator import RunningEmulator, running_emulator

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb-outages")]

TIME_LIMIT = 0.6

HELD_FOR = 3.0
"""Seconds: the time limit, where a connection is held for all of it."""

WRITES = ["insert", "update", "findAndModify", "delete"]
READS = ["find", "aggregate"]
NOT_PRIMARY = 10107
OUT_OF_DISK_SPACE = 14031


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """A server of this module's own, which does what a test says."""
    with running_emulator(tmp_path_factory.mktemp("emulator"), "--enable-test-commands") as running:
        yield running


@pytest.fixture
async def failing(emulator: RunningEmulator) -> AsyncIterator[RunningEmulator]:
    """The server, which can be told to fail, and is well again at the end."""
    yield emulator
    await emulator.fail_no_more()


def leases(auth: Auth) -> Sequence[Lease]:
    """The lease of the change stream."""
    feed = auth._cache._feed
    assert isinstance(feed, MongoFeed)
    return (feed._lease,)


@pytest.fixture
async def home(emulator: RunningEmulator) -> AsyncIterator[House]:
    """The application."""
    async with house(MongoStore(emulator.new_url(), time_limit=TIME_LIMIT), leases=leases) as built:
        yield built


async def test_while_it_is_gone_and_when_another_is_in_its_place(tmp_path: Path) -> None:
    """The driver looks for a server within the time limit, and there is none; then there is one that knows nobody."""
    with ExitStack() as servers:  # the second one goes on until the application has closed its connections
        first = servers.enter_context(running_emulator(tmp_path))
        async with house(MongoStore(first.new_url(), time_limit=TIME_LIMIT), leases=leases) as home:
            first.kill()
            assert await home.outcomes(State.GONE, time_limit=TIME_LIMIT) == expected(State.GONE)
            servers.enter_context(running_emulator(tmp_path, port=first.port))
            await home.can_write()
            assert await home.outcomes(State.EMPTY, time_limit=TIME_LIMIT) == expected(State.EMPTY)


async def test_while_it_does_not_answer(home: House, emulator: RunningEmulator) -> None:
    """Each answer comes within the time limit, and nobody waits who has nothing to ask."""
    with emulator.not_answering():
        assert await home.outcomes(State.SILENT, time_limit=TIME_LIMIT) == expected(State.SILENT)
        assert home.those_that_ask_nothing_came_first()
    await home.warmed()


async def test_while_there_is_no_primary(home: House, failing: RunningEmulator) -> None:
    """What is read is read at the primary, so that a server which is none is as good as gone.

    How it ends is not seen here: an emulator elects nobody, so the driver does not look again for ten seconds.
    """
    await failing.fail([*WRITES, *READS], errorCode=NOT_PRIMARY)
    assert await home.outcomes(State.GONE, time_limit=TIME_LIMIT) == expected(State.GONE)


@pytest.mark.parametrize(("state", "code"), [(State.FULL, OUT_OF_DISK_SPACE), (State.READ_ONLY, 64)])
async def test_while_nothing_can_be_written(home: House, failing: RunningEmulator, state: State, code: int) -> None:
    """The server's own errors, for a disk without room and for a write that reaches no majority."""
    await failing.fail(WRITES, errorCode=code)
    assert await home.outcomes(state, time_limit=TIME_LIMIT) == expected(state)
    await failing.fail_no_more()
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


async def test_while_no_connection_is_free(emulator: RunningEmulator) -> None:
    """All that the process may have wait for an answer. Nobody queues for long."""
    store = MongoStore(f"{emulator.new_url()}?maxPoolSize=3", time_limit=HELD_FOR)
    async with house(store, leases=leases) as home:
        with emulator.not_answering():
            holding = asyncio.gather(*(store.load_user("anybody") for _ in range(2)), return_exceptions=True)
            await asyncio.sleep(0.1)
            await home.many()
            assert await home.outcomes(State.BUSY, time_limit=0.5) == expected(State.BUSY)
            assert {type(outcome) for outcome in await holding} == {StoreUnavailable}
        await home.warmed()
