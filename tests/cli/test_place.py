"""Which system a command works on."""

from pathlib import Path

import pytest

from command_line import System, run
from handstamp.cli.place import database_in, secret_in
from handstamp.demo.place import demo_system, prepare


def test_the_demo_keeps_its_things_where_commands_look(tmp_path: Path) -> None:
    """``--data`` means the same folder to both."""
    place = prepare(tmp_path / "data")
    system = demo_system(place, origin="http://127.0.0.1:8000", database=None, sessions=None)
    assert place.database == database_in(place.data)
    assert (secret_in(place.data).read_text().strip(),) == system.secrets


def test_the_configured_database_is_the_one_that_the_server_has(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the variable; nothing else has to be configured, and nothing else is looked at."""
    ada = system.user("ada")
    monkeypatch.setenv("HANDSTAMP_DATABASE", system.url)
    monkeypatch.setenv("HANDSTAMP_ORIGIN", "https://app.example")  # without a secret: a server would not start
    assert ada.id in run("users", "list").stdout


def test_the_file_of_settings_names_the_database_too(
    system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As for the server."""
    ada = system.user("ada")
    (tmp_path / "handstamp.toml").write_text(f'database = "{system.url}"\norigin = "https://app.example"\n')
    monkeypatch.setenv("HANDSTAMP_CONFIG", "handstamp.toml")
    assert ada.id in run("users", "list").stdout


@pytest.mark.parametrize("option", ["--database", "--data"])
def test_options_come_before_the_variable(system: System, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    """What was typed is what is meant."""
    ada = system.user("ada")
    monkeypatch.setenv("HANDSTAMP_DATABASE", "sqlite:///missing.db")
    where = system.url if option == "--database" else system.data
    assert ada.id in run("users", "list", option, where).stdout


def test_two_databases_are_wrong_usage(system: System) -> None:
    """Nobody guesses which one was meant."""
    ended = run("users", "list", "--database", system.url, "--data", system.data)
    assert ended.exit_code == 2
    assert "not both" in ended.stderr


def test_sessions_may_be_in_another_place(system: System, tmp_path: Path) -> None:
    """Named by an option, which comes before the variable; without it, a command looks beside the users."""
    elsewhere = f"sqlite:///{tmp_path / 'sessions.db'}"
    ada = system.user("ada")
    session_id, _ = system.session(ada, settings={"sessions": elsewhere})
    assert session_id in run("sessions", "list", "ada", "--data", system.data, "--sessions", elsewhere).stdout
    assert session_id not in run("sessions", "list", "ada", "--data", system.data).stdout


def test_sessions_that_no_command_can_see_are_refused(system: System) -> None:
    """They would be those of the command itself."""
    ended = run("sessions", "list", "ada", "--data", system.data, "--sessions", "memory://")
    assert ended.exit_code == 4
    assert "no command can see its sessions" in ended.stderr


def test_a_command_makes_no_files(system: System) -> None:
    """No secret beside the database, which the server could then not read."""
    before = {path.name for path in system.data.iterdir()}
    run("users", "list", "--data", system.data)
    assert {path.name for path in system.data.iterdir()} <= before
    assert run("users", "list", "--database", "sqlite:///mistyped.db").exit_code == 4
    assert not Path("mistyped.db").exists()


@pytest.mark.parametrize("url", ["memory://", "oracle://db.example/app", "nonsense"])
def test_a_database_that_no_command_can_see_is_refused(url: str) -> None:
    """Exit code 4, with what to do."""
    ended = run("users", "list", "--database", url)
    assert ended.exit_code == 4
    assert ended.stderr.startswith("Error: ")
