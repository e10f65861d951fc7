"""From a URL to the store that it names. Only the one in use is loaded."""

import re
from typing import Final

from handstamp.core.errors import ConfigurationError
from handstamp.core.protocols import ChangeFeed, SessionBackend, Store
from handstamp.core.urls import MEMORY, SQLITE
from handstamp.services.feeds import CombinedFeed

_REDIS: Final = ("valkey:", "valkeys:", "redis:", "rediss:", "unix:")
_MONGODB: Final = ("mongodb://", "mongodb+srv://")
_SQL: Final = (SQLITE, "postgresql://", "postgres://")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+]*):")


def store_at(url: str) -> Store:
    """The store that a URL names; it is not open yet.

    Raises:
        ConfigurationError: There is no such kind of store, or its extra is not installed.
    """
    if url == MEMORY:
        from handstamp.stores.memory import MemoryStore  # noqa: PLC0415  only the store in use is loaded

        return MemoryStore()
    if url.startswith(_SQL):
        from handstamp.stores.sql import SqlStore  # noqa: PLC0415  only the store in use is loaded

        return SqlStore(url)
    if url.startswith(_MONGODB):
        from handstamp.stores.mongodb import MongoStore  # noqa: PLC0415  only the store in use is loaded

        return MongoStore(url)
    known = _SCHEME.match(url)
    scheme = known[1] if known else ""  # what has no scheme may be a password as well
    if url.startswith(_REDIS):
        raise ConfigurationError(f"{scheme}: keeps sessions, and no users: name it in `sessions`, beside a database")
    raise ConfigurationError(
        f"there is no store for {scheme!r}: use sqlite:///file.db, postgresql://, mongodb://host/database or memory://"
    )


def sessions_at(url: str) -> SessionBackend:
    """The store of sessions that a URL names; it is not open yet.

    Raises:
        ConfigurationError: There is no such kind of store, or its extra is not installed.
    """
    if not url.startswith(_REDIS):
        return store_at(url)
    try:
        from handstamp.stores.redis import RedisStore  # noqa: PLC0415  only the store in use is loaded
    except ModuleNotFoundError as error:
        raise ConfigurationError("the driver is missing: pip install 'handstamp[redis]'") from error
    return RedisStore(url)


def feed_of(store: Store, sessions: SessionBackend) -> ChangeFeed:
    """A new feed of all that an answer depends on: users in one store, sessions in the same one or another."""
    return store.feed() if sessions is store else CombinedFeed(store.feed(), sessions.feed())
