"""The SQLite store keeps every sentence of the protocols: wiring."""

from collections.abc import AsyncIterator
from pathlib import Path

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


class TestChallenges(ChallengeStoreSuite):
    """Challenges."""


class TestAudit(AuditStoreSuite):
    """Audit events."""


class TestFeed(ChangeFeedSuite):
    """The change feed: no lag for writers that are handstamp, since polls are given one and the same time."""


class TestStore(StoreSuite):
    """The store as a whole."""


class TestUpkeep(UpkeepSuite):
    """Two processes that keep it up."""
