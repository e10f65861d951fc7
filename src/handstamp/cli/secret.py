"""``handstamp secret``."""

import typer

from handstamp.core.ids import new_secret


def secret() -> None:
    """Print a fresh server secret, for HANDSTAMP_SECRET. Nothing keeps it."""
    typer.echo(new_secret())
