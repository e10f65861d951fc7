"""Brings a database to the tables of this version, by Alembic. Imported only when a store is migrated."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, within the transaction that has begun.

    Alembic keeps its context in a global: one call in a process at a time.
    """
    config = Config()
    config.set_main_option("script_location", "handstamp.stores.sql:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
