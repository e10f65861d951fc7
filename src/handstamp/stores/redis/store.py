"""The store as a whole."""

from typing import Final

from handstamp.core.protocols import ChangeFeed
from handstamp.stores.redis.challenges import RedisChallenges
from handstamp.stores.redis.feed import RedisFeed
from handstamp.stores.redis.leases import RedisLeases
from handstamp.stores.redis.server import Server
from handstamp.stores.redis.sessions import RedisSessions
from handstamp.stores.redis.throttle import RedisThrottle

TIME_LIMIT: Final = 2.0


class RedisStore(RedisSessions, RedisChallenges, RedisThrottle, RedisLeases):
    """Keeps sessions and what passes with them in Redis 7 or later, or in Valkey: a ``SessionBackend``.

    One object serves any number of event loops, in turn or at once.

    Args:
        url: ``valkey://host:6379/0`` or ``redis://``, with TLS ``valkeys://`` or ``rediss://``, each with
            ``user:password@`` before the host if need be, or ``unix:///path/to/socket?db=0``.
        time_limit: How long a verb may wait for the server, in seconds; then it raises ``StoreUnavailable``.

    Raises:
        ConfigurationError: The URL is none of these.
    """

    def __init__(self, url: str, *, time_limit: float = TIME_LIMIT) -> None:
        super().__init__(Server(url, time_limit=time_limit))

    async def open(self) -> None:
        """See ``SessionBackend``."""
        await self._server.open()

    async def migrate(self) -> None:
        """There is no shape to bring it to: keys are made as they are needed."""

    def feed(self) -> ChangeFeed:
        """See ``SessionBackend``. Where no event loop runs, it begins with the first poll in one."""
        return RedisFeed(self._server)

    async def close(self) -> None:
        """See ``SessionBackend``."""
        await self._server.close()
