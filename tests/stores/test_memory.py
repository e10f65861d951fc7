"""The memory store keeps every sentence of the protocols."""

import pytest

from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED
from handstamp.core.protocols import Store
from handstamp.stores.memory import MemoryStore
from handstamp.testing import (
    NOW,
    AuditStoreSuite,
    ChallengeStoreSuite,
    ChangeFeedSuite,
    CredentialStoreSuite,
    MailStoreSuite,
    SessionStoreSuite,
    StoreSuite,
    UserStoreSuite,
    a_session,
)


@pytest.fixture
def store() -> Store:
    """An open store that keeps nothing yet."""
    return MemoryStore()


@pytest.fixture
def peer(store: Store) -> Store:
    """The same store: nothing else sees its data."""
    return store


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
    """The change feed, without lag."""


class TestStore(StoreSuite):
    """The store as a whole."""


async def test_a_feed_that_fell_far_behind_says_everything(store: Store) -> None:
    """Above 10,000 changes the feed does not tell each."""
    feed = store.feed()
    for number in range(10_001):
        await store.start_session(a_session(id=f"session-{number}"), replaces=None, now=NOW)
    assert feed.poll(NOW) is EVERYTHING_CHANGED
    assert feed.poll(NOW) is NOTHING_CHANGED
