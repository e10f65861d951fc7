"""``handstamp purge``."""

from dataclasses import asdict

import typer

from handstamp.cli.output import AsJson, print_json
from handstamp.cli.place import Data, Database, Sessions, Where
from handstamp.core.errors import HandstampError


def purge(
    *, database: Database = None, sessions: Sessions = None, data: Data = None, as_json: AsJson = False
) -> None:
    """Remove what has expired, now, beside running processes. They do it by themselves once an hour."""
    where = Where(database, sessions, data)
    from handstamp.cli.administration import purged  # noqa: PLC0415  services and store take 200 ms

    swept = purged(where.database_url, where.sessions)
    if as_json:
        print_json(asdict(swept))
    else:
        typer.echo(f"Expired sessions that were removed: {swept.sessions}")
        typer.echo(f"Used-up sign-ins that were forgotten: {swept.challenges}")
        typer.echo(f"Counts of attempts that were forgotten: {swept.attempts}")
    if not swept.finished:
        raise HandstampError(
            "another process is removing what has expired: leave it to that one, or try again in two minutes"
        )
