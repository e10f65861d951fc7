"""Brings a database to the tables of this version, by Alembic. Imported only when a store is migrated."""

from threading import Lock
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_alembic: Final = Lock()
"""Alembic keeps its context in a global: one migration at a time."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations that are missing up to a revision, within the transaction that has begun.

    It has begun as a writer, or holds the lock of migrations: whoever waits for another process waits before this.
    """
    config = Config()
    config.set_main_option("script_location", "handstamp.stores.sql:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    with _alembic:
        command.upgrade(config, revision)
