"""Fresh secrets."""

from pathlib import Path

from command_line import run
from handstamp.core.keys import check_secrets


def test_a_secret_is_printed_and_nothing_else(tmp_path: Path) -> None:
    """One line, strong enough for the settings, new each time, kept nowhere."""
    first, second = run("secret"), run("secret")
    [line] = first.stdout.splitlines()
    check_secrets([line])
    assert first.stderr == ""
    assert second.stdout != first.stdout
    assert list(tmp_path.iterdir()) == []
