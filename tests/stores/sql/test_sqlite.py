"""The SQLite store keeps every sentence of the protocols: wiring."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from dropping import Dropping, lost_sessions_are_found, lost_users_are_found
from handstamp.core.models import Changes
from handstamp.core.protocols import Store
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.sqlite.feed import SqliteFeed
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


@pytest.fixture
def store(sqlite_store: SqlStore) -> Store:
    """An open store that keeps nothing yet."""
    return sqlite_store


@pytest.fixture
async def peer(store: Store, database: Path) -> AsyncIterator[Store]:
    """Another store object on the same database."""
    peer = SqlStore(f"sqlite:///{database}")
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
    """The change feed: no lag for writers that are handstamp, since polls are given one and the same time."""


class TestStore(StoreSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""


async def test_news_that_the_feed_loses_are_missed(
    store: Store, peer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suite fails where the feed passes over some of the rows that tell the changes."""
    changes_of, sessions, users = SqliteFeed._changes, Dropping(), Dropping()

    def lossy(self: SqliteFeed) -> Changes:
        changes = changes_of(self)
        return replace(changes, sessions=sessions.left(changes.sessions), users=users.left(changes.users))

    monkeypatch.setattr(SqliteFeed, "_changes", lossy)
    await lost_sessions_are_found(TestFeed(), store, peer)
    await lost_users_are_found(TestFeed(), store, peer)
