"""``handstamp demo``: the article's application, with stand-ins for X and Google."""

import asyncio
import logging
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from handstamp.cli.place import Sessions
from handstamp.core.errors import ConfigurationError
from handstamp.core.urls import DATABASES


class XProtocol(StrEnum):
    """Which protocol the stand-in for X is spoken to with."""

    OAUTH1 = "1.0a"
    OAUTH2 = "2.0"


def demo(
    port: Annotated[int, typer.Option(help="The application's port; the stand-ins take the next one.")] = 8000,
    data: Annotated[Path, typer.Option(help="The folder for everything; several processes may share it.")] = Path(
        ".demo"
    ),
    origin: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The address that browsers see, where several processes are one system; else this machine at the "
            "port. Processes with the same database, sessions and origin are one system.",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help=f"Another database than the one in the folder: {DATABASES}.", show_default=False
        ),
    ] = None,
    sessions: Sessions = None,
    cookie_prefix: Annotated[
        str | None, typer.Option(help='"" for clients that keep no Secure cookies on loopback.', show_default=False)
    ] = None,
    x_protocol: Annotated[XProtocol, typer.Option("--x", help="OAuth version for X.")] = XProtocol.OAUTH1,
) -> None:
    """Run the demo: every way in, with stand-ins for X and Google; nothing to register, nothing leaves this machine.

    Other providers are offered beside them where their client ids are set (HANDSTAMP_GITHUB_CLIENT_ID and so on);
    these are the real ones.
    """
    try:
        from handstamp.cli.ways import configured_ways  # noqa: PLC0415  pydantic-settings takes 100 ms
        from handstamp.demo.server import run, what_to_try  # noqa: PLC0415  FastAPI and uvicorn, an extra
    except ImportError as error:
        raise ConfigurationError(f'the demo needs {error.name}: pip install "handstamp[demo]"') from None
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("handstamp.mail").setLevel(logging.INFO)  # mails are printed, for none is sent
    hints = what_to_try(
        port=port, data=data, origin=origin, database=database, sessions=sessions, command=_as_called()
    )
    typer.echo(hints)
    asyncio.run(
        run(
            port=port,
            data=data,
            origin=origin,
            database=database,
            sessions=sessions,
            cookie_prefix=cookie_prefix,
            x_protocol=x_protocol.value,
            more_ways=configured_ways(but={"x", "google"}),
        )
    )


def _as_called() -> str:
    """How this command was called: by its name if the shell finds it so, else by its path."""
    found = shutil.which("handstamp")
    return "handstamp" if found and Path(found).samefile(sys.argv[0]) else sys.argv[0]
