"""Whatever browsers, thieves, clocks, networks and slow handlers do to a session, over SQLite and PostgreSQL."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from handstamp.core.protocols import Store
from handstamp.stores.sql import SqlStore
from parts.postgresql import RunningPostgresql
from session_machine import session_machine


def test_an_honest_browser_stays_signed_in_and_an_ended_session_stays_ended_on_sqlite(tmp_path: Path) -> None:
    """The promises of rotation, replay detection and the cache, as two processes on one file (N1, N4, SES-01)."""
    stores: list[SqlStore] = []

    async def opened() -> Sequence[Store]:
        folder = tmp_path / "run"
        folder.mkdir()
        for _ in range(2):
            store = SqlStore(f"sqlite:///{folder / 'app.db'}")
            await store.migrate()
            await store.open()
            stores.append(store)
        return stores

    async def closed() -> None:
        while stores:
            await stores.pop().close()
        shutil.rmtree(tmp_path / "run")

    run_state_machine_as_test(
        session_machine(opened, closed), settings=settings(max_examples=15, stateful_step_count=40)
    )


@pytest.mark.network
@pytest.mark.xdist_group("postgresql")
def test_an_honest_browser_stays_signed_in_and_an_ended_session_stays_ended_on_postgresql(
    postgresql: RunningPostgresql,
) -> None:
    """The promises of rotation, replay detection and the cache, as two processes on one database (N1, N4, SES-01)."""
    opened_now = ExitStack()
    stores: list[SqlStore] = []

    async def opened() -> Sequence[Store]:
        url = opened_now.enter_context(postgresql.database())
        for _ in range(2):
            store = SqlStore(url)
            await store.migrate()
            await store.open()
            stores.append(store)
        return stores

    async def closed() -> None:
        while stores:
            await stores.pop().close()
        opened_now.close()

    machine = session_machine(opened, closed, told_late=True)
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=40))
    assert machine.from_memory
