"""Processes and servers are killed in the midst of sign-ins, rotations and sign-outs. What was answered holds.

``make soak`` does 10,000 operations at each store.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from handstamp.core.lease import LEASE
from handstamp.core.models import EndReason
from handstamp.stores.sql import SqlStore
from handstamp.testing import NOW, a_session
from killing import Account, crowd, operations
from parts.crowd import Place
from parts.mongo_emulator import running_emulator
from parts.postgresql import running_postgresql
from parts.redis_server import PROGRAMS, RedisServer, running

pytestmark = [pytest.mark.network, pytest.mark.soak]

OPERATIONS = operations(500)
OF_THE_EMULATOR = operations(250)
"""It takes eight times as long as the others for each."""

PROCESS_KILLS = 3
SERVER_KILLS = 2

AT_ONCE = 0.0
"""Seconds from the answer to a sign-out until memory refuses the session, in every process."""

UNWRITTEN = 2.5
"""Seconds of answers that Redis and Valkey may lose with ``everysec``: while the disk is busy for so long, they are
held back from the system. Their manual says two; the rest is for a busy machine."""

IN_THE_MIDST = """
import asyncio, sys, time
from handstamp.stores.sql import SqlStore

def work(connection):
    connection.exec_driver_sql("PRAGMA cache_size = 1").close()  # so that what is not committed is in the file
    for generation in range(2, 200):
        connection.exec_driver_sql(f"UPDATE sessions SET generation = {generation}").close()
    connection.exec_driver_sql("UPDATE sessions SET ended_at = 1, end_reason = 'admin'").close()
    print("there", flush=True)
    time.sleep(60)

async def main():
    store = SqlStore(sys.argv[1])
    await store.open()
    await store._database.write(work)

asyncio.run(main())
"""

Kill = Callable[[], None]


async def disturbed(
    place: Place,
    server_kills: Sequence[Kill] = (),
    *,
    lag: float,
    count: int = OPERATIONS,
    forgiven: Callable[[float], bool] = lambda _: False,
) -> None:
    """Let a crowd work and kill in between. What was answered holds, and nobody is let in who had signed out."""
    auth = place.auth()
    await auth.open()  # makes the tables
    await auth.close()
    with crowd(place) as people:
        people.work(count, [people.kill_one] * PROCESS_KILLS + [*server_kills])
        seen = people.end()
    account = Account(people.lines, forgiven)
    await auth.open()
    assert await account.faults(auth) == []
    await auth.close()
    let_in = [one for one in seen.let_in if account.holds_for(one.session)]
    assert [one for one in let_in if not one.by_memory or one.after > lag] == []
    assert min(seen.asked, seen.warm) > count / 50


def again(server: RedisServer) -> Kill:
    """End it where it stands, and start it again from what it has written."""

    def kill() -> None:
        server.stop()
        server.start()

    return kill


def kill_in_the_midst(database: Path) -> None:
    """Let another process begin a transaction that is large enough to be in the file, and kill it."""
    log = Path(f"{database}-wal")
    before = log.read_bytes()
    command = [sys.executable, "-c", IN_THE_MIDST, f"sqlite:///{database}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"there\n"
        writer.kill()
    assert log.read_bytes() != before


async def test_processes_on_sqlite(tmp_path: Path) -> None:
    """Each sign-out counts in every process when it is answered, whoever is killed."""
    await disturbed(Place(str(tmp_path), f"sqlite:///{tmp_path / 'app.db'}"), lag=AT_ONCE)


async def test_the_only_writer_of_sqlite_in_the_midst_of_a_transaction(tmp_path: Path) -> None:
    """Nothing of it is there, though it was in the file, and the next writer need not wait."""
    database, sessions = tmp_path / "app.db", [a_session(id=f"session-{number}") for number in range(200)]
    store = SqlStore(f"sqlite:///{database}")
    await store.migrate()
    await store.open()
    for session in sessions:
        await store.start_session(session, replaces=None, now=NOW)
    kill_in_the_midst(database)
    assert [await store.load_session(session.id) for session in sessions] == sessions
    assert await store.end_session(sessions[0].id, reason=EndReason.SIGNED_OUT, now=NOW) is not None
    await store.close()


@pytest.mark.xdist_group("postgresql")
async def test_processes_and_server_of_postgresql(tmp_path: Path) -> None:
    """A server that is set to answer before it writes does not do so to handstamp."""
    with running_postgresql(fsync="on", synchronous_commit="off", wal_writer_delay="10s") as server:

        def kill() -> None:
            server.kill()
            server.start()

        with server.database() as url:
            kills = [*[kill] * SERVER_KILLS, server.kill_one_backend]
            await disturbed(Place(str(tmp_path), url), kills, lag=LEASE)


@pytest.mark.xdist_group("redis")
@pytest.mark.parametrize("program", PROGRAMS)
async def test_processes_and_server_of_sessions_that_writes_always(tmp_path: Path, program: str) -> None:
    """Valkey and Redis with ``appendonly yes`` and ``appendfsync always``."""
    with running(program, tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        place = Place(str(tmp_path), f"sqlite:///{tmp_path / 'app.db'}", server.url)
        await disturbed(place, [again(server)] * SERVER_KILLS, lag=LEASE)


@pytest.mark.xdist_group("redis")
async def test_processes_and_server_of_sessions_that_writes_every_second(tmp_path: Path) -> None:
    """What was answered some seconds before the server is killed holds with ``appendfsync everysec``."""
    killed: list[float] = []
    with running("valkey-server", tmp_path, "--appendonly", "yes", "--appendfsync", "everysec") as server:

        def kill() -> None:
            server.stop()
            killed.append(time.monotonic())
            server.start()

        await disturbed(
            Place(str(tmp_path), f"sqlite:///{tmp_path / 'app.db'}", server.url),
            [kill] * SERVER_KILLS,
            lag=LEASE,
            forgiven=lambda at: any(moment - UNWRITTEN < at <= moment for moment in killed),
        )


@pytest.mark.xdist_group("mongodb")
async def test_processes_and_server_of_mongodb(tmp_path: Path) -> None:
    """The server is an emulator that keeps its journal as MongoDB does, on the same storage engine."""
    with running_emulator(tmp_path, storage=str(tmp_path / "data")) as emulator:

        def kill() -> None:
            emulator.kill()
            emulator.start()

        # A server that was started again knows of the writes that drivers try again. The emulator does not: it takes
        # the second try for another write.
        url = f"{emulator.new_url()}?retryWrites=false"
        await disturbed(Place(str(tmp_path), url), [kill] * SERVER_KILLS, lag=LEASE, count=OF_THE_EMULATOR)
