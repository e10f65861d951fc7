"""Which errors of PostgreSQL mean that the store cannot be asked now, and which are defects."""

from typing import Final

import psycopg
from sqlalchemy import exc

from handstamp.core.errors import StoreUnavailable

_OUTAGES: Final = (
    "08",  # connection exception
    "25006",  # read-only: a standby, or a primary that is being replaced
    "28",  # the server lets us in no more
    "3D000",  # the database is gone
    "40",  # again and again another transaction came first
    "53",  # out of connections, memory or disk
    "55P03",  # a lock that was not given in time
    "57",  # shut down, starting up, or a statement took too long
    "58",  # an error of the system below
    "XX",  # a damaged database
)
"""What an SQLSTATE begins with (PostgreSQL manual, appendix A)."""

_REFUSED: Final = ("28", "3D000")

TRIED_AGAIN: Final = ("40001", "40P01")
"""Two transactions got in each other's way, and this one was undone as a whole."""


def driver_error(error: BaseException) -> BaseException:
    """The error of the driver that SQLAlchemy has wrapped, or the error itself."""
    return (error.orig or error) if isinstance(error, exc.DBAPIError) else error


def sqlstate(error: BaseException) -> str:
    """The five letters of PostgreSQL, or "" where the server has said nothing."""
    return getattr(driver_error(error), "sqlstate", None) or ""


def is_outage(error: BaseException) -> bool:
    """Whether the database cannot be used now. A wrong statement is not an outage."""
    error = driver_error(error)
    if isinstance(error, (OSError, exc.TimeoutError)):  # the network, or no free connection in time
        return True
    code = sqlstate(error)
    return (
        code.startswith(_OUTAGES) if code else isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    )


def is_refusal(error: BaseException) -> bool:
    """Whether the server answers, and knows no such user, password or database."""
    text = str(error)
    return sqlstate(error).startswith(_REFUSED) or any(said in text for said in _SAID)


_SAID: Final = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")
"""While a connection is made libpq gives the server's words alone, without the SQLSTATE."""


def unavailable(where: str, error: object) -> StoreUnavailable:
    """The error to raise for an outage; it names the database and the cause, no password and no value of a row."""
    cause = driver_error(error) if isinstance(error, BaseException) else error
    words = " ".join(str(cause).split()) or type(cause).__name__
    return StoreUnavailable(f"the PostgreSQL database {where} cannot be used now: {words}")
