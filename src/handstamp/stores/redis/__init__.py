"""Sessions and one-time things in Redis or Valkey; users stay in another store."""

from handstamp.stores.redis.store import RedisStore

__all__ = ["RedisStore"]
