"""How commands end."""

from pathlib import Path

import pytest

from command_line import System, run, run_outside
from handstamp.cli.exits import MEANINGS, ExitCode, exit_code
from handstamp.core.errors import (
    ConfigurationError,
    Forbidden,
    HandstampError,
    InvalidKey,
    InvalidRequest,
    NotFound,
    StoreUnavailable,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HandstampError("x"), 1),
        (StoreUnavailable("x"), 1),
        (Forbidden("x"), 1),
        (InvalidRequest("x"), 2),
        (NotFound("x"), 3),
        (ConfigurationError("x"), 4),
        (InvalidKey("x"), 4),
    ],
)
def test_each_error_has_its_exit_code(error: HandstampError, code: int) -> None:
    """The numbers are part of the public API."""
    assert exit_code(error) == code


def test_each_exit_code_is_explained_by_help() -> None:
    """And there is no other."""
    shown = run("--help").stdout
    assert MEANINGS.keys() == set(ExitCode)
    for code, meaning in MEANINGS.items():
        assert f"{code.value}  {meaning[:40]}" in shown


def test_a_database_that_is_none_is_exit_code_1(tmp_path: Path) -> None:
    """The store cannot be asked; the line says which."""
    (tmp_path / "handstamp.db").write_bytes(b"this is no database at all" * 100)
    ended = run("users", "list", "--data", tmp_path)
    assert ended.exit_code == 1
    assert str(tmp_path) in ended.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("users", "show", "ada"), 0),
        (("users", "frobnicate"), 2),
        (("users", "list", "--limit", "0"), 2),
        (("users", "show", "nobody\n\x1b[2J"), 3),
        (("users", "list", "--database", "sqlite:///missing.db"), 4),
    ],
)
def test_a_process_ends_with_the_code_and_no_traceback(system: System, words: tuple[str, ...], code: int) -> None:
    """An error of ours is one line on stderr, whatever is in it."""
    system.user("ada")
    ended = run_outside(*words, folder=system.data, HANDSTAMP_DATABASE="sqlite:///handstamp.db")
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
    assert "\x1b" not in ended.stderr
    if code > 2:
        assert ended.stdout == ""
        assert ended.stderr.startswith("Error: ")
        assert ended.stderr.count("\n") == 1
