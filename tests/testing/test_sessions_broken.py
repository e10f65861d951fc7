"""The suite of session stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.models import (
    EndReason,
    Generations,
    Session,
)
from handstamp.stores.memory import MemoryStore
from handstamp.testing import (
    SessionStoreSuite,
    a_session,
)

broken = Breakages(SessionStoreSuite)


@broken.found_by("test_start_ends_the_session_that_it_replaces", "test_start_gives_the_session_that_it_ended")
class ReplacesWithoutEnding(MemoryStore):
    """The session that is replaced goes on: session fixation."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        return await super().start_session(session, replaces=None, now=now)


@broken.found_by("test_start_leaves_a_replaced_session_that_was_ended")
class ReplacesAgain(MemoryStore):
    """A replaced session that was ended gets another reason."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        live = None if replaces is None else self._live(replaces)
        await super().start_session(session, replaces=None, now=now)
        if replaces in self._sessions:
            ended = replace(self._sessions[replaces], ended_at=now, end_reason=EndReason.REPLACED)
            self._put_session(ended)
            return ended if live else None
        return None


@broken.found_by("test_start_needs_no_session_to_replace")
class NeedsAnotherToReplace(MemoryStore):
    """A session that is to be replaced and is missing stops the start."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        if replaces is None or replaces in self._sessions:
            return await super().start_session(session, replaces=replaces, now=now)
        return None


@broken.found_by(
    "test_start_lets_one_of_many_callers_have_an_id",
    "test_start_that_is_refused_ends_nothing",
    "test_start_with_a_taken_id_raises_value_error",
)
class Overwrites(MemoryStore):
    """An id that is taken is given again."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        self._sessions.pop(session.id, None)
        return await super().start_session(session, replaces=replaces, now=now)


@broken.found_by("test_start_that_is_refused_ends_nothing")
class EndsBeforeItRefuses(MemoryStore):
    """Two steps where one was promised."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        ended = None if replaces is None else self._end(replaces, EndReason.REPLACED, now)
        await super().start_session(session, replaces=None, now=now)
        return ended


@broken.found_by("test_start_lets_one_of_many_callers_have_an_id")
class LooksBeforeItStarts(MemoryStore):
    """Others come in between the look and the write."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        if session.id in self._sessions:
            raise ValueError("taken")
        await asyncio.sleep(0)
        self._sessions.pop(session.id, None)
        return await super().start_session(session, replaces=replaces, now=now)


@broken.found_by("test_load_gives_every_field_as_it_was_stored")
class DropsAField(MemoryStore):
    """A second authentication method is lost."""

    @override
    async def load_session(self, session_id: str) -> Session | None:
        session = await super().load_session(session_id)
        return session and replace(session, amr=session.amr[:1])


@broken.found_by(
    "test_end_all_gives_the_ids_of_those_that_it_ended",
    "test_end_all_keeps_the_reason_of_ended_sessions",
    "test_end_gives_back_the_session_as_it_is_now",
    "test_end_gives_the_session_to_one_of_many_callers",
    "test_end_keeps_the_first_reason",
    "test_load_gives_an_ended_session",
    "test_purge_keeps_ended_sessions_until_they_expire",
    "test_start_ends_the_session_that_it_replaces",
    "test_start_leaves_a_replaced_session_that_was_ended",
    "test_swap_leaves_an_ended_session",
    "test_touch_leaves_ended_sessions",
)
class HidesEnded(MemoryStore):
    """An ended session is taken for a missing one."""

    @override
    async def load_session(self, session_id: str) -> Session | None:
        return self._live(session_id)


@broken.found_by(
    "test_load_of_a_missing_session_is_none",
    "test_purge_removes_sessions_past_their_expiry",
    "test_start_needs_no_session_to_replace",
    "test_swap_of_a_missing_session_is_false",
    "test_touch_leaves_missing_sessions",
)
class MissingIsAnError(MemoryStore):
    """A missing session is an error."""

    @override
    async def load_session(self, session_id: str) -> Session | None:
        assert session_id in self._sessions
        return self._sessions[session_id]


@broken.found_by(
    "test_swap_compares_confirmed", "test_swap_compares_issued", "test_swap_lets_one_of_many_callers_win"
)
class SwapIgnoresSeen(MemoryStore):
    """Everybody wins the swap."""

    @override
    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        session = self._live(session_id)
        return await super().swap_generations(
            session_id, seen=session.generations if session else seen, becomes=becomes, now=now
        )


@broken.found_by("test_swap_compares_issued")
class SwapIgnoresIssued(MemoryStore):
    """The swap compares what was confirmed only."""

    @override
    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        session = self._live(session_id)
        if session:
            seen = replace(seen, issued=session.generations.issued)
        await asyncio.sleep(0)
        return await super().swap_generations(session_id, seen=seen, becomes=becomes, now=now)


@broken.found_by("test_swap_compares_confirmed")
class SwapIgnoresConfirmed(MemoryStore):
    """The swap compares what was issued only."""

    @override
    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        session = self._live(session_id)
        if session:
            seen = replace(seen, confirmed=session.generations.confirmed)
        return await super().swap_generations(session_id, seen=seen, becomes=becomes, now=now)


@broken.found_by("test_swap_compares_nothing_else")
class SwapComparesEverything(MemoryStore):
    """The swap compares times too, which a clock may round."""

    @override
    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        session = self._live(session_id)
        if session and session.generations != seen:
            return False
        return await super().swap_generations(session_id, seen=seen, becomes=becomes, now=now)


@broken.found_by("test_swap_leaves_an_ended_session")
class SwapWakesTheEnded(MemoryStore):
    """An ended session is rotated."""

    @override
    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        session = self._sessions.get(session_id)
        if session and session.ended_at is not None:
            self._put_session(replace(session, generations=becomes))
            return True
        return await super().swap_generations(session_id, seen=seen, becomes=becomes, now=now)


@broken.found_by("test_touch_never_moves_back")
class TouchMovesBack(MemoryStore):
    """Use is moved to whatever time is given."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        for session_id, at in uses.items():
            session = self._live(session_id)
            if session and at < session.last_used_at + session.idle_timeout:
                self._sessions[session_id] = replace(session, last_used_at=at)


