"""``handstamp serve``."""

from typing import Annotated

import typer

from handstamp.cli.place import Data, Database, Sessions, Where
from handstamp.core.errors import ConfigurationError


def serve(
    *,
    database: Database = None,
    sessions: Sessions = None,
    data: Data = None,
    origin: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The address that browsers see, scheme://host[:port]. Else HANDSTAMP_ORIGIN, else this machine. "
            "Processes with the same database, sessions and origin are one system.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="P", min=1, max=65535, help="The port to listen on.")] = 8000,
    cookie_prefix: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Empty on this machine for clients that keep no Secure cookies. Else HANDSTAMP_COOKIE_PREFIX.",
            show_default=False,
        ),
    ] = None,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="Log each request, with addresses that can hold one-time codes.")
    ] = False,
) -> None:
    """Run handstamp on its own: its pages and API, for applications that ask it.

    Providers are offered where their client ids are set: HANDSTAMP_X_CLIENT_ID, HANDSTAMP_GITHUB_CLIENT_ID and so on.
    """
    where = Where(database, sessions, data)
    try:
        from handstamp.cli import standalone  # noqa: PLC0415  Starlette and uvicorn are for this command alone
    except ModuleNotFoundError as missing:
        raise ConfigurationError(f"serve needs the package {missing.name}: install handstamp[serve]") from None

    auth = standalone.configured_auth(where, origin=origin, cookie_prefix=cookie_prefix, port=port)
    standalone.run(auth, host=host, port=port, access_log=access_log)
