"""What the PostgreSQL store does when something is in its way."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Generator
from contextlib import contextmanager
from threading import Thread

import psycopg
import pytest
import sqlalchemy.exc
from sqlalchemy import Connection

from handstamp.backends import store_at
from handstamp.core.errors import ConfigurationError, StoreUnavailable
from handstamp.core.models import EndReason
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.postgresql import PostgresqlDatabase
from handstamp.stores.sql.postgresql.connections import WRITERS
from handstamp.stores.sql.postgresql.reader import READERS, WAIT_FOR_FREE
from handstamp.testing import CALLERS, NOW, a_profile, a_session
from parts.ports import free_port
from parts.postgresql import RunningPostgresql

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]

Psql = psycopg.Connection[tuple[object, ...]]

TIME_LIMIT = 0.3


@pytest.fixture
async def hasty(postgresql_store: SqlStore, postgresql_url: str) -> AsyncIterator[SqlStore]:
    """A store on the same database that waits for 0.3 s."""
    store = SqlStore(postgresql_url, time_limit=TIME_LIMIT)
    await store.open()
    yield store
    await store.close()


@contextmanager
def locked(psql: Psql, table: str) -> Generator[None]:
    """Somebody else holds a table, for readers too."""
    with psql.transaction(force_rollback=True):
        psql.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def test_the_url_chooses_the_database() -> None:
    """``postgresql://`` and the short form that some hosts give."""
    assert isinstance(store_at("postgresql://user@host/app"), SqlStore)
    assert isinstance(store_at("postgres://user@host/app"), SqlStore)


@pytest.mark.parametrize(
    "url",
    ["postgresql://user:hunter2/x@host/app", "postgresql://u:hunter2@h/d?nonsense=1", "postgresql://u:hunter2@[h"],
)
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(url: str) -> None:
    """The message says what to do, and repeats no password."""
    with pytest.raises(ConfigurationError, match="postgresql://user:password@host/database") as refused:
        store_at(url)
    assert "hunter2" not in str(refused.value)


async def test_a_server_that_is_not_there_is_unavailable_at_once() -> None:
    """The message names host and database, and no password."""
    store = SqlStore(f"postgresql://user:hunter2@127.0.0.1:{free_port()}/app")
    for step in (store.open, store.migrate):
        with pytest.raises(StoreUnavailable, match=r"app at 127\.0\.0\.1") as unavailable:
            await step()
        assert "hunter2" not in f"{unavailable.value} {unavailable.value.__cause__}"


@pytest.mark.parametrize("step", ["open", "migrate"])
async def test_a_wrong_user_or_database_is_a_matter_of_the_set_up(postgresql: RunningPostgresql, step: str) -> None:
    """The server answers, and says no."""
    for url in (postgresql.url("missing"), postgresql.url().replace("postgres@", "nobody:hunter2@")):
        with pytest.raises(ConfigurationError, match="does not let handstamp in") as refused:
            await getattr(SqlStore(url), step)()
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("package", ["psycopg", "alembic"])
def test_a_missing_package_names_the_extra(package: str, postgresql_url: str) -> None:
    """Without the extra, the message says which one to install."""
    code = (
        f"import asyncio, sys; sys.modules['{package}'] = None\n"
        "from handstamp.stores.sql import SqlStore\n"
        f"asyncio.run(SqlStore('{postgresql_url}').migrate())"
    )
    outcome = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert f"{package}: install handstamp[postgresql]" in outcome.stderr


async def test_a_store_that_is_not_open_is_unavailable(postgresql_url: str) -> None:
    """Before open and after close nothing is answered."""
    with pytest.raises(StoreUnavailable, match="not open"):
        await SqlStore(postgresql_url).load_session("one")


