"""A store in MongoDB. Needs the extra ``handstamp[mongodb]``, and a replica set (one node is enough)."""

from handstamp.core.errors import ConfigurationError

try:
    from handstamp.stores.mongodb.store import MongoStore
except ModuleNotFoundError as missing:
    _package = (missing.name or "").partition(".")[0]
    raise ConfigurationError(f"MongoDB needs the package {_package}: install handstamp[mongodb]") from missing

__all__ = ["MongoStore"]
