"""The PostgreSQL store keeps every sentence of the protocols: wiring."""

from collections.abc import AsyncIterator

import pytest

from handstamp.core.protocols import Store
from handstamp.stores.sql import SqlStore
from handstamp.testing import (
    AuditStoreSuite,
    ChallengeStoreSuite,
    ChangeFeedSuite,
    SessionStoreSuite,
    StoreSuite,
    UserStoreSuite,
)
from upkeep_suite import UpkeepSuite

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]


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


class TestChallenges(ChallengeStoreSuite):
    """Challenges."""


class TestAudit(AuditStoreSuite):
    """Audit events."""


class TestFeed(ChangeFeedSuite):
    """The change feed. The lag is that of a busy machine; what is measured on a quiet one is in the docs."""

    lag = 0.25


class TestStore(StoreSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""