@broken.found_by("test_touch_leaves_ended_sessions")
class TouchMovesTheEnded(MemoryStore):
    """Use of an ended session is noted."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        await super().touch_sessions(uses)
        for session_id, at in uses.items():
            session = self._sessions.get(session_id)
            if session and session.ended_at is not None:
                self._sessions[session_id] = replace(session, last_used_at=at)


@broken.found_by("test_touch_does_not_wake_an_idle_session")
class TouchWakesTheIdle(MemoryStore):
    """A session that was idle is live again."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        for session_id, at in uses.items():
            session = self._live(session_id)
            if session and at > session.last_used_at:
                self._sessions[session_id] = replace(session, last_used_at=at)


@broken.found_by("test_touch_leaves_missing_sessions", "test_touch_moves_each_session_forward")
class TouchMovesOnlyOne(MemoryStore):
    """The rest of a batch is lost."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        await super().touch_sessions(dict(list(uses.items())[:1]))


@broken.found_by("test_touch_leaves_missing_sessions")
class TouchStopsAtTheMissing(MemoryStore):
    """What comes after a missing session is lost."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        if uses.keys() <= self._sessions.keys():
            await super().touch_sessions(uses)


@broken.found_by("test_end_gives_the_session_to_one_of_many_callers", "test_end_keeps_the_first_reason")
class EndOverwritesTheReason(MemoryStore):
    """The last reason wins."""

    @override
    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        session = self._sessions.get(session_id)
        if session and session.ended_at is not None:
            self._put_session(replace(session, ended_at=now, end_reason=reason))
            return None
        return await super().end_session(session_id, reason=reason, now=now, user_id=user_id)


@broken.found_by(
    "test_end_all_keeps_the_reason_of_ended_sessions",
    "test_end_for_a_user_ends_a_session_of_that_user",
    "test_end_gives_back_the_session_as_it_is_now",
    "test_end_gives_the_session_to_one_of_many_callers",
    "test_end_keeps_the_first_reason",
    "test_load_gives_an_ended_session",
    "test_purge_keeps_ended_sessions_until_they_expire",
    "test_start_leaves_a_replaced_session_that_was_ended",
    "test_swap_leaves_an_ended_session",
    "test_touch_leaves_ended_sessions",
)
class EndGivesBackWhatItWas(MemoryStore):
    """The caller gets the session of before."""

    @override
    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        before = self._sessions.get(session_id)
        ended = await super().end_session(session_id, reason=reason, now=now, user_id=user_id)
        return before if ended else None


@broken.found_by("test_end_for_a_user_leaves_a_session_of_another")
class EndIgnoresTheUser(MemoryStore):
    """Anybody ends anybody's session."""

    @override
    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        return await super().end_session(session_id, reason=reason, now=now)


@broken.found_by("test_end_gives_the_session_to_one_of_many_callers")
class EndLooksFirst(MemoryStore):
    """Several callers get the session."""

    @override
    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        session = self._live(session_id)
        await asyncio.sleep(0)
        if session is None or user_id not in {None, session.user_id}:
            return None
        return self._put_session(replace(session, ended_at=now, end_reason=reason))


