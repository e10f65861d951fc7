"""The MongoDB store keeps every sentence of the protocols: wiring."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from handstamp.core.protocols import Store
from handstamp.stores.mongodb import MongoStore
from handstamp.testing import (
    AuditStoreSuite,
    ChallengeStoreSuite,
    ChangeFeedSuite,
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


class TestChallenges(ChallengeStoreSuite):
    """Challenges."""


class TestAudit(AuditStoreSuite):
    """Audit events."""


class TestFeed(ChangeFeedSuite):
    """The change feed. A busy machine takes longer than the documented lag."""

    lag: ClassVar[float] = 0.5


class TestStore(StoreSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""
