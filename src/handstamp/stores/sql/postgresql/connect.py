"""How a connection to PostgreSQL is made, and how one is ended under whoever waits on it."""

import os
import re
import select
import socket
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from handstamp.core.errors import ConfigurationError

Driver = psycopg.AsyncConnection[tuple[Any, ...]]

CONNECT_WITHIN: Final = 2
"""Seconds, unless the URL says ``connect_timeout``; libpq takes no less."""

PRIMARY: Final = "primary"
"""Which of several hosts, or of the servers behind one name, is taken. One that is set to read only may be."""

_PRIMARIES: Final = (PRIMARY, "read-write")

_AT_SIGNS: Final = re.compile(r"[^/]+//([^/@]*@)?[^@]*(\?.*)?", re.DOTALL)
"""A URL with one @ at most, before the host."""

_ABANDONED_AFTER: Final = 10.0
"""Seconds after which the server ends a transaction whose process stands still, so that others get its locks."""

# What the client has given up must not go on. And a sign-out that was answered outlives a loss of power, also where
# the server is set to be quicker than that; where it waits for standbys, that stays.
SET_UP: Final = """SELECT
    set_config('statement_timeout', %s, false),
    set_config('idle_in_transaction_session_timeout', %s, false),
    set_config('synchronous_commit',
        coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'),
        false)"""


class Place:
    """Where a database is. ``str`` names it without a password.

    Args:
        url: As libpq reads it: ``postgresql://user:password@host/database?sslmode=verify-full``.
        time_limit: How long a statement may take, in seconds.

    Raises:
        ConfigurationError: It cannot be read; the message does not repeat it.
    """

    def __init__(self, url: str, *, time_limit: float) -> None:
        try:
            said = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            said = {"port": "unreadable"}
        # A password with a sign that is not written %2F or %40 is read as port, database or host, and would be shown.
        misread = not str(said.get("port", "")).replace(",", "0").isdigit() and "port" in said
        if misread or _AT_SIGNS.fullmatch(url) is None:
            raise ConfigurationError(
                "the database URL has no form such as postgresql://user:password@host/database; "
                "signs that mean something in a URL are written as %40, %2F"
            )
        self.time_limit = time_limit
        self.parameters: dict[str, Any] = {
            "connect_timeout": CONNECT_WITHIN,
            "application_name": "handstamp",
            "client_encoding": "utf8",
            "target_session_attrs": PRIMARY,
            **said,
        }
        if self.parameters["target_session_attrs"] not in _PRIMARIES:
            raise ConfigurationError(
                f"target_session_attrs={said['target_session_attrs']} in the database URL: a standby may not know "
                f"yet who has been signed out; leave it away, or write {PRIMARY}"
            )
        """For ``psycopg.connect``."""
        self._name = (
            f"{said.get('dbname') or said.get('user') or 'of this user'} at {said.get('host') or 'localhost'}"
        )

    def __str__(self) -> str:
        return self._name

    def limits(self, statement: float) -> tuple[str, str]:
        """The parameters of ``SET_UP`` where a statement may take that many seconds."""
        return f"{statement * 1000:.0f}", f"{max(statement, _ABANDONED_AFTER) * 1000:.0f}"


async def connect(place: Place) -> Driver:
    """A connection in autocommit mode.

    Raises:
        psycopg.Error: There is none.
    """
    connection = await psycopg.AsyncConnection.connect(**place.parameters, autocommit=True)
    try:
        await connection.execute(SET_UP, place.limits(place.time_limit))
    except BaseException:
        connection.pgconn.finish()
        raise
    return connection


def is_quiet(connection: Driver) -> bool:
    """Whether the server has said nothing unasked. What it says to who is idle is nearly always that it goes away."""
    if connection.closed:
        return False
    line = select.poll()
    line.register(connection.pgconn.socket, select.POLLIN)
    return not line.poll(0)


def hang_up(connection: Driver) -> None:
    """End a connection under whoever waits on it, without asking anybody: the wait ends with an error at once.

    Cancelling the wait is not enough: the driver then asks the server to stop, and waits for its answer.
    """
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
