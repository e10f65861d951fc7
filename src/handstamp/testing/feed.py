"""Conformance of a change feed, and of a store as a whole."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import ClassVar

import anyio

from handstamp.core.ids import new_id
from handstamp.core.models import NOTHING_CHANGED, EndReason
from handstamp.core.protocols import ChangeFeed, Store
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import HOUR, LATER, NOW, a_profile, a_session
from handstamp.testing.steps import advanced, signed_up, started

_STEP = 0.001
_PATIENCE = 5.0
_MOST_POLLS = 5000


class ChangeFeedSuite(ConformanceSuite):
    """Every sentence of ``ChangeFeed``. Each change is made through ``store``, and told by a feed of ``peer``."""

    lag: ClassVar[float] = 0.0
    """The lag that the store documents, in seconds. 0: the very next poll tells."""

    def now(self) -> float:
        """The time that polls are given. To be overridden for a feed that measures its own silence."""
        return NOW

    async def begun(self, store: Store) -> ChangeFeed:
        """A feed that has nothing to tell yet."""
        feed = store.feed()
        for _ in range(_MOST_POLLS):
            if feed.poll(self.now()) == NOTHING_CHANGED:
                break
            await anyio.sleep(_STEP)
        return feed

    async def tells(self, feed: ChangeFeed, *, session: str = "", user: str = "") -> bool:
        """Whether the feed tells a change of the session or user within the lag."""
        with anyio.move_on_after(max(self.lag, _STEP)):
            while True:
                changes = feed.poll(self.now())
                if changes.everything or session in changes.sessions or user in changes.users:
                    return True
                if self.lag == 0:
                    return False
                await anyio.sleep(_STEP)
        return False

    async def is_quiet(self, feed: ChangeFeed) -> bool:
        """Whether the feed tells no change within the lag."""
        await anyio.sleep(self.lag)
        return feed.poll(self.now()) == NOTHING_CHANGED

    async def _change_of_session_is_told(
        self, store: Store, peer: Store, change: Callable[[str], Awaitable[object]]
    ) -> None:
        session = await started(store, a_session())
        feeds = [await self.begun(peer), await self.begun(store)]
        await change(session.id)
        for feed in feeds:
            assert await self.tells(feed, session=session.id)
            assert await self.is_quiet(feed)
            feed.close()

    async def _change_of_user_is_told(
        self, store: Store, peer: Store, change: Callable[[str], Awaitable[object]]
    ) -> None:
        user = await signed_up(store, a_profile())
        feeds = [await self.begun(peer), await self.begun(store)]
        await change(user.id)
        for feed in feeds:
            assert await self.tells(feed, user=user.id)
            assert await self.is_quiet(feed)
            feed.close()

    # sessions

    async def test_a_session_started_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a session started."""
        feed = await self.begun(peer)
        session = await started(store, a_session())
        assert await self.tells(feed, session=session.id)
        feed.close()

    async def test_a_session_replaced_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a session ended, by the start of another one."""
        await self._change_of_session_is_told(
            store, peer, lambda old: store.start_session(a_session(), replaces=old, now=LATER)
        )

    async def test_a_session_rotated_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a session rotated."""

        async def rotate(session_id: str) -> None:
            session = await store.load_session(session_id)
            assert session is not None
            assert await store.swap_generations(
                session_id, seen=session.generations, becomes=advanced(session), now=LATER
            )

        await self._change_of_session_is_told(store, peer, rotate)

    async def test_a_session_ended_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a session ended."""
        await self._change_of_session_is_told(
            store, peer, lambda one: store.end_session(one, reason=EndReason.SIGNED_OUT, now=LATER)
        )

    async def test_all_sessions_ended_are_told(self, store: Store, peer: Store) -> None:
        """Told are: each session ended when all of a user are."""

        async def end_all(session_id: str) -> None:
            session = await store.load_session(session_id)
            assert session is not None
            await store.end_sessions(session.user_id, reason=EndReason.ADMIN, now=LATER)

        await self._change_of_session_is_told(store, peer, end_all)

    async def test_a_session_removed_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a session removed."""
        await self._change_of_session_is_told(
            store, peer, lambda _one: store.purge_sessions(now=a_session().expires_at, limit=10)
        )

    async def test_a_session_used_is_not_told(self, store: Store, peer: Store) -> None:
        """Moving ``last_used_at`` is not a change that the feed tells."""
        session = await started(store, a_session())
        feed = await self.begun(peer)
        await store.touch_sessions({session.id: LATER})
        assert await self.is_quiet(feed)
        feed.close()

    # users

    async def test_a_user_made_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user made."""
        feed = await self.begun(peer)
        user = await signed_up(store, a_profile())
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_a_user_changed_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user changed."""
        profile = a_profile()
        user = await signed_up(store, profile)
        feed = await self.begun(peer)
        await store.upsert_identity(replace(profile, name="Countess"), user_id=new_id(NOW), now=LATER)
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_a_user_disabled_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user disabled."""
        await self._change_of_user_is_told(store, peer, lambda one: store.disable_user(one, now=LATER))

    async def test_a_user_enabled_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user changed, by being enabled again."""
        user = await signed_up(store, a_profile())
        await store.disable_user(user.id, now=NOW)
        feed = await self.begun(peer)
        await store.enable_user(user.id)
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_a_user_deleted_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user deleted."""
        await self._change_of_user_is_told(store, peer, store.delete_user)

    async def test_a_role_given_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a role given."""
        await self._change_of_user_is_told(store, peer, lambda one: store.change_roles(one, add=frozenset({"admin"})))

    async def test_a_role_taken_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a role taken."""
        user = await signed_up(store, a_profile())
        await store.change_roles(user.id, add=frozenset({"admin"}))
        feed = await self.begun(peer)
        await store.change_roles(user.id, remove=frozenset({"admin"}))
        assert await self.tells(feed, user=user.id)
        feed.close()

    # the feed itself

    async def test_nothing_changed_is_the_object_itself(self, store: Store) -> None:
        """Where nothing changed it is ``NOTHING_CHANGED`` itself."""
        feed = await self.begun(store)
        assert feed.poll(self.now()) is NOTHING_CHANGED
        feed.close()

    async def test_a_feed_begins_when_it_is_made(self, store: Store) -> None:
        """A new change feed begins now: what was before is not told."""
        session = await started(store, a_session())
        await store.end_session(session.id, reason=EndReason.ADMIN, now=LATER)
        await anyio.sleep(self.lag)
        feed = store.feed()
        changes = feed.poll(self.now())
        assert session.id not in changes.sessions
        feed.close()

    async def test_changes_of_many_callers_are_all_told(self, store: Store, peer: Store) -> None:
        """What changed since the last poll is told, however much it was."""
        feed = await self.begun(peer)
        sessions = [a_session() for _ in range(20)]
        await race(store, peer, lambda one, n: one.start_session(sessions[n], replaces=None, now=NOW))
        waiting = {session.id for session in sessions}
        with anyio.move_on_after(max(self.lag, _PATIENCE if self.lag else _STEP)):
            while waiting:
                changes = feed.poll(self.now())
                waiting -= waiting if changes.everything else set(changes.sessions)
                await anyio.sleep(_STEP)
        assert not waiting
        feed.close()

    async def test_a_closed_feed_is_not_coherent(self, store: Store) -> None:
        """A closed feed says ``coherent=False``; closing it again does nothing."""
        feed = await self.begun(store)
        feed.close()
        feed.close()
        assert feed.poll(self.now()).coherent is False
        await started(store, a_session())
        assert feed.poll(self.now() + HOUR).coherent is False


class StoreSuite(ConformanceSuite):
    """Every sentence of ``Store`` that is not one of its parts'."""

    async def test_opening_again_does_nothing(self, store: Store) -> None:
        """Calling ``open`` again does nothing."""
        session = await started(store, a_session())
        await store.open()
        assert await store.load_session(session.id) == session

    async def test_migrating_again_keeps_everything(self, store: Store) -> None:
        """A store that has its shape keeps it, and all that it holds."""
        session, user = await started(store, a_session()), await signed_up(store, a_profile())
        await store.migrate()
        assert await store.load_session(session.id) == session
        assert await store.load_user(user.id) == user

    async def test_many_callers_may_migrate_at_once(self, store: Store, peer: Store) -> None:
        """Any number of processes may call it at once."""
        await race(store, peer, lambda one, _number: one.migrate())
        await started(store, a_session())

    async def test_closing_again_does_nothing(self, store: Store) -> None:
        """Calling ``close`` again does nothing; a closed store can be opened."""
        await store.close()
        await store.close()
        await store.open()
        session = await started(store, a_session())
        assert await store.load_session(session.id) == session

    async def test_a_cancelled_caller_leaves_the_store_usable(self, store: Store) -> None:
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
