"""How many cores there are for us."""

import os
from pathlib import Path

import pytest

from handstamp.login.password.cores import usable_cores


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has four."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 4),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("900000 100000\n", 4),
        ("0 100000\n", 1),
        ("200000 0\n", 4),
        ("", 4),
        ("200000\n", 4),
    ],
)
def test_a_container_has_as_many_cores_as_its_quota(quota: str, cores: int, tmp_path: Path) -> None:
    """At least one, at most those of the machine; what cannot be read is no quota."""
    file = tmp_path / "cpu.max"
    file.write_text(quota, encoding="ascii")
    assert usable_cores(file) == cores


def test_without_control_groups_the_machine_counts(tmp_path: Path) -> None:
    """All that affinity leaves."""
    assert usable_cores(tmp_path / "none") == 4


@pytest.mark.parametrize(("known", "cores"), [(6, 6), (None, 1)])
def test_without_affinity_the_machine_counts(
    known: int | None, cores: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the system has none."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert usable_cores(tmp_path / "none") == cores
