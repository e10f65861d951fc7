"""Conformance of a change feed that tells of sessions."""

from collections.abc import Awaitable, Callable

import anyio

from handstamp.core.models import NOTHING_CHANGED, EndReason
from handstamp.core.protocols import SessionBackend
from handstamp.testing.hearing import PATIENCE, STEP, HearingSuite
from handstamp.testing.many_changes import many_changes_of_sessions
from handstamp.testing.races import race
from handstamp.testing.samples import HOUR, LATER, NOW, a_session
from handstamp.testing.steps import advanced, started


class SessionFeedSuite(HearingSuite):
    """Every sentence of ``ChangeFeed`` that a store of sessions keeps, whether it has users or not."""

    async def _change_of_session_is_told(
        self, store: SessionBackend, peer: SessionBackend, change: Callable[[str], Awaitable[object]]
    ) -> None:
        session = await started(store, a_session())
        feeds = [await self.begun(peer), await self.begun(store)]
        await change(session.id)
        for feed in feeds:
            assert await self.tells(feed, session=session.id)
            assert await self.is_quiet(feed)
            feed.close()

    # sessions

    async def test_a_session_started_is_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Told are: a session started."""
        feed = await self.begun(peer)
        session = await started(store, a_session())
        assert await self.tells(feed, session=session.id)
        feed.close()

    async def test_a_session_replaced_is_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Told are: a session ended, by the start of another one."""
        await self._change_of_session_is_told(
            store, peer, lambda old: store.start_session(a_session(), replaces=old, now=LATER)
        )

    async def test_a_session_rotated_is_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Told are: a session rotated."""

        async def rotate(session_id: str) -> None:
            session = await store.load_session(session_id)
            assert session is not None
            assert await store.swap_generations(
                session_id, seen=session.generations, becomes=advanced(session), now=LATER
            )

        await self._change_of_session_is_told(store, peer, rotate)

    async def test_a_session_ended_is_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Told are: a session ended."""
        await self._change_of_session_is_told(
            store, peer, lambda one: store.end_session(one, reason=EndReason.SIGNED_OUT, now=LATER)
        )

    async def test_all_sessions_ended_are_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Told are: each session ended when all of a user are."""

        async def end_all(session_id: str) -> None:
            session = await store.load_session(session_id)
            assert session is not None
            await store.end_sessions(session.user_id, reason=EndReason.ADMIN, now=LATER)

        await self._change_of_session_is_told(store, peer, end_all)

    async def test_a_session_removed_is_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Told are: a session removed."""
        await self._change_of_session_is_told(
            store, peer, lambda _one: store.purge_sessions(now=a_session().expires_at, limit=10)
        )

    async def test_a_session_used_is_not_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """Moving ``last_used_at`` is not a change that the feed tells."""
        session = await started(store, a_session())
        feed = await self.begun(peer)
        await store.touch_sessions({session.id: LATER})
        assert await self.is_quiet(feed)
        feed.close()

    # the feed itself

    async def test_nothing_changed_is_the_object_itself(self, store: SessionBackend) -> None:
        """Where nothing changed it is ``NOTHING_CHANGED`` itself."""
        feed = await self.begun(store)
        assert feed.poll(self.now()) is NOTHING_CHANGED
        feed.close()

    async def test_a_feed_begins_when_it_is_made(self, store: SessionBackend) -> None:
        """A new change feed begins now: what was before is not told."""
        session = await started(store, a_session())
        await store.end_session(session.id, reason=EndReason.ADMIN, now=LATER)
        await anyio.sleep(self.lag)
        feed = store.feed()
        changes = feed.poll(self.now())
        assert session.id not in changes.sessions
        feed.close()

    async def test_changes_of_many_callers_are_all_told(self, store: SessionBackend, peer: SessionBackend) -> None:
        """What changed since the last poll is told, however much it was."""
        feed = await self.begun(peer)
        sessions = [a_session() for _ in range(20)]
        await race(store, peer, lambda one, n: one.start_session(sessions[n], replaces=None, now=NOW))
        waiting = {session.id for session in sessions}
        with anyio.move_on_after(max(self.lag, PATIENCE if self.lag else STEP)):
            while waiting:
                changes = feed.poll(self.now())
                waiting -= waiting if changes.everything else set(changes.sessions)
                await anyio.sleep(STEP)
        assert not waiting
        feed.close()

    async def test_each_of_many_changes_of_sessions_is_told(
        self, store: SessionBackend, peer: SessionBackend
    ) -> None:
        """Each is told by name, in whatever way it was made, one after the other or by many callers at once."""
        await self.each_is_told(store, peer, many_changes_of_sessions)

    async def test_a_closed_feed_is_not_coherent(self, store: SessionBackend) -> None:
        """A closed feed says ``coherent=False``; closing it again does nothing."""
        feed = await self.begun(store)
        feed.close()
        feed.close()
        assert feed.poll(self.now()).coherent is False
        await started(store, a_session())
        assert feed.poll(self.now() + HOUR).coherent is False
