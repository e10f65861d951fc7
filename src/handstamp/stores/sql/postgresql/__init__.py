"""PostgreSQL: a pool for each event loop, hot reads by the driver, and a change feed by LISTEN and NOTIFY."""

from handstamp.core.errors import ConfigurationError

try:
    from handstamp.stores.sql.postgresql.database import PostgresqlDatabase
except ModuleNotFoundError as missing:
    _package = (missing.name or "").partition(".")[0]
    raise ConfigurationError(f"PostgreSQL needs the package {_package}: install handstamp[postgresql]") from missing

__all__ = ["PostgresqlDatabase"]
