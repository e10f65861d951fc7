"""A store in an SQL database. Needs the extra ``handstamp[sql]``."""

from handstamp.core.errors import ConfigurationError

try:
    from handstamp.stores.sql.store import SqlStore
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        f"an SQL database needs the package {missing.name}: install handstamp[sql]",
    ) from missing

__all__ = ["SqlStore"]
