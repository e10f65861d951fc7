"""The command as a whole."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from command_line import run
from handstamp import __version__
from handstamp.cli import app
from handstamp.cli.exits import MEANINGS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def commands(command: Any = None, path: tuple[str, ...] = ("handstamp",)) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    command = command or get_command(app)
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
    for name, child in (below or {}).items():
        yield from commands(child, (*path, name))


def sections() -> dict[str, str]:
    """The sections of the page, by the command in their heading."""
    parts = re.split(r"^#+ `(handstamp [^`]*)`.*$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


ALL = dict(commands())


def test_the_version_is_printed() -> None:
    """By an option, as people expect."""
    assert run("--version").stdout == f"handstamp {__version__}\n"


def test_without_a_command_help_is_shown() -> None:
    """That is wrong usage for a script."""
    ended = run()
    assert ended.exit_code == 2
    assert "Usage: handstamp" in ended.output


@pytest.mark.parametrize("name", ALL)
def test_the_page_names_each_option_of_a_command(name: str) -> None:
    """In the section of the command, in code type."""
    text = sections()[name]
    options = {option for parameter in ALL[name].params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options - {"--help"} if not re.search(rf"`{option}\b", text)} == set()


def test_the_page_has_no_command_that_is_gone() -> None:
    """A section for each command and no other."""
    assert set(sections()) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_the_page_names_no_option_that_is_gone(name: str) -> None:
    """What stands in code type at the beginning of a row of a table is an option or an argument of the command."""
    known = {option for parameter in ALL[name].params for option in (*parameter.opts, parameter.metavar)}
    named = re.findall(r"^\| `([^` ]+)[^`]*` \|", sections()[name], re.MULTILINE)
    assert set(named) - known == set()


def test_the_page_has_the_exit_codes() -> None:
    """In the words of ``--help``."""
    text = PAGE.read_text(encoding="utf-8")
    assert [code for code, meaning in MEANINGS.items() if f"| {code.value} | {meaning} |" not in text] == []


@pytest.mark.parametrize("name", ALL)
def test_each_command_and_option_has_a_help_text(name: str) -> None:
    """A sentence for the command, and something for each parameter."""
    command = ALL[name]
    assert command.help
    assert [parameter.name for parameter in command.params if not parameter.help] == []


def test_the_version_is_light() -> None:
    """Printing it loads no store, no framework, no settings and no table."""
    program = "import sys; sys.argv = ['handstamp', '--version']; import handstamp.cli, atexit\n"
    program += "atexit.register(lambda: print(*sys.modules)); handstamp.cli.main()"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    heavy = {"sqlalchemy", "starlette", "pydantic", "joserfc", "cryptography", "jinja2", "uvicorn", "rich", "fastapi"}
    assert heavy & set(loaded.split()) == set()
