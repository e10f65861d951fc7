"""Bringing a database to the shape of this version."""

import sqlite3
from pathlib import Path

from command_line import run
from handstamp.stores.sql.tables import VERSION_TABLE


def test_a_new_database_is_made(tmp_path: Path) -> None:
    """In a folder that is there; afterwards commands work on it."""
    done = run("migrate", "--data", tmp_path)
    assert done.exit_code == 0
    assert "was brought to the shape" in done.stdout
    assert run("users", "list", "--data", tmp_path).exit_code == 0


def test_a_database_that_fits_is_left_alone(tmp_path: Path) -> None:
    """It says so."""
    run("migrate", "--data", tmp_path)
    again = run("migrate", "--data", tmp_path)
    assert again.exit_code == 0
    assert "nothing was changed" in again.stdout


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """Exit code 4, and nothing is changed."""
    run("migrate", "--data", tmp_path)
    connection = sqlite3.connect(tmp_path / "handstamp.db", isolation_level=None)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608  a constant
    refused = run("migrate", "--data", tmp_path)
    assert refused.exit_code == 4
    assert "newer version" in refused.stderr
    assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("9999",)]  # noqa: S608  the same
    connection.close()


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    """A mistyped folder is an error."""
    refused = run("migrate", "--database", f"sqlite:///{tmp_path}/missing/app.db")
    assert refused.exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_memory_cannot_be_migrated() -> None:
    """Nobody would ever see what was done."""
    assert run("migrate", "--database", "memory://").exit_code == 4
