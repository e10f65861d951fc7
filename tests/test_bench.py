"""What measures goes on working. What it finds is not looked at: a figure of a shared machine is no test."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what ``bench.scale`` wrote about a thousand sessions on SQLite."""
    folder = tmp_path_factory.mktemp("scale")
    options = ["--sizes=1000", "--stores=sqlite", f"--data={folder}/data"]
    results = [f"--json={folder}/scale.json", f"--markdown={folder}/scale.md", f"--plot={folder}/scale.svg"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.scale", "--quick", *options, *results],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_costs_of_scale_are_found_for_each_operation(measured: Path) -> None:
    """Every operation has its cost in each round, and what had expired was removed."""
    (place,) = json.loads((measured / "scale.json").read_text(encoding="utf-8"))["places"]
    assert place["sessions"] == 1_000
    assert place["purge"]["rows"] > 20
    assert place["disk"]["table"] > 100_000
    assert len(place["operations"]) == 9
    assert all(cost["wall"] > 0 for costs in place["operations"].values() for cost in costs)


def test_the_table_of_scale_names_the_operations(measured: Path) -> None:
    """It can be put into a page as it is."""
    table = (measured / "scale.md").read_text(encoding="utf-8")
    assert "| rotation: `swap_generations` |" in table
    assert "SQLite 3." in table


def test_the_plot_of_scale_is_an_image_with_labels_at_its_lines(measured: Path) -> None:
    """It is well-formed, and every line has its name."""
    drawn = ET.parse(measured / "scale.svg")  # noqa: S314  our own file
    labels = {text.text for text in drawn.iter(f"{SVG}text")}
    assert {"sign-in", "sign-out", "a request", "end all 5"} <= labels


def test_what_scale_made_is_removed(measured: Path) -> None:
    """The databases are gone when it has ended."""
    assert list((measured / "data").iterdir()) == []


def test_the_cost_of_a_hash_and_of_a_storm_is_printed() -> None:
    """A row for each profile, and one for each storm."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.hashing", "--seconds=0.1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if line.startswith("| ")]) == 2 + 2 + 2 + 4
