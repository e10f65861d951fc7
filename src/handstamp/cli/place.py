"""Which system a command works on."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from handstamp.cli.administration import Administration

T = TypeVar("T")

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Where users and sessions are kept: sqlite:///app.db. Else HANDSTAMP_DATABASE, as the server has it.",
        show_default=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Instead of --database: the folder of `handstamp demo`.", show_default=False
    ),
]


def database_in(data: Path) -> str:
    """The URL of the database in a data folder."""
    return f"sqlite:///{data / 'handstamp.db'}"


def secret_in(data: Path) -> Path:
    """Where a data folder keeps the server secret."""
    return data / "secret"


def chosen_database(database: str | None, data: Path | None) -> str | None:
    """The URL that the two options name, or None where neither is given.

    Raises:
        typer.BadParameter: Both are given.
    """
    if data is None:
        return database
    if database is not None:
        raise typer.BadParameter("give --database or --data, not both")
    return database_in(data)


def administer(work: "Callable[[Administration], Awaitable[T]]", *, database: str | None, data: Path | None) -> T:
    """What ``work`` gives for the system that the two options name.

    Raises:
        HandstampError: It could not be done.
    """
    chosen = chosen_database(database, data)
    from handstamp.cli.administration import administered  # noqa: PLC0415  services and store take 200 ms

    return administered(chosen, work)
