"""Whatever browsers, thieves, clocks, networks and slow handlers do to a session in Valkey, with users elsewhere."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from handstamp.core.protocols import ChangeFeed, Store
from handstamp.services.feeds import CombinedFeed
from handstamp.stores.memory import MemoryStore
from handstamp.stores.redis import RedisStore
from parts.redis_server import RedisServer
from session_machine import session_machine

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]


class SessionsApart(RedisStore):
    """Sessions in the server, users and what is kept of the past in memory."""

    def __init__(self, url: str, home: MemoryStore) -> None:
        super().__init__(url)
        self._home = home

    def feed(self) -> ChangeFeed:
        """As ``Auth`` combines them."""
        return CombinedFeed(self._home.feed(), super().feed())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home, name)


def test_an_honest_browser_stays_signed_in_and_an_ended_session_stays_ended(server: RedisServer) -> None:
    """The promises of rotation, replay detection and the cache, as two processes on one server (N1, N4, SES-01)."""
    stores: list[SessionsApart] = []

    async def opened() -> Sequence[Store]:
        with server.shell() as shell:
            shell.flushall()
        home = MemoryStore()
        for _ in range(2):
            store = SessionsApart(server.url, home)
            await store.open()
            stores.append(store)
        return [cast("Store", store) for store in stores]  # half of it is what __getattr__ finds

    async def closed() -> None:
        while stores:
            await stores.pop().close()

    machine = session_machine(opened, closed, told_late=True)
    run_state_machine_as_test(machine, settings=settings(max_examples=50, stateful_step_count=40))
    assert machine.from_memory
