"""An empty folder, an environment without settings, and a system in a data folder."""

import os
from pathlib import Path

import pytest

from command_line import System


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from the machine that runs the tests."""
    for name in [name for name in os.environ if name.startswith("HANDSTAMP_")]:  # noqa: TID251  taken away for tests
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def system(tmp_path: Path) -> System:
    """A system with nobody in it."""
    data = tmp_path / "data"
    data.mkdir()
    system = System(data)

    async def nothing(_: object) -> None:
        """Opening has made the database."""

    system.do(nothing)
    return system
