"""Whatever browsers, thieves, clocks, networks and slow handlers do to a session, over the MongoDB store.

The machine expects an end to count at the very next request. So its processes answer nothing from memory here; what
they do with a feed that has a lag is tested beside this.
"""

from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from handstamp.core.models import UNKNOWN, Changes
from handstamp.core.protocols import ChangeFeed, Store
from handstamp.stores.mongodb import MongoStore
from parts.mongo_emulator import RunningEmulator
from session_machine import session_machine

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]


class NoFeed:
    """Vouches for nothing."""

    def poll(self, now: float) -> Changes:
        """The store is asked, always."""
        return UNKNOWN

    def close(self) -> None:
        """Nothing to let go."""


class AlwaysAsked(MongoStore):
    """The store without its feed."""

    def feed(self) -> ChangeFeed:
        """One that vouches for nothing."""
        return NoFeed()


def test_an_honest_browser_stays_signed_in_and_an_ended_session_stays_ended(emulator: RunningEmulator) -> None:
    """The promises of rotation and replay detection, as two processes on one database (N1, N4, SES-01)."""
    stores: list[MongoStore] = []

    async def opened() -> Sequence[Store]:
        url = emulator.new_url()
        for _ in range(2):
            store = AlwaysAsked(url)
            await store.migrate()
            await store.open()
            stores.append(store)
        return stores

    async def closed() -> None:
        while stores:
            await stores.pop().close()

    run_state_machine_as_test(
        session_machine(opened, closed), settings=settings(max_examples=8, stateful_step_count=40)
    )
