"""The suites of change feeds and of whole stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from broken import tests_of as named_in
from dropping import Dropping
from handstamp.core.models import (
    EVERYTHING_CHANGED,
    UNKNOWN,
    Changes,
    Credential,
    EndReason,
    Generations,
    Session,
    User,
)
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.memory import MemoryStore
from handstamp.testing import (
    ChangeFeedSuite,
    LeaseSuite,
    StoreSuite,
    ThrottleSuite,
)

broken_feeds = Breakages(ChangeFeedSuite)
broken_stores = Breakages(StoreSuite)


class _Copying:
    def __init__(self, feed: ChangeFeed) -> None:
        self._feed = feed

    def poll(self, now: float) -> Changes:
        return replace(self._feed.poll(now))

    def close(self) -> None:
        self._feed.close()


class _Unclosable:
    def __init__(self, feed: ChangeFeed) -> None:
        self._feed = feed

    def poll(self, now: float) -> Changes:
        changes = self._feed.poll(now)
        return Changes(sessions=("any",)) if changes is UNKNOWN else changes

    def close(self) -> None:
        self._feed.close()


class _Dropping:
    def __init__(self, feed: ChangeFeed, sessions: Dropping, users: Dropping) -> None:
        self._feed = feed
        self._sessions, self._users = sessions, users

    def poll(self, now: float) -> Changes:
        changes = self._feed.poll(now)
        if not changes.sessions and not changes.users:
            return changes
        return replace(changes, sessions=self._sessions.left(changes.sessions), users=self._users.left(changes.users))

    def close(self) -> None:
        self._feed.close()


class _TellingEverything:
    def __init__(self, feed: ChangeFeed) -> None:
        self._feed = feed

    def poll(self, now: float) -> Changes:
        changes = self._feed.poll(now)
        return EVERYTHING_CHANGED if changes.sessions or changes.users else changes

    def close(self) -> None:
        self._feed.close()


@broken_feeds.found_by(
    "test_a_session_started_is_told",
    "test_changes_of_many_callers_are_all_told",
    "test_each_of_many_changes_of_sessions_is_told",
)
class FeedMissesStarts(MemoryStore):
    """A session that was looked for before it began stays unknown."""

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> None:
        if replaces is not None:
            self._end(replaces, EndReason.REPLACED, now)
        self._sessions[session.id] = session


@broken_feeds.found_by("test_changes_of_many_callers_are_all_told", "test_each_of_many_changes_of_sessions_is_told")
class FeedDropsEveryThirdSession(MemoryStore):
    """Who was signed out stays signed in elsewhere, now and then."""

    @override
    def feed(self) -> ChangeFeed:
        return _Dropping(super().feed(), Dropping(3), Dropping(0))


@broken_feeds.found_by("test_each_of_many_changes_of_sessions_is_told")
class FeedDropsFewSessions(MemoryStore):
    """The same, and so seldom that nobody would find out by looking."""

    @override
    def feed(self) -> ChangeFeed:
        return _Dropping(super().feed(), Dropping(), Dropping(0))


@broken_feeds.found_by("test_each_of_many_changes_of_users_is_told")
class FeedDropsEveryThirdUser(MemoryStore):
    """A role that was taken goes on elsewhere, now and then."""

    @override
    def feed(self) -> ChangeFeed:
        return _Dropping(super().feed(), Dropping(0), Dropping(3))


@broken_feeds.found_by("test_each_of_many_changes_of_users_is_told")
class FeedDropsFewUsers(MemoryStore):
    """The same, and so seldom that nobody would find out by looking."""

    @override
    def feed(self) -> ChangeFeed:
        return _Dropping(super().feed(), Dropping(0), Dropping())


@broken_feeds.found_by("test_each_of_many_changes_of_sessions_is_told", "test_each_of_many_changes_of_users_is_told")
class TellsEverything(MemoryStore):
    """Any change empties the caches."""

    @override
    def feed(self) -> ChangeFeed:
        return _TellingEverything(super().feed())


@broken_stores.found_by("test_a_cancelled_caller_leaves_the_store_usable")
class StaysLocked(MemoryStore):
    """Whoever goes away in the midst of a verb leaves the store locked."""

    locked = False

    @override
    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> None:
        assert not self.locked
        self.locked = True
        await asyncio.sleep(0)
        await super().start_session(session, replaces=replaces, now=now)
        self.locked = False


@broken_stores.found_by("test_many_callers_may_migrate_at_once")
class MigratesOneAtATime(MemoryStore):
    """Two that migrate at once are in each other's way."""

    migrating = False

    @override
    async def migrate(self) -> None:
        assert not self.migrating
        self.migrating = True
        await asyncio.sleep(0)
        self.migrating = False


@broken_stores.found_by("test_closing_again_does_nothing")
class ClosesOnce(MemoryStore):
    """Closing again fails."""

    closed = False

    @override
    async def close(self) -> None:
        assert not self.closed
        self.closed = True


