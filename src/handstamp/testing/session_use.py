"""Conformance of a session store: sessions in use."""

from dataclasses import replace

from handstamp.core.models import Generations
from handstamp.core.protocols import SessionStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import DAY, LATER, NOW, a_session
from handstamp.testing.steps import advanced, ended, started


class SessionUseSuite(ConformanceSuite):
    """Every sentence of ``swap_generations`` and ``touch_sessions``."""

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
