"""``make bench``: what a protected route costs, and who still lets in whoever signed out, by handstamp and its peers.

Prints tables; asserts no figure. Everything stays on 127.0.0.1, in temporary folders and under ``build/bench``, where
the packages of the peers are installed at the first run and the results are written.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import cold, micro, operations
from bench.contender_plot import plot
from bench.contending import Contender, discover
from bench.machine import machine
from bench.measure import ROOT, CannotMeasure
from bench.report import Found, InProcess, Results, as_json, bars, markdown
from bench.rounds import Plan, measure

CLOSELY: Final = Plan(blocks=3, cycles=9, seconds=1, sessions=100)
"""Where the differences are small."""
FULL: Final = Plan(blocks=2, cycles=3, seconds=1, sessions=100)
QUICK: Final = Plan(blocks=1, cycles=1, seconds=1, sessions=10)

_BUILD: Final = ROOT / "build" / "bench"
_DOCS: Final = ROOT / "docs" / "assets" / "performance.svg"
_TITLE: Final = "What a protected request costs the server"


def main() -> int:
    """Install, measure, print, write down. 1 where something could not be measured."""
    every = discover()
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="a minute: fewer contenders, one round")
    arguments.add_argument("--only", nargs="+", metavar="NAME", choices=list(every), help=", ".join(every))
    arguments.add_argument("--docs", action="store_true", help=f"write {_DOCS.relative_to(ROOT)}, too")
    arguments.add_argument("--no-parts", action="store_true", help="leave out what is measured in process")
    told = arguments.parse_args()
    chosen = {
        name: one for name, one in every.items() if (name in told.only if told.only else one.quick or not told.quick)
    }
    try:
        _check_machine()
        results = _measured(chosen, quick=told.quick, parts=not told.no_parts)
    except CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 1
    print(markdown(results))
    _keep(results)
    if told.docs:
        _DOCS.write_text(plot(bars(results), title=_TITLE), encoding="utf-8")
    return 1 if results.missing else 0


def _check_machine() -> None:
    if shutil.which("wrk") is None:
        raise CannotMeasure("wrk makes the load, and is missing. On Debian and Ubuntu: sudo apt-get install wrk")
    if not sys.platform.startswith("linux"):
        raise CannotMeasure("the CPU time of another process is read as Linux shows it: run this on Linux")


def _measured(chosen: Mapping[str, Contender], *, quick: bool, parts: bool) -> Results:
    found: dict[str, Found] = {}
    missing: dict[str, str] = {}
    for name, one in chosen.items():
        plan = QUICK if quick else CLOSELY if one.details else FULL
        try:
            found[name] = _found(one, plan)
        except CannotMeasure as problem:
            print(f"{one.name} cannot be measured: {problem}", file=sys.stderr)
            missing[name] = str(problem)
    if not found:
        raise CannotMeasure("nothing could be measured")
    return Results(machine(()), found, missing, _in_process(quick=quick) if parts else None)


def _found(contender: Contender, plan: Plan) -> Found:
    home = _BUILD / contender.packages.name
    contender.packages.install(home)
    return Found(contender, measure(contender, home, plan), contender.packages.versions(home))


def _in_process(*, quick: bool) -> InProcess:
    print("in process: parts, memory, operations, cold starts", file=sys.stderr)
    with ExitStack() as folders:

        def folder() -> Path:
            return Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="handstamp-bench-")))

        place = folder()
        parts = micro.parts(place, batches=5 if quick else 25)
        memory = micro.memory(place, sessions=2_000 if quick else 20_000)
        costs = operations.measured(folder(), batches=3 if quick else 25)
        starts = cold.measured(folder(), times=3 if quick else 11)
    return InProcess(parts, memory, costs, starts)


def _keep(results: Results) -> None:
    _BUILD.mkdir(parents=True, exist_ok=True)
    (_BUILD / "results.md").write_text(markdown(results), encoding="utf-8")
    (_BUILD / "results.json").write_text(json.dumps(as_json(results), indent=2) + "\n", encoding="utf-8")
    (_BUILD / "performance.svg").write_text(plot(bars(results), title=_TITLE), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
