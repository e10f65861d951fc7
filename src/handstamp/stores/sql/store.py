"""The SQL store: which database it is, and its parts as one."""

from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from handstamp.core.errors import ConfigurationError
from handstamp.core.protocols import ChangeFeed
from handstamp.stores.sql.audit import SqlAudit
from handstamp.stores.sql.challenges import SqlChallenges
from handstamp.stores.sql.credentials import SqlCredentials
from handstamp.stores.sql.identities import SqlIdentities
from handstamp.stores.sql.leases import SqlLeases
from handstamp.stores.sql.mail import SqlMail
from handstamp.stores.sql.part import Database
from handstamp.stores.sql.sessions import SqlSessions
from handstamp.stores.sql.sqlite import SqliteDatabase, database_path
from handstamp.stores.sql.throttle import SqlThrottle
from handstamp.stores.sql.users import SqlUsers

TIME_LIMIT: Final = 5.0

_POSTGRESQL: Final = ("postgresql://", "postgres://")


class SqlStore(
    SqlSessions,
    SqlUsers,
    SqlIdentities,
    SqlCredentials,
    SqlChallenges,
    SqlThrottle,
    SqlLeases,
    SqlAudit,
    SqlMail,
):
    """Keeps everything in an SQL database.

    One object serves any number of event loops, in turn or at once. It is opened after a fork, in each process.

    Args:
        url: ``sqlite:///relative.db`` or ``sqlite:////absolute.db``; ``postgresql://user:password@host/database``,
            with whatever else libpq knows (``?host=/run/postgresql``, ``?sslmode=verify-full``).
        time_limit: How long a verb may wait for the database, in seconds; then it raises ``StoreUnavailable``.

    Raises:
        ConfigurationError: The URL is none of these; the message says what to do.
    """

    def __init__(self, url: str, *, time_limit: float = TIME_LIMIT) -> None:
        super().__init__(_database(url, time_limit))

    async def open(self) -> None:
        """See ``Store``."""
        await self._database.open()

    async def migrate(self) -> None:
        """See ``Store``."""
        await self._database.migrate()

    def feed(self) -> ChangeFeed:
        """See ``Store``."""
        return self._database.feed()

    async def close(self) -> None:
        """See ``Store``."""
        await self._database.close()


def _database(url: str, time_limit: float) -> Database:
    if url.startswith(_POSTGRESQL):
        from handstamp.stores.sql.postgresql import PostgresqlDatabase  # noqa: PLC0415  its driver is an extra

        return PostgresqlDatabase(url, time_limit=time_limit)
    try:
        parsed = make_url(url)
    except ArgumentError:
        # "from None": the cause repeats the URL, and that may carry a password.
        raise ConfigurationError(
            "the database URL has no form such as sqlite:///app.db or postgresql://user:password@host/database"
        ) from None
    if parsed.drivername == "sqlite":
        return SqliteDatabase(database_path(parsed), time_limit=time_limit)
    raise ConfigurationError(
        f"a database URL that begins with {parsed.drivername}: is not known here; use sqlite:///app.db or postgresql://"
    )