@broken.found_by("test_end_leaves_every_other_session")
class EndEndsAll(MemoryStore):
    """One is to be ended, all of the user are."""

    @override
    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        ended = await super().end_session(session_id, reason=reason, now=now, user_id=user_id)
        if ended:
            await self.end_sessions(ended.user_id, reason=reason, now=now)
        return ended


@broken.found_by("test_end_all_leaves_the_one_to_keep")
class EndAllKeepsNone(MemoryStore):
    """The session that is to be kept is ended with the others."""

    @override
    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        return await super().end_sessions(user_id, reason=reason, now=now)


@broken.found_by(
    "test_end_all_gives_each_session_to_one_of_many_callers", "test_end_all_keeps_the_reason_of_ended_sessions"
)
class EndAllGivesAll(MemoryStore):
    """Those that were ended before are given too."""

    @override
    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        await super().end_sessions(user_id, reason=reason, now=now, keep=keep)
        return tuple(one.id for one in self._sessions.values() if one.user_id == user_id and one.id != keep)


@broken.found_by("test_end_all_leaves_sessions_of_other_users")
class EndAllEndsEverybody(MemoryStore):
    """Sessions of other users are ended too."""

    @override
    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        ended = await super().end_sessions(user_id, reason=reason, now=now, keep=keep)
        for other in {session.user_id for session in self._sessions.values()} - {user_id}:
            await super().end_sessions(other, reason=reason, now=now)
        return ended


@broken.found_by("test_list_leaves_out_ended_sessions")
class ListShowsTheEnded(MemoryStore):
    """A session that was ended is shown as live."""

    @override
    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        ended = [one for one in self._sessions.values() if one.user_id == user_id and one.ended_at is not None]
        return *await super().list_sessions(user_id, now=now), *ended


@broken.found_by("test_list_leaves_out_expired_sessions", "test_list_leaves_out_idle_sessions")
class ListIgnoresTheClock(MemoryStore):
    """A session that is expired or idle is shown as live."""

    @override
    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        return await super().list_sessions(user_id, now=0.0)


@broken.found_by("test_list_begins_with_the_session_last_used")
class ListIsOldestFirst(MemoryStore):
    """The session last used comes last."""

    @override
    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        return tuple(reversed(await super().list_sessions(user_id, now=now)))


@broken.found_by("test_purge_keeps_ended_sessions_until_they_expire")
class PurgeRemovesTheEnded(MemoryStore):
    """The end of a session can no longer be told."""

    @override
    async def purge_sessions(self, *, now: float, limit: int) -> int:
        ended = [one.id for one in self._sessions.values() if one.ended_at is not None]
        for session_id in ended:
            del self._sessions[session_id]
        return len(ended) + await super().purge_sessions(now=now, limit=limit)


@broken.found_by("test_purge_stops_at_its_limit")
class PurgeIsUnlimited(MemoryStore):
    """A purge stops everybody for as long as it takes."""

    @override
    async def purge_sessions(self, *, now: float, limit: int) -> int:
        return await super().purge_sessions(now=now, limit=1_000_000)


@broken.found_by(
    "test_end_all_gives_the_ids_of_those_that_it_ended",
    "test_end_gives_back_the_session_as_it_is_now",
    "test_load_gives_an_ended_session",
    "test_start_lets_one_of_many_callers_have_an_id",
    "test_start_stores_a_new_session",
    "test_swap_replaces_the_generations_that_were_seen",
    "test_touch_moves_each_session_forward",
)
class Unshared(MemoryStore):
    """Another process sees nothing of what is stored."""

    def peer(self) -> MemoryStore:
        """Another store altogether."""
        return MemoryStore()


@broken.found_by("test_touch_of_nothing_does_nothing")
class TouchOfNothingTouchesAll(MemoryStore):
    """No session named is taken for every session."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        everything = {one.id: one.last_used_at + 1 for one in self._sessions.values()}
        await super().touch_sessions(uses or everything)


@broken.found_by("test_end_of_a_missing_session_is_none")
class EndInvents(MemoryStore):
    """A missing session is given back as ended."""

    @override
    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        if session_id not in self._sessions:
            return a_session(id=session_id, ended_at=now, end_reason=reason)
        return await super().end_session(session_id, reason=reason, now=now, user_id=user_id)


@broken.found_by("test_text_of_a_session_comes_back_as_it_was_stored")
class TidiesUp(MemoryStore):
    """White space around a text is taken for a mistake."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        tidy = replace(session, user_agent=session.user_agent and session.user_agent.strip())
        return await super().start_session(tidy, replaces=replaces, now=now)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
