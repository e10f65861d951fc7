"""The two reads on the path of a request, by one connection that cannot write, without a thread.

A look-up takes a few microseconds, less than it takes to pass it to a thread. It never waits for a lock.
"""

import sqlite3
from typing import Any, Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.dialects import sqlite

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Session, User
from handstamp.stores.sql.rows import session_from, user_from
from handstamp.stores.sql.sqlite.connect import connect_checked
from handstamp.stores.sql.sqlite.errors import is_outage, unavailable
from handstamp.stores.sql.sqlite.file import DatabaseFile, identity_of
from handstamp.stores.sql.tables import sessions, user_roles, users


def _compiled(statement: Select[Any]) -> str:
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="qmark")))


SESSION_BY_ID: Final = _compiled(select(sessions).where(sessions.c.id == bindparam("id")))

USER_BY_ID: Final = _compiled(
    select(*users.columns, user_roles.c.role).outerjoin_from(users, user_roles).where(users.c.id == bindparam("id"))
)
"""One row for each role; one with NULL where there is none."""


class Reader:
    """The connection, made anew when another file has taken the place of the database.

    Raises:
        StoreUnavailable: The database cannot be opened.
        ConfigurationError: It does not fit this version.
    """

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file
        try:
            self._connect()
        except (sqlite3.Error, OSError) as error:
            raise unavailable(file.path, error) from error

    def session(self, session_id: str) -> Session | None:
        """See ``SessionStore.load_session``."""
        rows = self._rows(SESSION_BY_ID, session_id)
        return session_from(rows[0]) if rows else None

    def user(self, user_id: str) -> User | None:
        """See ``UserStore.load_user``."""
        rows = self._rows(USER_BY_ID, user_id)
        return user_from(rows[0], [row[-1] for row in rows if row[-1] is not None]) if rows else None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _rows(self, statement: str, key: str) -> list[Any]:
        try:
            if identity_of(self._file.path) != self._identity:
                self._reconnect()
            # All rows at once: an open cursor would pin a state of the database.
            return self._connection.execute(statement, (key,)).fetchall()
        except (sqlite3.Error, OSError) as error:
            if not is_outage(error):
                raise
            raise unavailable(self._file.path, error) from error

    def _reconnect(self) -> None:
        before = self._connection
        try:
            self._connect()
        except ConfigurationError as error:
            raise unavailable(self._file.path, error) from error
        before.close()

    def _connect(self) -> None:
        # The identity first: a file that is replaced in between is then noticed at the next read.
        identity = identity_of(self._file.path)
        self._connection = connect_checked(self._file, writes=False, busy_timeout=0)
        self._identity = identity
