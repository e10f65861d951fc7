"""``handstamp migrate``."""

import typer

from handstamp.__about__ import __version__
from handstamp.cli.place import Data, Database, Sessions, Where


def migrate(database: Database = None, sessions: Sessions = None, data: Data = None) -> None:
    """Bring the database to the shape that this version needs."""
    where = Where(database, sessions, data)
    from handstamp.cli.administration import migrated  # noqa: PLC0415  services and store take 200 ms

    if migrated(where.database_url, where.sessions):
        typer.echo(f"The database was brought to the shape of handstamp {__version__}.")
    else:
        typer.echo(f"The database has the shape of handstamp {__version__} already: nothing was changed.")
