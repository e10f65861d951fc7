"""Conformance of a session store: the ends of sessions."""

from dataclasses import replace

from handstamp.core.models import EndReason, Session
from handstamp.core.protocols import SessionStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import LATER, NOW, a_session
from handstamp.testing.steps import ended, started


class SessionEndSuite(ConformanceSuite):
    """Every sentence of ``end_session`` and ``end_sessions``."""

    # end_session

    async def test_end_gives_back_the_session_as_it_is_now(self, store: SessionStore, peer: SessionStore) -> None:
        """End one session; give it back as it is now."""
        session = await started(store, a_session())
        expected = replace(session, ended_at=LATER, end_reason=EndReason.ADMIN)
        assert await store.end_session(session.id, reason=EndReason.ADMIN, now=LATER) == expected
        assert await peer.load_session(session.id) == expected

    async def test_end_of_a_missing_session_is_none(self, store: SessionStore) -> None:
        """A missing session gives None."""
        assert await store.end_session("missing", reason=EndReason.ADMIN, now=LATER) is None

    async def test_end_keeps_the_first_reason(self, store: SessionStore) -> None:
        """An already ended session gives None, and the first reason stays."""
        session = await ended(store, a_session())
        assert await store.end_session(session.id, reason=EndReason.ADMIN, now=LATER) is None
        assert await store.load_session(session.id) == session

    async def test_end_for_a_user_leaves_a_session_of_another(self, store: SessionStore) -> None:
        """With ``user_id``, the session of any other user counts as missing."""
        session = await started(store, a_session())
        outcome = await store.end_session(session.id, reason=EndReason.ENDED_ELSEWHERE, now=LATER, user_id="another")
        assert outcome is None
        assert await store.load_session(session.id) == session

    async def test_end_for_a_user_ends_a_session_of_that_user(self, store: SessionStore) -> None:
        """With ``user_id``, the session of that user is ended."""
        session = await started(store, a_session())
        outcome = await store.end_session(
            session.id, reason=EndReason.ENDED_ELSEWHERE, now=LATER, user_id=session.user_id
        )
        assert outcome == replace(session, ended_at=LATER, end_reason=EndReason.ENDED_ELSEWHERE)

    async def test_end_leaves_every_other_session(self, store: SessionStore) -> None:
        """End one session: another one of the same user goes on."""
        session = await started(store, a_session())
        other = await started(store, a_session(user_id=session.user_id))
        await store.end_session(session.id, reason=EndReason.ADMIN, now=LATER)
        assert await store.load_session(other.id) == other

    async def test_end_gives_the_session_to_one_of_many_callers(
        self, store: SessionStore, peer: SessionStore
    ) -> None:
        """Of any number of callers, one gets the session."""
        session = await started(store, a_session())

        async def end(through: SessionStore, number: int) -> Session | None:
            return await through.end_session(session.id, reason=EndReason.ADMIN, now=NOW + number)

        outcomes = [outcome for outcome in await race(store, peer, end) if outcome is not None]
        assert outcomes == [await store.load_session(session.id)]

    # end_sessions

    async def test_end_all_gives_the_ids_of_those_that_it_ended(
        self, store: SessionStore, peer: SessionStore
    ) -> None:
        """End all sessions of a user; give the ids of those that this call ended."""
        one = await started(store, a_session())
        two = await started(store, a_session(user_id=one.user_id))
        outcome = await store.end_sessions(one.user_id, reason=EndReason.PASSWORD_CHANGED, now=LATER)
        assert sorted(outcome) == sorted([one.id, two.id])
        for session in (one, two):
            expected = replace(session, ended_at=LATER, end_reason=EndReason.PASSWORD_CHANGED)
            assert await peer.load_session(session.id) == expected

    async def test_end_all_leaves_the_one_to_keep(self, store: SessionStore) -> None:
        """End all sessions of a user but ``keep``."""
        kept = await started(store, a_session())
        other = await started(store, a_session(user_id=kept.user_id))
        outcome = await store.end_sessions(kept.user_id, reason=EndReason.ENDED_ELSEWHERE, now=LATER, keep=kept.id)
        assert outcome == (other.id,)
        assert await store.load_session(kept.id) == kept

    async def test_end_all_keeps_the_reason_of_ended_sessions(self, store: SessionStore) -> None:
        """Sessions that were already ended keep their reason, and are not among those given."""
        session = await ended(store, a_session())
        assert await store.end_sessions(session.user_id, reason=EndReason.ADMIN, now=LATER) == ()
        assert await store.load_session(session.id) == session

    async def test_end_all_leaves_sessions_of_other_users(self, store: SessionStore) -> None:
        """Sessions of other users are left alone."""
        session, other = await started(store, a_session()), await started(store, a_session())
        await store.end_sessions(session.user_id, reason=EndReason.ADMIN, now=LATER)
        assert await store.load_session(other.id) == other

    async def test_end_all_gives_each_session_to_one_of_many_callers(
        self, store: SessionStore, peer: SessionStore
    ) -> None:
        """The ids of those that this call ended: callers at once share them out."""
        session = await started(store, a_session())

        async def end(through: SessionStore, number: int) -> tuple[str, ...]:
            return await through.end_sessions(session.user_id, reason=EndReason.ADMIN, now=NOW + number)

        outcomes = await race(store, peer, end)
        assert [outcome for outcome in outcomes if outcome] == [(session.id,)]
