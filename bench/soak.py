"""``make soak``: a million sessions come and go in a process, over SQLite. Its memory is a flat line.

A day passes on a clock that is moved by hand. Every session is used twice through a Starlette application with
handstamp in it. Of each thousand some are started and ended by the use cases, some are rotated, and strangers send
what is no token beside them. The others come as rows, a thousand in a transaction, as from another process; they
expire and are swept away. The limit of a session is three hours, so that more are live than the cache may hold.

The exit status is 1 when something is kept that has gone, or the objects of the process grow. That is counted; what
the process has resident depends on the machine, and is only written down.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.machine import machine
from bench.measure import ROOT
from bench.soak_plot import plot
from bench.soak_process import Process, Sample

_BATCH: Final = 1_000
_SWEPT: Final = 2_000
"""Sessions from one sweep to the next. Nobody asks during one here, and a feed tells at most 10,000 changes at once:
with more the cache would be emptied each time, and never be full."""
_TOLERATED: Final = 0.01
"""The part by which the objects of the last quarter may be more than those of the third."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the samples say."""

    slope: float
    """Bytes resident for each further session, over the last half of the run."""
    grown: float
    """Objects of the last quarter beside those of the third: 0.01 is 1 % more."""
    left: dict[str, int]
    """What is kept when every session has gone, and should not be."""

    @property
    def flat(self) -> bool:
        """Whether nothing that can be counted has grown."""
        return not self.left and self.grown <= _TOLERATED


def main() -> int:
    """Run, print, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000, help="a multiple of a thousand, at least 4,000")
    parser.add_argument("--every", type=int, default=10_000, help="sessions from one sample to the next")
    parser.add_argument("--most", type=int, default=100_000, help="entries of the cache, at most")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "soak", help="folder for the results")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="handstamp-soak-") as folder:
        samples, left = asyncio.run(_run(Path(folder), given.sessions, given.every, given.most))
    found = verdict(samples, left)
    about = machine(("starlette", "sqlalchemy")) | {"SQLite": sqlite3.sqlite_version}
    text = _report(samples, found, about, time.monotonic() - began)
    print(text)
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    results = {"machine": about, "verdict": asdict(found), "samples": [asdict(sample) for sample in samples]}
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    (out / "memory.svg").write_text(plot(samples), encoding="utf-8")
    return 0 if found.flat else 1


async def _run(folder: Path, sessions: int, every: int, most: int) -> tuple[list[Sample], dict[str, int]]:
    process = await Process.begin(folder, most=most)
    samples: list[Sample] = []
    for done in range(_BATCH, sessions + 1, _BATCH):
        await process.batch(_BATCH)
        if done % _SWEPT == 0:
            await process.sweep()
        if done % every == 0:
            samples.append(process.sample(done))
            print(f"{time.strftime('%H:%M:%S')} {samples[-1]}", file=sys.stderr, flush=True)
    print(f"answers: {process.asked}", file=sys.stderr)
    return samples, await process.end()


def verdict(samples: Sequence[Sample], left: dict[str, int]) -> Verdict:
    """What the samples say; there are four or more."""
    half, quarter = samples[len(samples) // 2 :], len(samples) // 4
    middle = sum(sample.sessions for sample in half) / len(half)
    spread = sum((sample.sessions - middle) ** 2 for sample in half)
    slope = sum((sample.sessions - middle) * sample.resident for sample in half) / spread if spread else 0.0
    before, last = samples[-2 * quarter : -quarter], samples[-quarter:]
    grown = max(sample.objects for sample in last) / max(sample.objects for sample in before) - 1
    return Verdict(slope, grown, left)


def _report(samples: Sequence[Sample], found: Verdict, about: dict[str, str], took: float) -> str:
    resident = [one.resident / 1e6 for one in samples[len(samples) // 2 :]]
    rows = (
        f"| {one.sessions:,} | {one.resident / 1e6:.1f} "
        f"| {one.objects:,} | {one.kept['entries']:,} | {one.rows:,} |\n"
        for one in samples[:: max(1, len(samples) // 10)]
    )
    return (
        f"{samples[-1].sessions:,} sessions came and went in {took / 60:.0f} minutes.\n\n"
        "| sessions | resident, MB | objects | cached | rows |\n"
        "|--:|--:|--:|--:|--:|\n"
        f"{''.join(rows)}\n"
        f"Over the last half: {min(resident):.1f} to {max(resident):.1f} MB resident, {found.slope:+.2f} bytes for "
        f"each further session; objects {found.grown:+.2%} from the third quarter to the last.\n"
        f"Kept when all had gone: {found.left or 'nothing'}. {'The line is flat.' if found.flat else 'IT GROWS.'}\n\n"
        f"{'; '.join(f'{name} {value}' for name, value in about.items())}."
    )


if __name__ == "__main__":
    sys.exit(main())
