"""Whatever browsers, thieves, clocks, networks and slow handlers do to a session, over the MongoDB store."""

from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from handstamp.core.protocols import Store
from handstamp.stores.mongodb import MongoStore
from parts.mongo_emulator import RunningEmulator
from session_machine import session_machine

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]


def test_an_honest_browser_stays_signed_in_and_an_ended_session_stays_ended(emulator: RunningEmulator) -> None:
    """The promises of rotation, replay detection and the cache, as two processes on one database (N1, N4, SES-01)."""
    stores: list[MongoStore] = []

    async def opened() -> Sequence[Store]:
        url = emulator.new_url()
        for _ in range(2):
            store = MongoStore(url)
            await store.migrate()
            await store.open()
            stores.append(store)
        return stores

    async def closed() -> None:
        while stores:
            await stores.pop().close()

    machine = session_machine(opened, closed, told_late=True)
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=40))
    assert machine.from_memory
