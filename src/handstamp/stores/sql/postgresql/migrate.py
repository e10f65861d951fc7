"""What a PostgreSQL database must be like, and how it comes to be so: one transaction, one process at a time."""

from typing import Final

import psycopg
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from handstamp.core.errors import ConfigurationError
from handstamp.stores.sql.postgresql.changes import Run, install, triggers_at_fault
from handstamp.stores.sql.postgresql.connect import SET_UP, Place
from handstamp.stores.sql.postgresql.errors import is_outage, is_refusal, sqlstate, unavailable
from handstamp.stores.sql.tables import REVISION, VERSION_TABLE, tables_since

_OLDEST: Final = (14,)
"""PostgreSQL 14: CREATE OR REPLACE TRIGGER."""

_PATIENCE: Final = 60.0
"""Seconds: as long as another process may take to migrate."""

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('handstamp migrate', 0))"

_NOT_ALLOWED: Final = "42501"

_TABLES: Final = "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
_REVISION: Final = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  a constant


def migrate(place: Place) -> None:
    """Run the migrations that the database lacks, and make the triggers anew. Blocks: to be called in a thread.

    Any number of processes may do so at once: the first does it, the others wait and find it done.

    Raises:
        ConfigurationError: The database belongs to a newer version or to something else, or we may not do it.
        StoreUnavailable: The database cannot be written.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: _connect(place), poolclass=NullPool, hide_parameters=True
    )
    try:
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(_LOCK)
            _migrate(connection, place)
    except (DBAPIError, psycopg.Error, OSError) as error:
        raise refusal_or_outage(place, error) from error


def check(run: Run, place: Place) -> None:
    """See that the database has the tables and triggers of this version.

    Raises:
        ConfigurationError: It has not; the message says what to do.
    """
    revision = _revision(run)
    if revision is None or revision < REVISION:
        raise ConfigurationError(f"the database {place} is not up to date: run `handstamp migrate`")
    if revision > REVISION:
        raise ConfigurationError(
            f"the database {place} belongs to a newer version of handstamp (revision {revision}, "
            f"this one knows {REVISION}): install that version"
        )
    missing = triggers_at_fault(run)
    if missing:
        raise ConfigurationError(
            f"the database {place} lacks what tells its changes ({', '.join(missing)}): run `handstamp migrate`"
        )


def refusal_or_outage(place: Place, error: Exception) -> Exception:
    """What to raise where a store is opened or migrated: a wrong password is a matter of set-up, an outage passes.

    A defect comes back as it is.
    """
    if is_refusal(error):
        return ConfigurationError(f"the database {place} does not let handstamp in: {error}")
    if sqlstate(error) == _NOT_ALLOWED:
        return ConfigurationError(
            f"the user of the database {place} may not make tables there: "
            "grant CREATE on the schema, or run `handstamp migrate` as a user who may"
        )
    return unavailable(str(place), error) if is_outage(error) else error


def _migrate(connection: Connection, place: Place) -> None:
    run = connection.exec_driver_sql
    if _fits(run, place):
        return
    if (connection.dialect.server_version_info or ()) < _OLDEST:
        raise ConfigurationError(f"the database {place} is older than PostgreSQL {_OLDEST[0]}")
    _refuse_foreign(run, place)
    _upgrade(connection)
    install(run)
    check(run, place)


def _fits(run: Run, place: Place) -> bool:
    try:
        check(run, place)
    except ConfigurationError:
        if (_revision(run) or "") > REVISION:
            raise
        return False
    return True


def _refuse_foreign(run: Run, place: Place) -> None:
    taken = _there(run, *tables_since(_revision(run)))
    if taken:
        raise ConfigurationError(
            f"the database {place} has tables that are not handstamp's ({', '.join(taken)}): give handstamp a "
            "database or a schema of its own"
        )


def _upgrade(connection: Connection) -> None:
    try:
        from handstamp.stores.sql.migrate import upgrade  # noqa: PLC0415  0.2 s, only where tables are missing
    except ModuleNotFoundError as missing:
        raise ConfigurationError(
            f"to migrate a database needs the package {missing.name}: install handstamp[postgresql]"
        ) from missing
    upgrade(connection)


def _revision(run: Run) -> str | None:
    """The revision of the tables, or None where there are none of ours."""
    if not _there(run, VERSION_TABLE):
        return None
    row = run(_REVISION).fetchone()
    return row and str(row[0])


def _there(run: Run, *tables: str) -> list[str]:
    return sorted(name for (name,) in run(_TABLES, (list(tables),)).fetchall())


def _connect(place: Place) -> "psycopg.Connection[tuple[object, ...]]":
    connection = psycopg.connect(**place.parameters, autocommit=True)
    try:
        connection.execute(SET_UP, place.limits(_PATIENCE))
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection
