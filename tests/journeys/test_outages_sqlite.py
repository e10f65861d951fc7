"""What each kind of request gets when the file of SQLite is gone, read-only, locked, without room, or another one."""

import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.sqlite import SqliteDatabase
from outage_world import House, house
from outages import State, expected
from parts.sqlite_file import gone, locked, no_room, put_in_its_place, read_only

TIME_LIMIT = 1.0  # a busy machine has been seen to take 0.4 s for one commit


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def store(folder: Path) -> SqlStore:
    """The store, not open yet."""
    return SqlStore(f"sqlite:///{folder / 'app.db'}", time_limit=TIME_LIMIT)


@pytest.fixture
async def home(store: SqlStore) -> AsyncIterator[House]:
    """The application."""
    async with house(store) as built:
        yield built


@contextmanager
def without_rights(folder: Path, store: SqlStore) -> Generator[None]:
    """Nothing can be written, and the process has no connection from before that."""
    database = store._database
    assert isinstance(database, SqliteDatabase)
    assert database._opened is not None
    with read_only(folder):
        database._opened.writes._engine.dispose()
        yield


@contextmanager
def with_another_writer(folder: Path, _: SqlStore) -> Generator[None]:
    """Another program is in the midst of writing."""
    with locked(folder / "app.db"):
        yield


@contextmanager
def without_room(_: Path, __: SqlStore) -> Generator[None]:
    """The disk is full."""
    with no_room():
        yield


async def test_while_the_file_is_gone_and_when_it_is_back(home: House, folder: Path) -> None:
    """Nobody is signed out, and nobody let in; what was refused has changed nothing."""
    with gone(folder / "app.db"):
        assert await home.outcomes(State.GONE, time_limit=TIME_LIMIT) == expected(State.GONE)
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


@pytest.mark.parametrize(
    ("state", "trouble"),
    [
        (State.READ_ONLY, without_rights),
        (State.READ_ONLY, with_another_writer),
        (State.FULL, without_room),
    ],
)
async def test_while_nothing_can_be_written(
    home: House,
    store: SqlStore,
    folder: Path,
    state: State,
    trouble: Callable[[Path, SqlStore], AbstractContextManager[None]],
) -> None:
    """Who is signed in is let in; nobody signs in or out."""
    with trouble(folder, store):
        assert await home.outcomes(state, time_limit=TIME_LIMIT) == expected(state)
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


async def test_another_database_in_its_place(home: House, folder: Path) -> None:
    """Nobody is let in whom it does not know, memory or not."""
    other = SqlStore(f"sqlite:///{folder / 'other.db'}")
    await other.migrate()
    put_in_its_place(folder / "app.db", folder / "other.db")
    assert await home.outcomes(State.EMPTY, time_limit=TIME_LIMIT) == expected(State.EMPTY)