@broken_feeds.found_by(
    "test_a_role_given_is_told",
    "test_a_role_taken_is_told",
    "test_a_user_added_is_told",
    "test_a_user_changed_is_told",
    "test_a_user_disabled_is_told",
    "test_a_user_enabled_is_told",
    "test_a_user_made_is_told",
    "test_an_address_claimed_is_told",
    "test_an_address_set_is_told",
    "test_each_of_many_changes_of_users_is_told",
)
class FeedMissesUsers(MemoryStore):
    """Roles that were taken go on in every cache."""

    def _put_user(self, user: User) -> User:
        self._users[user.id] = user
        return user


@broken_feeds.found_by("test_a_user_deleted_is_told", "test_each_of_many_changes_of_users_is_told")
class FeedMissesDeletedUsers(MemoryStore):
    """Who was deleted goes on in every cache."""

    @override
    async def delete_user(self, user_id: str) -> bool:
        return self._users.pop(user_id, None) is not None


@broken_feeds.found_by("test_an_address_claimed_is_told", "test_each_of_many_changes_of_users_is_told")
class FeedMissesTheLosers(MemoryStore):
    """Who loses an address is shown with it elsewhere."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        for other in self._others_with(email, user_id):
            self._users[other.id] = replace(other, email=None)
        return await super().claim_email(user_id, email, now=now)


@broken_feeds.found_by("test_identities_and_credentials_are_not_told")
class FeedTellsCredentials(MemoryStore):
    """Each second step empties the caches."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        self._journal.tell(user=seen.user_id)
        return await super().swap_credential(seen, becomes)


@broken_feeds.found_by("test_a_session_rotated_is_told", "test_each_of_many_changes_of_sessions_is_told")
class FeedMissesRotation(MemoryStore):
    """Caches go on with the generations of before."""

    @override
    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        self._sessions[session_id] = replace(self._sessions[session_id], generations=becomes)
        return True


@broken_feeds.found_by(
    "test_a_session_ended_is_told",
    "test_a_session_replaced_is_told",
    "test_all_sessions_ended_are_told",
    "test_each_of_many_changes_of_sessions_is_told",
)
class FeedMissesEnds(MemoryStore):
    """Who was signed out stays signed in everywhere else."""

    def _end(self, session_id: str, reason: EndReason, now: float) -> Session | None:
        session = self._live(session_id)
        if session:
            self._sessions[session_id] = session = replace(session, ended_at=now, end_reason=reason)
        return session


@broken_feeds.found_by("test_a_session_removed_is_told", "test_each_of_many_changes_of_sessions_is_told")
class FeedMissesPurges(MemoryStore):
    """Sessions that are gone go on in every cache."""

    @override
    async def purge_sessions(self, *, now: float, limit: int) -> int:
        self._sessions.clear()
        return 0


@broken_feeds.found_by("test_a_session_used_is_not_told")
class FeedTellsUse(MemoryStore):
    """Each use of a session empties the caches."""

    @override
    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        await super().touch_sessions(uses)
        for session_id in uses:
            self._journal.tell(session=session_id)


@broken_feeds.found_by("test_nothing_changed_is_the_object_itself")
class Fresh(MemoryStore):
    """Says that nothing changed by another object than the one that is compared."""

    @override
    def feed(self) -> ChangeFeed:
        return _Copying(super().feed())


@broken_feeds.found_by("test_a_closed_feed_is_not_coherent")
class Deaf(MemoryStore):
    """Its feed goes on vouching after it was closed."""

    @override
    def feed(self) -> ChangeFeed:
        return _Unclosable(super().feed())


@broken_feeds.found_by("test_a_feed_begins_when_it_is_made")
class Replays(MemoryStore):
    """Its feed begins with what was before."""

    @override
    def feed(self) -> ChangeFeed:
        feed = super().feed()
        for session_id in self._sessions:
            self._journal.tell(session=session_id)
        return feed


@broken_stores.found_by("test_opening_again_does_nothing")
class ForgetsAtOpen(MemoryStore):
    """Opening again forgets everything."""

    @override
    async def open(self) -> None:
        self._sessions.clear()


@broken_stores.found_by("test_whoever_is_cancelled_stops")
class SwallowsCancellations(MemoryStore):
    """Whoever is cancelled while it is asked goes on."""

    @override
    async def load_session(self, session_id: str) -> Session | None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        return await super().load_session(session_id)


@broken_stores.found_by("test_migrating_again_keeps_everything")
class ForgetsSessionsAtMigrate(MemoryStore):
    """Migrating again makes the sessions anew."""

    @override
    async def migrate(self) -> None:
        self._sessions.clear()


@broken_stores.found_by("test_migrating_again_keeps_users")
class ForgetsUsersAtMigrate(MemoryStore):
    """Migrating again makes the users anew."""

    @override
    async def migrate(self) -> None:
        self._users.clear()


@pytest.mark.parametrize("breakage", [*broken_feeds.all, *broken_stores.all], ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail. Leases and attempts have their own files."""
    elsewhere = named_in(LeaseSuite) | named_in(ThrottleSuite)
    assert broken_feeds.never_needed | (broken_stores.never_needed - elsewhere) == set()
