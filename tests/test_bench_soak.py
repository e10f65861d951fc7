"""Nothing is kept of sessions that have gone: ``make soak`` in short, of which only what is counted is looked at."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST = 1_000


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what ``bench.soak`` wrote about 4,000 sessions and a cache of 1,000."""
    folder = tmp_path_factory.mktemp("soak")
    done = subprocess.run(
        [sys.executable, "-m", "bench.soak", "--sessions=4000", "--every=1000", f"--most={MOST}", f"--out={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def results(soaked: Path) -> dict[str, Any]:
    """What was counted."""
    found: dict[str, Any] = json.loads((soaked / "results.json").read_text(encoding="utf-8"))
    return found


def test_nothing_is_left_of_sessions_that_have_gone(results: dict[str, Any]) -> None:
    """No entry, no index, no noted use and no row; what may stay is within its bound."""
    assert results["verdict"]["left"] == {}


def test_a_full_cache_stays_within_its_bound(results: dict[str, Any]) -> None:
    """More sessions are live than it holds, and its indexes hold no more than it."""
    for sample in results["samples"]:
        kept = sample["kept"]
        assert kept["users indexed"] <= kept["sessions indexed"] <= kept["entries"] <= MOST
    assert results["samples"][-1]["rows"] == 4_000
    assert results["samples"][-1]["kept"]["entries"] > MOST * 0.9


def test_the_plot_of_the_soak_is_an_image(soaked: Path) -> None:
    """It is well-formed, and has the line."""
    drawn = ET.parse(soaked / "memory.svg")  # noqa: S314  our own file
    assert any(path.get("class") == "line k0" for path in drawn.iter("{http://www.w3.org/2000/svg}path"))
