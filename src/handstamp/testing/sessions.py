"""Conformance of a session store."""

from dataclasses import replace

from handstamp.core.models import EndReason, Generations, Session
from handstamp.core.protocols import SessionStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import DAY, HOUR, NOW, a_session

LATER = NOW + HOUR


async def started(store: SessionStore, session: Session) -> Session:
    """Store a session that replaces none."""
    await store.start_session(session, replaces=None, now=NOW)
    return session


async def is_started(store: SessionStore, session: Session, *, replaces: str | None = None) -> bool:
    """Whether a session was stored: False where its id is taken."""
    try:
        await store.start_session(session, replaces=replaces, now=LATER)
    except ValueError:
        return False
    return True


async def ended(store: SessionStore, session: Session) -> Session:
    """Store a session and end it, reason ``signed_out``."""
    await started(store, session)
    now_ended = await store.end_session(session.id, reason=EndReason.SIGNED_OUT, now=NOW)
    assert now_ended is not None
    return now_ended


def advanced(session: Session) -> Generations:
    """The generations of a session after the next token was issued."""
    generations = session.generations
    return replace(generations, issued=generations.issued + 1, issued_at=LATER)


class SessionStoreSuite(ConformanceSuite):
    """Every sentence of ``SessionStore``."""

    # start_session

    async def test_start_stores_a_new_session(self, store: SessionStore, peer: SessionStore) -> None:
        """Store a new session. A verb sees what was committed before it was called."""
        session = await started(store, a_session())
        assert await store.load_session(session.id) == session
        assert await peer.load_session(session.id) == session

    async def test_start_ends_the_session_that_it_replaces(self, store: SessionStore) -> None:
        """The session named by ``replaces`` is ended with reason ``replaced`` in the same step."""
        old = await started(store, a_session())
        await store.start_session(a_session(), replaces=old.id, now=LATER)
        replaced = replace(old, ended_at=LATER, end_reason=EndReason.REPLACED)
        assert await store.load_session(old.id) == replaced

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

    # swap_generations

    async def test_swap_replaces_the_generations_that_were_seen(
        self, store: SessionStore, peer: SessionStore
    ) -> None:
        """Replace the generations if they are still the ones that were seen."""
        session = await started(store, a_session())
        becomes = replace(advanced(session), superseded=((1, LATER),), confirmed=2, confirmed_at=LATER)
        assert await store.swap_generations(session.id, seen=session.generations, becomes=becomes, now=LATER)
        assert await peer.load_session(session.id) == replace(session, generations=becomes)

    async def test_swap_compares_issued(self, store: SessionStore) -> None:
        """``issued`` is compared; where it is False nothing has changed."""
        session = await started(store, a_session())
        seen = replace(session.generations, issued=2)
        assert not await store.swap_generations(session.id, seen=seen, becomes=advanced(session), now=LATER)
        assert await store.load_session(session.id) == session

    async def test_swap_compares_confirmed(self, store: SessionStore) -> None:
        """``confirmed`` is compared; where it is False nothing has changed."""
        generations = Generations(issued=2, confirmed=1, issued_at=NOW, confirmed_at=NOW)
        session = await started(store, a_session(generations=generations))
        seen = replace(generations, confirmed=2)
        assert not await store.swap_generations(session.id, seen=seen, becomes=advanced(session), now=LATER)
        assert await store.load_session(session.id) == session

    async def test_swap_compares_nothing_else(self, store: SessionStore) -> None:
        """``issued`` and ``confirmed`` are compared, and nothing else."""
        session = await started(store, a_session())
        seen = Generations(issued_at=0.0, confirmed_at=0.0, superseded=((0, 1.0),))
        assert await store.swap_generations(session.id, seen=seen, becomes=advanced(session), now=LATER)

    async def test_swap_lets_one_of_many_callers_win(self, store: SessionStore, peer: SessionStore) -> None:
        """Of any number of callers that saw the same, one gets True."""
        session = await started(store, a_session())

        async def swap(through: SessionStore, number: int) -> bool:
            becomes = replace(advanced(session), issued_at=NOW + number)
            return await through.swap_generations(session.id, seen=session.generations, becomes=becomes, now=LATER)

        outcomes = await race(store, peer, swap)
        assert outcomes.count(True) == 1
        kept = await store.load_session(session.id)
        assert kept is not None
        assert kept.generations.issued_at == NOW + outcomes.index(True)

    async def test_swap_leaves_an_ended_session(self, store: SessionStore) -> None:
        """False where the session is ended, and nothing has changed."""
        session = await ended(store, a_session())
        assert not await store.swap_generations(
            session.id, seen=session.generations, becomes=advanced(session), now=LATER
        )
        assert await store.load_session(session.id) == session

    async def test_swap_of_a_missing_session_is_false(self, store: SessionStore) -> None:
        """False where the session is missing."""
        session = a_session()
        assert not await store.swap_generations(
            session.id, seen=session.generations, becomes=advanced(session), now=LATER
        )
        assert await store.load_session(session.id) is None

    # touch_sessions

    async def test_touch_moves_each_session_forward(self, store: SessionStore, peer: SessionStore) -> None:
        """Move ``last_used_at`` of each session forward to the time given for it."""
        one, two = await started(store, a_session()), await started(store, a_session())
        await store.touch_sessions({one.id: NOW + 1.5, two.id: NOW + 2.5})
        assert await peer.load_session(one.id) == replace(one, last_used_at=NOW + 1.5)
        assert await peer.load_session(two.id) == replace(two, last_used_at=NOW + 2.5)

    async def test_touch_of_nothing_does_nothing(self, store: SessionStore) -> None:
        """Each session of none is moved."""
        session = await started(store, a_session())
        await store.touch_sessions({})
        assert await store.load_session(session.id) == session

    async def test_touch_never_moves_back(self, store: SessionStore) -> None:
        """It never moves back."""
        session = await started(store, a_session())
        await store.touch_sessions({session.id: NOW - 1})
        assert await store.load_session(session.id) == session

    async def test_touch_leaves_ended_sessions(self, store: SessionStore) -> None:
        """Ended sessions are left alone."""
        session = await ended(store, a_session())
        await store.touch_sessions({session.id: LATER})
        assert await store.load_session(session.id) == session

    async def test_touch_leaves_missing_sessions(self, store: SessionStore) -> None:
        """Missing sessions are left alone; the others are moved."""
        session = await started(store, a_session())
        await store.touch_sessions({"missing": LATER, session.id: LATER})
        assert await store.load_session("missing") is None
        assert await store.load_session(session.id) == replace(session, last_used_at=LATER)

    async def test_touch_does_not_wake_an_idle_session(self, store: SessionStore) -> None:
        """A session that was already idle at the time given is left alone; a second earlier it was not."""
        session = await started(store, a_session())
        await store.touch_sessions({session.id: NOW + DAY})
        assert await store.load_session(session.id) == session
        await store.touch_sessions({session.id: NOW + DAY - 1})
        assert await store.load_session(session.id) == replace(session, last_used_at=NOW + DAY - 1)

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