async def test_a_store_is_refused_after_a_fork(postgresql_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection must not be carried across a fork; closing it there is left to the parent."""
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        with pytest.raises(ConfigurationError, match="in each process"):
            await postgresql_store.load_session("one")
        with pytest.raises(ConfigurationError, match="in each process"):
            await postgresql_store.open()


async def test_a_locked_table_is_unavailable_within_the_limit(hasty: SqlStore, psql: Psql) -> None:
    """For readers and writers; whoever gave up has changed nothing; afterwards all is well."""
    session = a_session()
    await hasty.start_session(session, replaces=None, now=NOW)
    with locked(psql, "sessions"):
        began = time.monotonic()
        outcomes = await asyncio.gather(
            hasty.load_session(session.id),
            hasty.list_sessions(session.user_id, now=NOW),
            hasty.end_session(session.id, reason=EndReason.ADMIN, now=NOW),
            return_exceptions=True,
        )
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
        assert time.monotonic() - began < 10 * TIME_LIMIT
    assert await hasty.load_session(session.id) == session


async def test_more_callers_than_connections_do_not_wait_for_ever(hasty: SqlStore, psql: Psql) -> None:
    """Each hears in time that the store is unavailable, whether it had a connection or not."""
    with locked(psql, "sessions"):
        began = time.monotonic()
        calls: list[Awaitable[object]] = []
        calls += [hasty.start_session(a_session(), replaces=None, now=NOW) for _ in range(4 * WRITERS)]
        calls += [hasty.load_session("one") for _ in range(4 * WRITERS)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
        assert time.monotonic() - began < 10 * TIME_LIMIT
    assert await hasty.load_session("one") is None


async def test_a_queue_that_moves_is_no_outage(postgresql_store: SqlStore) -> None:
    """Those at its end wait for longer than anybody would wait for connections that hang."""
    database = postgresql_store._database
    assert isinstance(database, PostgresqlDatabase)
    here, slow = database._here(), WAIT_FOR_FREE * 0.6
    began = time.monotonic()
    await asyncio.gather(
        *(
            here.look_up(lambda reader, limit: reader.rows(f"SELECT pg_sleep({slow})", limit=limit))
            for _ in range(3 * READERS)
        )
    )
    assert time.monotonic() - began > 3 * slow > WAIT_FOR_FREE


async def test_a_server_that_cannot_be_written_can_still_be_read(postgresql_store: SqlStore, psql: Psql) -> None:
    """As a standby, or a primary that is being replaced."""
    session = a_session()
    await postgresql_store.start_session(session, replaces=None, now=NOW)
    await postgresql_store.close()
    name = psql.info.dbname
    psql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
    await postgresql_store.open()
    with pytest.raises(StoreUnavailable, match="read-only"):
        await postgresql_store.end_session(session.id, reason=EndReason.ADMIN, now=NOW)
    assert await postgresql_store.load_session(session.id) == session
    psql.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())


async def test_connections_that_an_administrator_ends_are_made_anew(postgresql_store: SqlStore, psql: Psql) -> None:
    """Idle ones are noticed before they are used: nobody hears of it (57P01)."""
    session = a_session()
    await postgresql_store.start_session(session, replaces=None, now=NOW)
    await postgresql_store.load_session(session.id)
    psql.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchall()
    assert await postgresql_store.load_session(session.id) == session
    assert await postgresql_store.end_session(session.id, reason=EndReason.ADMIN, now=NOW) is not None


async def test_a_server_that_stops_is_unavailable_until_it_is_back(
    postgresql_store: SqlStore, postgresql: RunningPostgresql
) -> None:
    """In the midst of a statement too; nobody waits for it."""
    sleeping = asyncio.ensure_future(
        postgresql_store._database.write(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(4)").close())
    )
    await asyncio.sleep(0.1)
    await asyncio.to_thread(postgresql.stop)
    try:
        for call in (sleeping, postgresql_store.load_session("one"), postgresql_store.list_users()):
            with pytest.raises(StoreUnavailable):
                await call
    finally:
        postgresql.start()
    assert await postgresql_store.load_session("one") is None
    assert await postgresql_store.list_users() == ()


async def test_two_transactions_in_each_others_way_are_both_done(postgresql_store: SqlStore, psql: Psql) -> None:
    """The one that the server undoes (40P01) is run again."""
    sessions = [a_session(id=name) for name in ("one", "two")]
    for session in sessions:
        await postgresql_store.start_session(session, replaces=None, now=NOW)

    def lock_both(first: str, second: str) -> None:
        def work(connection: Connection) -> None:
            for one in (first, second):
                connection.exec_driver_sql("UPDATE sessions SET aal = aal + 1 WHERE id = %s", (one,)).close()
                connection.exec_driver_sql("SELECT pg_sleep(0.2)").close()

        calls.append(postgresql_store._database.write(work))

    calls: list[Awaitable[object]] = []
    lock_both("one", "two")
    lock_both("two", "one")
    await asyncio.gather(*calls)
    assert psql.execute("SELECT aal FROM sessions").fetchall() == [(3,), (3,)]


async def test_a_defect_is_not_taken_for_an_outage(postgresql_store: SqlStore) -> None:
    """A wrong statement comes to light."""
    with pytest.raises(sqlalchemy.exc.ProgrammingError, match="nonsense"):
        await postgresql_store._database.read(
            lambda connection: connection.exec_driver_sql("SELECT nonsense").close()
        )


async def test_lists_are_read_in_transactions_that_cannot_write(postgresql_store: SqlStore) -> None:
    """And that see one state of the database."""

    def settings(connection: Connection) -> list[object]:
        names = ("transaction_read_only", "transaction_isolation")
        return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    assert await postgresql_store._database.read(settings) == ["on", "repeatable read"]
    assert await postgresql_store._database.write(settings) == ["off", "read committed"]


@pytest.mark.parametrize(("server", "ours"), [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
async def test_a_commit_is_on_the_disk_before_a_verb_returns(
    postgresql_store: SqlStore, psql: Psql, server: str, ours: str
) -> None:
    """Where the server is set to be quicker than that, too; a slower one stays as it is."""
    await postgresql_store.close()
    psql.execute(f"ALTER DATABASE {psql.info.dbname} SET synchronous_commit = {server}".encode())
    await postgresql_store.open()

    def setting(connection: Connection) -> object:
        return connection.exec_driver_sql("SHOW synchronous_commit").scalar()

    assert await postgresql_store._database.write(setting) == ours


async def test_a_frozen_process_does_not_hold_its_locks_for_ever(postgresql_store: SqlStore) -> None:
    """The server ends what a client has given up, or left."""

    def settings(connection: Connection) -> list[object]:
        names = ("statement_timeout", "idle_in_transaction_session_timeout")
        return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    assert await postgresql_store._database.write(settings) == ["5s", "10s"]


def test_event_loops_may_use_a_store_in_turn_and_at_once(postgresql_url: str) -> None:
    """Of callers on several loops one ends the session; connections of loops that are gone are let go."""
    store, session = SqlStore(postgresql_url), a_session()
    outcomes: list[object] = []

    async def begin() -> None:
        await store.migrate()
        await store.open()
        await store.start_session(session, replaces=None, now=NOW)

    async def end() -> None:
        calls = [store.end_session(session.id, reason=EndReason.ADMIN, now=NOW) for _ in range(CALLERS)]
        outcomes.extend(await asyncio.gather(*calls))

    asyncio.run(begin())
    threads = [Thread(target=asyncio.run, args=(end(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(store.close())
    assert len(outcomes) == 2 * CALLERS
    assert sum(outcome is not None for outcome in outcomes) == 1


async def test_a_user_and_the_roles_survive_callers_that_do_everything_at_once(
    postgresql_store: SqlStore, postgresql_url: str
) -> None:
    """Signing in, changing roles and deleting one user wait for each other, and none fails."""
    peer, profile = SqlStore(postgresql_url), a_profile()
    await peer.open()
    user, _ = await postgresql_store.upsert_identity(profile, user_id="ada", now=NOW)

    async def act(number: int) -> object:
        store = peer if number % 2 else postgresql_store
        if number % 5 == 4:
            return await store.delete_user(user.id)
        if number % 2:
            return await store.change_roles(user.id, add=frozenset({"a"}), remove=frozenset({"b"}))
        return await store.upsert_identity(profile, user_id=f"ada-{number}", now=NOW + number)

    await asyncio.gather(*(act(number) for number in range(CALLERS)))
    users = await peer.list_users()
    assert len(users) == 1
    assert len(await peer.list_identities(users[0].id)) == 1
    await peer.close()
