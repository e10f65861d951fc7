"""Which system a command works on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from handstamp.core.urls import DATABASES, SESSION_STORES

if TYPE_CHECKING:
    from handstamp.cli.administration import Administration

T = TypeVar("T")

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help=f"Where users and sessions are kept: {DATABASES}. Else HANDSTAMP_DATABASE, as the server has it.",
        show_default=False,
    ),
]
Sessions = Annotated[
    str | None,
    typer.Option(
        "--sessions",
        metavar="URL",
        help=f"Where sessions are kept, if not in the database: {SESSION_STORES}. Else HANDSTAMP_SESSIONS.",
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


@dataclass(frozen=True, slots=True)
class Where:
    """The options that name a system. What is None was not given.

    Raises:
        typer.BadParameter: Two databases are named.
    """

    database: str | None
    sessions: str | None
    data: Path | None

    def __post_init__(self) -> None:
        if self.database is not None and self.data is not None:
            raise typer.BadParameter("give --database or --data, not both")

    @property
    def database_url(self) -> str | None:
        """The database that is named, if any is."""
        return self.database if self.data is None else database_in(self.data)


def administer(work: "Callable[[Administration], Awaitable[T]]", where: Where) -> T:
    """What ``work`` gives for the system that the options name.

    Raises:
        HandstampError: It could not be done.
    """
    from handstamp.cli.administration import administered  # noqa: PLC0415  services and store take 200 ms

    return administered(where.database_url, where.sessions, work)
