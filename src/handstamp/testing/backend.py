"""Conformance of a store as a whole."""

import asyncio
from typing import Final

from handstamp.core.protocols import SessionBackend, Store
from handstamp.testing.leases import LeaseSuite
from handstamp.testing.races import race
from handstamp.testing.samples import NOW, a_profile, a_session
from handstamp.testing.steps import signed_up, started
from handstamp.testing.throttle import ThrottleSuite

_CANCELLED: Final = 100
_MOMENT: Final = 37e-6
"""Seconds, an odd number of them: each caller is cancelled a little later than the one before."""


class SessionBackendSuite(LeaseSuite, ThrottleSuite):
    """Every sentence of ``SessionBackend`` that is not about sessions, challenges or the feed."""

    async def test_opening_again_does_nothing(self, store: SessionBackend) -> None:
        """Calling ``open`` again does nothing."""
        session = await started(store, a_session())
        await store.open()
        assert await store.load_session(session.id) == session

    async def test_migrating_again_keeps_everything(self, store: SessionBackend) -> None:
        """A store that has its shape keeps it, and all that it holds."""
        session = await started(store, a_session())
        await store.migrate()
        assert await store.load_session(session.id) == session

    async def test_many_callers_may_migrate_at_once(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Any number of processes may call it at once."""
        await race(store, peer, lambda one, _number: one.migrate())
        await started(store, a_session())

    async def test_closing_again_does_nothing(self, store: SessionBackend) -> None:
        """Calling ``close`` again does nothing; a closed store can be opened."""
        await store.close()
        await store.close()
        await store.open()
        session = await started(store, a_session())
        assert await store.load_session(session.id) == session

    async def test_a_cancelled_caller_leaves_the_store_usable(self, store: SessionBackend) -> None:
        """A verb whose caller is gone has changed nothing or everything; the next one is answered."""
        sessions = [a_session() for _ in range(5)]
        calls = [asyncio.ensure_future(store.start_session(session, replaces=None, now=NOW)) for session in sessions]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        last = await started(store, a_session())
        assert await store.load_session(last.id) == last
        for session in sessions:
            assert await store.load_session(session.id) in {None, session}

    async def test_whoever_is_cancelled_stops(self, store: SessionBackend) -> None:
        """A caller that is cancelled at any moment is stopped there, and does not go on as if nothing had been."""
        told = asyncio.Event()

        async def ask_until_told() -> None:
            while not told.is_set():
                await store.load_session("none")
                await asyncio.sleep(0)  # a store may answer without waiting for anything

        for number in range(_CANCELLED):
            asking = asyncio.ensure_future(ask_until_told())
            await asyncio.sleep(number * _MOMENT)
            asking.cancel()
            _, going_on = await asyncio.wait([asking], timeout=1)
            if going_on:
                told.set()
                await asking
            assert asking.cancelled()


class StoreSuite(SessionBackendSuite):
    """Every sentence of ``Store`` that is not about sessions, users, challenges, audit events or the feed."""

    async def test_migrating_again_keeps_users(self, store: Store) -> None:
        """A store that has its shape keeps it, and the users that it holds."""
        user = await signed_up(store, a_profile())
        await store.migrate()
        assert await store.load_user(user.id) == user
