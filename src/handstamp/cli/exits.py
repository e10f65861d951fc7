"""How a command ends: its exit code, and one line on stderr where it failed."""

import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import typer
from typer.core import TyperGroup

from handstamp.cli.output import printable
from handstamp.core.errors import ConfigurationError, HandstampError, InvalidKey, InvalidRequest, NotFound


class ExitCode(IntEnum):
    """What a script finds in ``$?``. The numbers are part of the public API."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFIGURATION = 4


MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "not done: the store cannot be asked, another process is at it, or a question got a no",
    ExitCode.USAGE: "wrong usage: an option or an argument is missing or cannot be",
    ExitCode.NOT_FOUND: "there is no such user or session, or several users have the name",
    ExitCode.CONFIGURATION: "the set-up is wrong, or the database does not fit this version",
}
"""For people: ``handstamp --help`` and the documentation say it in these words."""

EPILOG: Final = "\n\n".join(["Exit codes:", *(f"{code.value}  {meaning}" for code, meaning in MEANINGS.items())])

_CODES: Final[Mapping[type[HandstampError], ExitCode]] = {
    HandstampError: ExitCode.FAILED,
    InvalidRequest: ExitCode.USAGE,
    NotFound: ExitCode.NOT_FOUND,
    ConfigurationError: ExitCode.CONFIGURATION,
    InvalidKey: ExitCode.CONFIGURATION,
}


def exit_code(error: HandstampError) -> ExitCode:
    """The code of the nearest class in the table."""
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


class Reporting(TyperGroup):
    """A group of commands that says in one line what went wrong. A defect keeps its traceback."""

    def main(self, *arguments: Any, **keywords: Any) -> Any:
        """Run a command and end the process."""
        try:
            return super().main(*arguments, **keywords)
        except HandstampError as error:
            typer.echo(f"Error: {printable(str(error))}", err=True)
            sys.exit(exit_code(error))
