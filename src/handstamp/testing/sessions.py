"""Conformance of a session store."""

from dataclasses import replace

from handstamp.core.models import EndReason, Generations
from handstamp.core.protocols import SessionStore
from handstamp.testing.races import race
from handstamp.testing.samples import DAY, HOUR, LATER, NOW, ODD_TEXT, a_session
from handstamp.testing.session_end import SessionEndSuite
from handstamp.testing.session_use import SessionUseSuite
from handstamp.testing.steps import ended, is_started, started


class SessionStoreSuite(SessionUseSuite, SessionEndSuite):
    """Every sentence of ``SessionStore``."""

    # start_session

    async def test_start_stores_a_new_session(self, store: SessionStore, peer: SessionStore) -> None:
        """Store a new session. A verb sees what was committed before it was called."""
        session = await started(store, a_session())
        assert await store.load_session(session.id) == session
        assert await peer.load_session(session.id) == session

    async def test_text_of_a_session_comes_back_as_it_was_stored(self, store: SessionStore) -> None:
        """Text comes back as it was stored, whatever characters are in it."""
        session = await started(store, a_session(user_agent=ODD_TEXT, address=ODD_TEXT))
        assert await store.load_session(session.id) == session

    async def test_start_ends_the_session_that_it_replaces(self, store: SessionStore) -> None:
        """The session named by ``replaces`` is ended with reason ``replaced`` in the same step."""
        old = await started(store, a_session())
        await store.start_session(a_session(), replaces=old.id, now=LATER)
        replaced = replace(old, ended_at=LATER, end_reason=EndReason.REPLACED)
        assert await store.load_session(old.id) == replaced

    async def test_start_gives_the_session_that_it_ended(self, store: SessionStore) -> None:
        """Give the one that this call ended, as it is now, or None."""
        old = await started(store, a_session())
        replaced = await store.start_session(a_session(), replaces=old.id, now=LATER)
        assert replaced == replace(old, ended_at=LATER, end_reason=EndReason.REPLACED)
        assert await store.start_session(a_session(), replaces=old.id, now=LATER) is None
        assert await store.start_session(a_session(), replaces=None, now=LATER) is None

    async def test_start_leaves_a_replaced_session_that_was_ended(self, store: SessionStore) -> None:
        """If that one is already ended, it stays as it is."""
        old = await ended(store, a_session())
        new = a_session()
        await store.start_session(new, replaces=old.id, now=LATER)
        assert await store.load_session(old.id) == old
        assert await store.load_session(new.id) == new

    async def test_start_needs_no_session_to_replace(self, store: SessionStore) -> None:
        """If that one is missing, it stays so."""
        new = a_session()
        await store.start_session(new, replaces="missing", now=LATER)
        assert await store.load_session(new.id) == new
        assert await store.load_session("missing") is None

    async def test_start_with_a_taken_id_raises_value_error(self, store: SessionStore) -> None:
        """An id that is taken raises ValueError, and the stored session stays as it is."""
        taken = await started(store, a_session())
        assert not await is_started(store, a_session(id=taken.id))
        assert await store.load_session(taken.id) == taken

    async def test_start_that_is_refused_ends_nothing(self, store: SessionStore) -> None:
        """The verb is atomic: where the id is taken, the session named by ``replaces`` goes on."""
        taken = await started(store, a_session())
        other = await started(store, a_session())
        assert not await is_started(store, a_session(id=taken.id), replaces=other.id)
        assert await store.load_session(other.id) == other

    async def test_start_lets_one_of_many_callers_have_an_id(self, store: SessionStore, peer: SessionStore) -> None:
        """An id that is taken raises ValueError, for callers at once too."""
        session = a_session()

        async def start(through: SessionStore, number: int) -> bool:
            return await is_started(through, replace(session, user_id=f"user-{number}"))

        outcomes = await race(store, peer, start)
        assert outcomes.count(True) == 1
        kept = await store.load_session(session.id)
        assert kept is not None
        assert kept.user_id == f"user-{outcomes.index(True)}"

    # load_session

    async def test_load_gives_every_field_as_it_was_stored(self, store: SessionStore) -> None:
        """Every field comes back as it was stored."""
        session = a_session(
            created_at=NOW + 0.1,
            expires_at=NOW + DAY + 0.2,
            last_used_at=NOW + 0.3,
            idle_timeout=1234.5,
            persistent=True,
            generations=Generations(
                issued=7,
                confirmed=6,
                issued_at=NOW + 0.4,
                confirmed_at=NOW + 0.7,
                superseded=((4, NOW + 1 / 3), (5, NOW + 2 / 3)),
            ),
            amr=("pwd", "otp", "mfa"),
            aal=2,
            authenticated_at=NOW + 0.8,
            user_agent="Mozilla/5.0 („Ümläut“ 🦊; 'quoted\" \\ %s :id ?)",
            address="2001:db8::1",
        )
        await started(store, session)
        assert await store.load_session(session.id) == session

    async def test_load_gives_an_ended_session(self, store: SessionStore, peer: SessionStore) -> None:
        """The session as last committed, ended or not."""
        session = await ended(store, a_session())
        assert session.ended_at == NOW
        assert await store.load_session(session.id) == session
        assert await peer.load_session(session.id) == session

    async def test_load_of_a_missing_session_is_none(self, store: SessionStore) -> None:
        """A missing one is None, not an error."""
        assert await store.load_session("missing") is None

    # list_sessions

    async def test_list_begins_with_the_session_last_used(self, store: SessionStore) -> None:
        """The live sessions of a user, last used first."""
        middle = await started(store, a_session(last_used_at=NOW + 2))
        oldest = await started(store, a_session(user_id=middle.user_id, last_used_at=NOW + 1))
        latest = await started(store, a_session(user_id=middle.user_id, last_used_at=NOW + 3))
        await started(store, a_session())
        assert await store.list_sessions(middle.user_id, now=LATER) == (latest, middle, oldest)

    async def test_list_leaves_out_ended_sessions(self, store: SessionStore) -> None:
        """Ended ones are left out."""
        session = await ended(store, a_session())
        assert await store.list_sessions(session.user_id, now=LATER) == ()

    async def test_list_leaves_out_expired_sessions(self, store: SessionStore) -> None:
        """Expired ones are left out, from the very moment of ``expires_at``."""
        session = await started(store, a_session(expires_at=LATER))
        assert await store.list_sessions(session.user_id, now=LATER - 1) == (session,)
        assert await store.list_sessions(session.user_id, now=LATER) == ()

    async def test_list_leaves_out_idle_sessions(self, store: SessionStore) -> None:
        """Idle ones are left out, from the very moment of the idle limit."""
        session = await started(store, a_session(idle_timeout=HOUR))
        assert await store.list_sessions(session.user_id, now=LATER - 1) == (session,)
        assert await store.list_sessions(session.user_id, now=LATER) == ()

    # purge_sessions

    async def test_purge_removes_sessions_past_their_expiry(self, store: SessionStore) -> None:
        """Remove sessions whose ``expires_at`` has passed; give how many were removed."""
        live = await started(store, a_session(expires_at=LATER))
        over = await started(store, a_session(expires_at=LATER - 1))
        assert await store.purge_sessions(now=LATER - 1, limit=10) == 1
        assert await store.load_session(over.id) is None
        assert await store.load_session(live.id) == live

    async def test_purge_keeps_ended_sessions_until_they_expire(self, store: SessionStore) -> None:
        """A session that is ended and has not expired is kept, so that its end can be told."""
        session = await ended(store, a_session())
        assert await store.purge_sessions(now=LATER, limit=10) == 0
        assert await store.load_session(session.id) == session

    async def test_purge_stops_at_its_limit(self, store: SessionStore) -> None:
        """Remove at most ``limit`` sessions."""
        for _ in range(5):
            await started(store, a_session(expires_at=NOW))
        removed = [await store.purge_sessions(now=LATER, limit=2) for _ in range(4)]
        assert removed == [2, 2, 1, 0]
