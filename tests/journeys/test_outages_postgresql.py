"""What each kind of request gets when PostgreSQL is gone, silent, read-only, full, or out of connections."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, suppress

import psycopg
import pytest

from handstamp.auth import Auth
from handstamp.core.lease import Lease
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.postgresql import PostgresqlDatabase
from handstamp.stores.sql.postgresql.connections import WRITERS
from handstamp.stores.sql.postgresql.feed import PostgresqlFeed
from handstamp.stores.sql.postgresql.reader import READERS
from outage_world import House, house
from outages import State, expected
from parts.postgresql import RunningPostgresql, running_postgresql

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql-outages")]

TIME_LIMIT = 0.6

HELD_FOR = 4.0
"""Seconds for which connections are held. The time limit is longer then, as it is where nobody sets it."""

REFUSE_AS_FULL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RunningPostgresql]:
    """A server of this module's own, to be stopped."""
    with running_postgresql() as running:
        yield running


@pytest.fixture
def url(server: RunningPostgresql) -> Iterator[str]:
    """An empty database."""
    with server.database() as url:
        yield url


def leases(auth: Auth) -> Sequence[Lease]:
    """The lease of the feed."""
    feed = auth._cache._feed
    assert isinstance(feed, PostgresqlFeed)
    return (feed._lease,)


@pytest.fixture
def time_limit() -> float:
    """Seconds."""
    return TIME_LIMIT


@pytest.fixture
def store(url: str, time_limit: float) -> SqlStore:
    """The store, not open yet."""
    return SqlStore(url, time_limit=time_limit)


@pytest.fixture
async def home(store: SqlStore) -> AsyncIterator[House]:
    """The application."""
    async with house(store, leases=leases) as built:
        yield built


async def test_while_it_is_gone_and_when_it_is_back(home: House, server: RunningPostgresql) -> None:
    """Ended as in a crash. What was refused has changed nothing, and the process connects anew by itself."""
    server.kill()
    try:
        assert await home.outcomes(State.GONE, time_limit=TIME_LIMIT) == expected(State.GONE)
    finally:
        server.start()
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


async def test_while_it_does_not_answer(home: House, server: RunningPostgresql) -> None:
    """Each answer comes within the time limit, and nobody waits who has nothing to ask."""
    with server.held():
        assert await home.outcomes(State.SILENT, time_limit=TIME_LIMIT) == expected(State.SILENT)
        assert home.those_that_ask_nothing_came_first()
    await home.warmed()


async def test_while_it_is_read_only(home: House, url: str) -> None:
    """As a primary is that is about to be replaced."""
    with psycopg.connect(url, autocommit=True) as shell:
        shell.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        shell.execute("SELECT pg_reload_conf()").fetchall()
        try:
            await home.cannot_write()
            assert await home.outcomes(State.READ_ONLY, time_limit=TIME_LIMIT) == expected(State.READ_ONLY)
        finally:
            shell.execute("SET default_transaction_read_only = off")
            shell.execute("ALTER SYSTEM RESET default_transaction_read_only")
            shell.execute("SELECT pg_reload_conf()").fetchall()
    await home.can_write()
    assert await home.outcomes(State.BACK, time_limit=TIME_LIMIT) == expected(State.BACK)


async def test_while_it_is_full(home: House, url: str) -> None:
    """The server's own error for a disk without room (53100), raised by a trigger in place of a disk."""
    with psycopg.connect(url, autocommit=True) as shell:
        shell.execute(REFUSE_AS_FULL)
        tables = [name for (name,) in shell.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for table in tables:
            shell.execute(
                f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION refuse()".encode()
            )
    assert await home.outcomes(State.FULL, time_limit=TIME_LIMIT) == expected(State.FULL)


@pytest.mark.parametrize("time_limit", [HELD_FOR + 1])
async def test_while_no_connection_is_free(home: House, store: SqlStore) -> None:
    """All that the process may have are at work. Nobody queues for long."""
    database = store._database
    assert isinstance(database, PostgresqlDatabase)
    here, sleep = database._here(), f"SELECT pg_sleep({HELD_FOR})"
    held = [
        *(here.look_up(lambda reader, limit: reader.rows(sleep, limit=limit)) for _ in range(READERS)),
        *(here.write(lambda connection: connection.exec_driver_sql(sleep).close()) for _ in range(WRITERS)),
    ]
    holding = asyncio.gather(*held)
    await asyncio.sleep(0.1)
    await home.many()
    assert await home.outcomes(State.BUSY, time_limit=0.5) == expected(State.BUSY)
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)


async def test_a_server_that_lets_nobody_in_any_more_is_an_outage_at_once(home: House, url: str) -> None:
    """Out of connections itself (53300): a process that needs a new one is told so, and nobody waits."""
    with ExitStack() as opened:
        with suppress(psycopg.OperationalError):  # there are no more
            while True:
                opened.enter_context(psycopg.connect(url))
        await home.refused_at_once(SqlStore(url, time_limit=HELD_FOR))
    assert await home.get("/me", "cold") == "served"
