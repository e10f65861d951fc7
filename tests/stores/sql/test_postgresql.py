"""The PostgreSQL store keeps every sentence of the protocols: wiring."""

from collections.abc import AsyncIterator

import pytest

from dropping import Dropping, lost_sessions_are_found, lost_users_are_found
from handstamp.core.protocols import Store
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.postgresql import connections
from handstamp.stores.sql.postgresql.changes import CHANNEL
from handstamp.stores.sql.postgresql.feed import PostgresqlFeed
from handstamp.testing import (
    CALLERS,
    AuditStoreSuite,
    ChallengeStoreSuite,
    ChangeFeedSuite,
    CredentialStoreSuite,
    MailStoreSuite,
    SessionStoreSuite,
    StoreSuite,
    TokenStoreSuite,
    UserStoreSuite,
)
from upkeep_suite import UpkeepSuite

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]


@pytest.fixture(autouse=True)
def a_connection_for_each_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who race are at the database at once: with fewer connections some would wait, and some be refused."""
    monkeypatch.setattr(connections, "WRITERS", CALLERS // 2)


@pytest.fixture
def store(postgresql_store: SqlStore) -> Store:
    """An open store that keeps nothing yet."""
    return postgresql_store


@pytest.fixture
async def peer(store: Store, postgresql_url: str) -> AsyncIterator[Store]:
    """Another store object on the same database, with connections of its own."""
    peer = SqlStore(postgresql_url)
    await peer.open()
    yield peer
    await peer.close()


class TestSessions(SessionStoreSuite):
    """Sessions."""


class TestUsers(UserStoreSuite):
    """Users."""


class TestTokens(TokenStoreSuite):
    """Tokens of providers."""


class TestCredentials(CredentialStoreSuite):
    """Credentials, and ways in."""


class TestChallenges(ChallengeStoreSuite):
    """Challenges."""


class TestMail(MailStoreSuite):
    """Mails that wait."""


class TestAudit(AuditStoreSuite):
    """Audit events."""


class TestFeed(ChangeFeedSuite):
    """The change feed. The lag is that of a busy machine; what is measured on a quiet one is in the docs."""

    lag = 0.25


class TestStore(StoreSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""


async def test_news_that_the_feed_loses_are_missed(
    store: Store, peer: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suite fails where the feed passes over some of the notifications; heartbeats come through."""
    hear, news = PostgresqlFeed._hear, {"session": Dropping(), "user": Dropping()}

    def lossy(self: PostgresqlFeed, channel: str, payload: str) -> None:
        kind = payload.partition(":")[0]
        if channel != CHANNEL or kind not in news or not news[kind].drops():
            hear(self, channel, payload)

    monkeypatch.setattr(PostgresqlFeed, "_hear", lossy)
    await lost_sessions_are_found(TestFeed(), store, peer)
    await lost_users_are_found(TestFeed(), store, peer)
