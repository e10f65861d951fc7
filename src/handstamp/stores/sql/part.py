"""What the parts of the SQL store share."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Executable, Table
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

    async def read(self, work: Callable[[Connection], T], *, alone: bool = False) -> T:
        """What ``work`` gives in a transaction that reads one state of the database.

        With ``alone`` it is one statement, which is a transaction by itself: a server need not be told of its
        beginning and its end, and each would be a way there and back.
        """
        ...

    async def write(self, work: Callable[[Connection], T], *, told: bool = True, alone: bool = False) -> T:
        """What ``work`` gives in a transaction that is committed when this returns.

        With ``alone`` as in ``read``: for what may still happen after it was given up, as a statement that waited
        for a lock. In a transaction of several steps the last one, which commits, is then never sent.

        With ``told``, the feed of every process tells what changed at its next poll. When the caller is
        cancelled, or the transaction takes longer than the time limit, all of it is done or nothing.
        """
        ...

    async def prune(self) -> None:
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
    return _inserted(connection, _insert(connection, table).values(rows).on_conflict_do_nothing())


def insert_or_change(
    connection: Connection, table: Table, row: dict[str, Any], *, change: dict[str, Any], where: ColumnElement[bool]
) -> bool:
    """Insert a row, or change the one that has its key and fits ``where``; whether either was done.

    On PostgreSQL a row that does not fit is locked all the same, so that it can be read in the same transaction.
    """
    insert = _insert(connection, table).values(row)
    keys = list(table.primary_key)
    return _inserted(connection, insert.on_conflict_do_update(index_elements=keys, set_=change, where=where)) == 1


def _insert(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _inserted(connection: Connection, statement: Executable) -> int:
    # Of an insert, SQLAlchemy keeps the count only where it is asked to; psycopg forgets it with the cursor.
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
