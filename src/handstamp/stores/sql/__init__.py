"""A store in an SQL database. Needs the extra ``handstamp[sql]``."""

from handstamp.core.errors import ConfigurationError

try:
    from handstamp.stores.sql.store import SqlStore
except ModuleNotFoundError as missing:
    _package = (missing.name or "").partition(".")[0]
    raise ConfigurationError(f"an SQL database needs the package {_package}: install handstamp[sql]") from missing

__all__ = ["SqlStore"]
