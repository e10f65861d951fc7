"""What the parts of the SQL store share."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from handstamp.core.models import Session, User
from handstamp.core.protocols import ChangeFeed

T = TypeVar("T")


class Database(Protocol):
    """What each SQL database does in its own way."""

    async def open(self) -> None:
        """See ``Store``."""
        ...

    async def migrate(self) -> None:
        """See ``Store``."""
        ...

    def feed(self) -> ChangeFeed:
        """See ``Store``."""
        ...

    async def close(self) -> None:
        """See ``Store``."""
        ...

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``. On the path of a request: by the driver, without SQLAlchemy."""
        ...

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``. On the path of a request: by the driver, without SQLAlchemy."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` gives in a transaction that reads one state of the database."""
        ...

    async def write(self, work: Callable[[Connection], T], *, told: bool = True) -> T:
        """What ``work`` gives in a transaction that is committed when this returns.

        With ``told``, the feed of every process tells what changed at its next poll. When the caller is
        cancelled, or the transaction takes longer than the time limit, all of it is done or nothing.
        """
        ...

    async def prune(self, *, now: float) -> None:
        """Forget changes that every feed has told long ago."""
        ...


class Part:
    """The verbs of one protocol, each one call of ``read`` or ``write``."""

    def __init__(self, database: Database) -> None:
        self._database = database


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert those rows whose key is not there yet; how many there were."""
    if not rows:
        return 0
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(rows).on_conflict_do_nothing()
    # Of an insert, SQLAlchemy keeps the count only where it is asked to; psycopg forgets it with the cursor.
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
