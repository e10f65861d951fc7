"""The MongoDB store keeps every sentence of the protocols: wiring."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from dropping import Dropping, lost_sessions_are_found, lost_users_are_found
from handstamp.core.protocols import Store
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.feed import MongoFeed
from handstamp.testing import (
    AuditStoreSuite,
    ChallengeStoreSuite,
    ChangeFeedSuite,
    CredentialStoreSuite,
    MailStoreSuite,
    SessionStoreSuite,
    StoreSuite,
    UserStoreSuite,
)
from upkeep_suite import UpkeepSuite

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]


@pytest.fixture
def store(mongo_store: MongoStore) -> Store:
    """An open store that keeps nothing yet."""
    return mongo_store


@pytest.fixture
async def peer(store: Store, url: str) -> AsyncIterator[Store]:
    """Another store object on the same database."""
    peer = MongoStore(url)
    await peer.open()
    yield peer
    await peer.close()


class TestSessions(SessionStoreSuite):
    """Sessions."""


class TestUsers(UserStoreSuite):
    """Users."""


class TestCredentials(CredentialStoreSuite):
    """Credentials, and ways in."""


class TestChallenges(ChallengeStoreSuite):
    """Challenges."""


class TestMail(MailStoreSuite):
    """Mails that wait."""


class TestAudit(AuditStoreSuite):
    """Audit events."""


class TestFeed(ChangeFeedSuite):
    """The change feed. A busy machine takes longer than the documented lag."""

    lag: ClassVar[float] = 0.5


class TestStore(StoreSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""


async def test_news_that_the_feed_loses_are_missed(
    store: Store, peer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suite fails where the feed passes over some of what the stream brings; heartbeats come through."""
    note_session, note_user = MongoFeed.note_session, MongoFeed.note_user
    sessions, users = Dropping(), Dropping()

    def lossy_of_sessions(self: MongoFeed, session_id: str) -> None:
        if not sessions.drops():
            note_session(self, session_id)

    def lossy_of_users(self: MongoFeed, user_id: str) -> None:
        if not users.drops():
            note_user(self, user_id)

    monkeypatch.setattr(MongoFeed, "note_session", lossy_of_sessions)
    monkeypatch.setattr(MongoFeed, "note_user", lossy_of_users)
    await lost_sessions_are_found(TestFeed(), store, peer)
    await lost_users_are_found(TestFeed(), store, peer)
