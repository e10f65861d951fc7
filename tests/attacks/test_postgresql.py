"""PostgreSQL, attacked: a standby that is behind, rights that come and go, passwords in the wrong place."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.models import EndReason
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.sql import SqlStore
from handstamp.testing import NOW, a_session
from parts.postgresql import RunningPostgresql
from parts.postgresql_standby import standby_of

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]

PATIENCE = 20.0


@pytest.fixture
def database(postgresql: RunningPostgresql) -> Iterator[str]:
    """The name of a database of the test's own."""
    with postgresql.database() as url:
        yield urlsplit(url).path[1:]


@pytest.fixture
async def store(postgresql: RunningPostgresql, database: str) -> AsyncIterator[SqlStore]:
    """An open store with a database of its own."""
    store = SqlStore(postgresql.url(database))
    await store.migrate()
    await store.open()
    yield store
    await store.close()


async def coherent(feed: ChangeFeed, wanted: bool = True) -> None:  # noqa: FBT001, FBT002  one word where it is called
    """Wait until it vouches, or does not."""
    async with asyncio.timeout(PATIENCE):
        while feed.poll(NOW).coherent is not wanted:  # noqa: ASYNC110  a feed is polled
            await asyncio.sleep(0.01)


async def test_of_several_hosts_the_primary_alone_says_who_is_signed_in(
    postgresql: RunningPostgresql, database: str, store: SqlStore
) -> None:
    """Loads that went to a standby which is behind were vouched for, and let in whoever had been signed out."""
    session = a_session()
    await store.start_session(session, replaces=None, now=NOW)
    with standby_of(postgresql, follows=False) as standby:
        hosts = quote(f"{standby.socket_folder},{postgresql._folder}", safe="")
        url = f"postgresql://postgres@/{database}?host={hosts}&load_balance_hosts=random"
        await store.end_session(session.id, reason=EndReason.SIGNED_OUT, now=NOW)
        fleet = [SqlStore(url) for _ in range(8)]
        for one in fleet:
            await one.open()
            found = await one.load_session(session.id)
            assert found is not None
            assert found.end_reason is EndReason.SIGNED_OUT
            await one.close()

        alone = SqlStore(f"postgresql://postgres@/{database}?host={quote(str(standby.socket_folder), safe='')}")
        with pytest.raises(StoreUnavailable, match="standby"):
            await alone.open()


@pytest.mark.parametrize("which", ["any", "standby", "prefer-standby", "read-only"])
def test_a_url_that_asks_for_a_standby_is_refused(which: str) -> None:
    """It may not know yet who has been signed out."""
    with pytest.raises(ConfigurationError, match=f"target_session_attrs={which} .* write primary"):
        SqlStore(f"postgresql://user@one,two/app?target_session_attrs={which}")
    SqlStore("postgresql://user@one,two/app?target_session_attrs=read-write")


@pytest.mark.parametrize("url", ["postgresql://user:p@hunter2@host/app", "postgresql://user:12/hunter2@host/app"])
async def test_a_password_that_is_read_as_something_else_is_refused_and_not_shown(url: str) -> None:
    """It became the name of the host, or of the database, and every error named it."""
    with pytest.raises(ConfigurationError, match="%40") as refused:
        SqlStore(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.usefixtures("store")
async def test_a_feed_outlives_rights_that_are_taken_away_for_a_while(
    postgresql: RunningPostgresql, database: str
) -> None:
    """What is no outage, as a refusal, ended it for good: each request asked, until the process was started anew."""
    with psycopg.connect(postgresql.url(database), autocommit=True) as psql:
        role = f"app_{time.monotonic_ns()}"
        psql.execute(f"CREATE ROLE {role} LOGIN".encode())
        psql.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}".encode())
        theirs = SqlStore(postgresql.url(database).replace("postgres@", f"{role}@"))
        await theirs.open()
        feed = theirs.feed()
        await coherent(feed)
        psql.execute(f"REVOKE SELECT ON handstamp_version FROM {role}".encode())  # noqa: S608  a name of ours
        psql.execute(b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [role])
        await coherent(feed, wanted=False)
        await asyncio.sleep(1)
        assert not feed.poll(NOW).coherent
        psql.execute(f"GRANT SELECT ON handstamp_version TO {role}".encode())
        await coherent(feed)
        feed.close()
        await theirs.close()
        psql.execute(f"DROP OWNED BY {role}".encode())
        psql.execute(f"DROP ROLE {role}".encode())
