"""The command line. One file a command group; what takes long to import is loaded by the command that needs it."""

from typing import Annotated

import typer

from handstamp.__about__ import __version__
from handstamp.cli import config, demo, migrate, purge, secret, serve, sessions, users
from handstamp.cli.exits import EPILOG, Reporting

app = typer.Typer(
    name="handstamp",
    cls=Reporting,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would show local variables, and with them secrets
)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(migrate.migrate)
app.command()(purge.purge)
app.command()(secret.secret)
app.add_typer(config.app, name="config")
app.add_typer(users.app, name="users")
app.add_typer(sessions.app, name="sessions")


def _print_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it with the option's value
    if wanted:
        typer.echo(f"handstamp {__version__}")
        raise typer.Exit


@app.callback()
def handstamp(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Sign-in for Python web applications: sessions that can be ended at once."""
    del version  # its callback has ended the program already


def main() -> None:
    """The entry point of the command ``handstamp``."""
    app()
