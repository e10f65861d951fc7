"""``make storm`` in short: what it measures goes on working. What it finds is not looked at."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.signin_storm import Round, at, report

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.network
def test_a_storm_is_measured_from_end_to_end(tmp_path: Path) -> None:
    """People sign in, others are answered meanwhile, and the table says how."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.signin_storm", "--quick", f"--out={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (one,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["rounds"]
    assert len(one["rest"]) == len(one["storm"]) == 400
    assert one["sign_ins"] > 0
    assert one["bare"] > 0
    assert "| in a storm |" in (tmp_path / "results.md").read_text(encoding="utf-8")


def test_the_table_compares_the_storm_with_rest() -> None:
    """By medians over the rounds."""
    rounds = [Round(rest=[0.001] * 100, storm=[0.001] * 50 + [0.002] * 50, sign_ins=8.0, bare=10.0)]
    text = "\n".join(report(rounds))
    assert "| at rest | 1.00 | 1.00 | 1.00 |" in text
    assert "| in a storm | 2.00 | 2.00 | 2.00 |" in text
    assert "2.00 times that at rest. There were 8.0 sign-ins a second, 80% of the 10.0 hashes" in text


def test_a_share_of_latencies_is_one_of_them() -> None:
    """The longest, for all of them."""
    assert [at([1.0, 2.0, 3.0], share) for share in (0.0, 0.5, 1.0)] == [1.0, 2.0, 3.0]
