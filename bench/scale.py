"""``make scale``: what an operation costs with a thousand, a million and ten million sessions. Asserts nothing.

PostgreSQL is the one that comes as a wheel; it runs here, on a Unix socket. Ten million sessions take about 5 GB on
SQLite and 8 GB on PostgreSQL, and some minutes to make. What is made is removed in the end.
"""

import argparse
import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.machine import machine
from bench.measure import ROOT, CannotMeasure
from bench.postgresql import SETTINGS, PostgresqlServer, running_postgresql
from bench.scale_costs import Party, Plan, costs, time_to_open
from bench.scale_places import Disk, Place, PostgresqlPlace, SqlitePlace
from bench.scale_plot import plot
from bench.scale_purge import Purge, purge
from bench.scale_report import Measured, lines, report
from bench.scale_rows import Population

from handstamp.backends import store_at

_PARTS: Final = ("sqlalchemy", "psycopg", "joserfc", "cryptography")
_STORES: Final = ("sqlite", "postgresql")
_SMALLEST: Final = 1_000
"""Sessions: with fewer there are not enough to be rotated, seen and ended."""
_OPENED: Final = 5
"""Times that a place is opened."""

FULL: Final = Plan(rounds=15, settling=1.5, alone=3.0)
QUICK: Final = Plan(rounds=1, settling=0.0, alone=0.2)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was asked for."""

    sizes: tuple[int, ...]
    stores: tuple[str, ...]
    plan: Plan
    folder: Path | None
    keep: bool
    json: Path
    markdown: Path
    plot: Path


def main() -> int:
    """Measure, print, write down."""
    arguments = _arguments()
    try:
        with _folder(arguments) as folder:
            found, about = _measured(folder, arguments)
    except CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 1
    text = "\n".join(report(found, about)) + "\n"
    print(text)
    results = {"machine": about, "plan": asdict(arguments.plan), "places": [asdict(place) for place in found]}
    drawn = plot(lines(found), title="Time until the answer, by operation and number of sessions")
    _write(arguments.json, json.dumps(results, indent=2) + "\n")
    _write(arguments.markdown, text)
    _write(arguments.plot, drawn)
    return 0


def _arguments() -> Arguments:
    parser = argparse.ArgumentParser(description=__doc__)
    build = ROOT / "build"
    parser.add_argument("--sizes", default="1000,1000000,10000000", help="numbers of sessions, the smallest first")
    parser.add_argument("--stores", default=",".join(_STORES), help="which of sqlite,postgresql")
    parser.add_argument("--quick", action="store_true", help="one round, to see that it works")
    parser.add_argument("--data", type=Path, help="folder for the databases, made if missing; else a temporary one")
    parser.add_argument("--keep", action="store_true", help="leave the databases where they are")
    parser.add_argument("--json", type=Path, default=build / "scale.json")
    parser.add_argument("--markdown", type=Path, default=build / "scale.md")
    parser.add_argument("--plot", type=Path, default=build / "scale.svg")
    given = parser.parse_args()
    sizes = tuple(int(size) for size in given.sizes.split(","))
    stores = tuple(given.stores.split(","))
    if min(sizes) < _SMALLEST or sorted(set(sizes)) != list(sizes):
        parser.error(f"--sizes: each at least {_SMALLEST}, from the smallest to the largest")
    if not set(stores) <= set(_STORES):
        parser.error(f"--stores: of {', '.join(_STORES)}")
    plan = QUICK if given.quick else FULL
    return Arguments(sizes, stores, plan, given.data, given.keep, given.json, given.markdown, given.plot)


@contextmanager
def _folder(arguments: Arguments) -> Generator[Path]:
    """A new folder for the databases, removed at the end unless it is to be kept."""
    if arguments.folder is not None:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="handstamp-scale-", dir=arguments.folder))
    folder.chmod(0o755)  # the user that PostgreSQL runs as goes through it
    try:
        yield folder
    finally:
        if arguments.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)


def _measured(folder: Path, arguments: Arguments) -> tuple[list[Measured], dict[str, str]]:
    found: list[Measured] = []
    about = machine(_PARTS) | {"SQLite": sqlite3.sqlite_version}
    for store in arguments.stores:
        with ExitStack() as running:
            server: PostgresqlServer | None = None
            if store == "postgresql":
                server = running.enter_context(running_postgresql(folder / "postgresql"))
                settings = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items() if value)
                about["PostgreSQL"] = f"{server.version()} ({settings})"
            found += asyncio.run(_at_each_size(store, folder, server, arguments))
    return found, about


async def _at_each_size(
    store: str, folder: Path, server: PostgresqlServer | None, arguments: Arguments
) -> list[Measured]:
    made: list[tuple[Place, Population, float, Disk, Purge]] = []
    for size in arguments.sizes:
        name = f"sessions_{size}"
        place: Place = SqlitePlace(folder, name) if server is None else PostgresqlPlace(server, name)
        _say(f"{store}: {size:,} sessions are made")
        population = Population(size, time.time())  # noqa: TID251  a program's own clock
        began = time.monotonic()
        await _fill(place, population)
        filled_in = time.monotonic() - began
        disk = place.disk()
        _say(f"{store}: what has expired is removed")
        place.tidy()
        purged = await purge(place.url, population.samples[0][0], now=population.now, alone=arguments.plan.alone)
        place.tidy()
        made.append((place, population, filled_in, disk, purged))
    parties = [
        Party(place.url, [session for session, _ in population.samples], population.families)
        for place, population, *_ in made
    ]
    _say(f"{store}: opened")
    opening = [await time_to_open(party, rounds=_OPENED) for party in parties]
    _say(f"{store}: each operation, in {arguments.plan.rounds} rounds")
    operations = await costs(parties, arguments.plan)
    measured: list[Measured] = []
    for (place, population, filled_in, disk, purged), opened, costs_of_place in zip(
        made, opening, operations, strict=True
    ):
        measured.append(
            Measured(store, population.count, population.users, filled_in, disk, purged, opened, costs_of_place)
        )
        if not arguments.keep:
            place.remove()
    return measured


async def _fill(place: Place, population: Population) -> None:
    store = store_at(place.url)
    await store.migrate()
    place.fill(population)
    await store.migrate()


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
