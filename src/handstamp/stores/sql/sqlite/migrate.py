"""Brings a SQLite database to the shape of this version, in one transaction."""

import sqlite3
from contextlib import closing
from typing import Final

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from handstamp.core.errors import ConfigurationError
from handstamp.stores.sql.sqlite.changes import install
from handstamp.stores.sql.sqlite.connect import check, connect, revision_of, tables_of
from handstamp.stores.sql.sqlite.errors import is_outage, unavailable
from handstamp.stores.sql.sqlite.file import DatabaseFile
from handstamp.stores.sql.tables import REVISION, tables_since

_PATIENCE: Final = 60.0
"""Seconds: as long as another process may take to migrate."""


def migrate(file: DatabaseFile) -> None:
    """Make the database when it is missing, run the migrations that it lacks, and make the triggers anew.

    Any number of processes may do so at once: the first does it, the others wait and find it done.

    Raises:
        ConfigurationError: The database belongs to a newer version, or to something else.
        StoreUnavailable: The database cannot be written.
    """
    file.create()
    try:
        with closing(connect(file, writes=True, busy_timeout=_PATIENCE)) as connection:
            _migrate(file, connection)
    except DBAPIError as error:
        if not is_outage(error.orig):
            raise
        raise unavailable(file.path, error.orig) from error
    except sqlite3.Error as error:
        if not is_outage(error):
            raise
        raise unavailable(file.path, error) from error


def _migrate(file: DatabaseFile, driver: sqlite3.Connection) -> None:
    if _fits(driver, file):
        return
    engine = create_engine("sqlite+pysqlite://", creator=lambda: driver, poolclass=StaticPool, hide_parameters=True)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if _fits(driver, file):  # another process was faster
            return
        _refuse_foreign(driver, file)
        _upgrade(connection)
        install(driver)
        check(driver, file)


def _fits(connection: sqlite3.Connection, file: DatabaseFile) -> bool:
    try:
        check(connection, file)
    except ConfigurationError:
        if (revision_of(connection) or "") > REVISION:
            raise
        return False
    return True


def _refuse_foreign(connection: sqlite3.Connection, file: DatabaseFile) -> None:
    revision = revision_of(connection)
    ours = tables_since(revision) | ({"changes"} if revision is None else set())
    taken = sorted(tables_of(connection) & ours)
    if taken:
        raise ConfigurationError(
            f"the database {file.path} has tables that are not handstamp's ({', '.join(taken)}): "
            "give handstamp a database of its own"
        )


def _upgrade(connection: Connection) -> None:
    try:
        from handstamp.stores.sql.migrate import upgrade  # noqa: PLC0415  0.2 s, only where tables are missing
    except ModuleNotFoundError as missing:
        raise ConfigurationError(
            f"to migrate a database needs the package {missing.name}: install handstamp[sql]"
        ) from missing
    upgrade(connection)
