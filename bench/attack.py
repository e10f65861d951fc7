"""``make attack``: what honest users notice of a flood of refused requests, and what it costs. Asserts nothing.

One server process has a core of its own. Honest users, at a bounded rate, and the flood share the other one, so what
the load generators take from each other is in the honest latencies too: a flood without cookies is there to compare.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.attack_cookies import FLOODS, Flood, sign_in, write_cookies
from bench.attack_server import AttackedServer, attacked_server
from bench.machine import machine
from bench.measure import HOST, ROOT, CannotMeasure, pinned_to
from bench.revocation_places import PLACES

from handstamp import Auth

_SCRIPT: Final = ROOT / "bench" / "attack.lua"
_SESSIONS: Final = 100
_HONEST_CONNECTIONS: Final = 8
_PAUSE: Final = 20
"""Milliseconds that an honest connection waits before each request: 400 a second at most from all of them."""
_FLOOD_CONNECTIONS: Final = 16
_STORES: Final = ("sqlite", "postgresql", "valkey")
_PARTS: Final = ("starlette", "uvicorn", "uvloop", "httptools", "joserfc", "cryptography")
_RESULT: Final = re.compile(r"^RESULT (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Told:
    """What wrk says. Times in seconds."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50: float
    p99: float
    max: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Round:
    """Honest users for a few seconds, with a flood beside them or without."""

    store: str
    flood: str
    honest: Told
    attack: Told | None
    cpu: float
    """Seconds that the server used."""
    asked: Mapping[str, int]
    """How often each verb of the store was called."""
    kept: tuple[int, int]
    """Sessions in the server's memory, before and after."""
    resident: tuple[int, int]
    """KiB, before and after."""


def main() -> int:
    """Measure, print, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", default="sqlite", help=f"of {','.join(_STORES)}")
    parser.add_argument("--quick", action="store_true", help="one round of two seconds, to see that it works")
    given = parser.parse_args()
    stores = given.stores.split(",")
    if not set(stores) <= set(_STORES):
        parser.error(f"--stores: of {', '.join(_STORES)}")
    rounds, seconds = (1, 2) if given.quick else (3, 6)
    found: list[Round] = []
    try:
        for store in stores:
            found += _measured(store, rounds, seconds)
    except CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 1
    about = machine(_PARTS)
    text = "\n".join([*report(found), "; ".join(f"{name} {value}" for name, value in about.items()) + ".", ""])
    print(text)
    folder = ROOT / "build" / "attack"
    folder.mkdir(parents=True, exist_ok=True)
    results = {"machine": about, "seconds": seconds, "rounds": [asdict(one) for one in found]}
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(text, encoding="utf-8")
    return 0


def _measured(store: str, rounds: int, seconds: int) -> list[Round]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handstamp-attack-")))
        there = stack.enter_context(PLACES[store].running(folder))
        asyncio.run(_prepare(folder, there.database, there.sessions))
        server = stack.enter_context(attacked_server(there.database, there.sessions))
        honest = Flood("honest", "honest", "whole")
        _wrk(server, folder, honest, 2, connections=_HONEST_CONNECTIONS, pause=_PAUSE)  # everybody has been seen
        found = []
        for number in range(rounds):
            for flood in (None, *FLOODS):
                print(f"{store}, {number + 1}/{rounds}: {flood.name if flood else 'at rest'}", file=sys.stderr)
                found.append(_round(store, server, folder, honest, flood, seconds))
        return found


async def _prepare(folder: Path, database: str, sessions: str | None) -> None:
    """People who are signed in, and the cookies of everybody."""
    auth = Auth(database, sessions=sessions)
    name = auth.place.cookies.session
    tokens = [await sign_in(auth, number) for number in range(_SESSIONS)]
    write_cookies(folder, name, tokens, auth)
    await auth.close()


def _round(
    store: str, server: AttackedServer, folder: Path, honest: Flood, flood: Flood | None, seconds: int
) -> Round:
    before, used = server.counts(), server.cpu_seconds()
    flooding = flood and _start(server, folder, flood, seconds, connections=_FLOOD_CONNECTIONS, pause=0)
    told = _wrk(server, folder, honest, seconds, connections=_HONEST_CONNECTIONS, pause=_PAUSE)
    attack = _told(flooding, seconds) if flooding else None
    used, after = server.cpu_seconds() - used, server.counts()
    if told.refused or told.broken:
        raise CannotMeasure(f"honest users were refused {told.refused} times, {told.broken} answers were missing")
    if attack and attack.refused < attack.requests:
        raise CannotMeasure(f"a flood was let in: {attack}")
    asked = {name: count - before.asked.get(name, 0) for name, count in after.asked.items()}
    return Round(
        store=store,
        flood=flood.name if flood else "at rest",
        honest=told,
        attack=attack,
        cpu=used,
        asked={name: count for name, count in asked.items() if count},
        kept=(before.kept, after.kept),
        resident=(before.resident, after.resident),
    )


def _wrk(server: AttackedServer, folder: Path, flood: Flood, seconds: int, *, connections: int, pause: int) -> Told:
    return _told(_start(server, folder, flood, seconds, connections=connections, pause=pause), seconds)


def _start(
    server: AttackedServer, folder: Path, flood: Flood, seconds: int, *, connections: int, pause: int
) -> "subprocess.Popen[str]":
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"-s{_SCRIPT}"]
    command += [f"http://{HOST}:{server.port}/protected", "--", str(folder / flood.file), flood.way, str(pause)]
    with pinned_to(max(os.sched_getaffinity(0))):
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _told(process: "subprocess.Popen[str]", seconds: int) -> Told:
    output, _ = process.communicate(timeout=seconds + 30)
    found = _RESULT.search(output)
    if process.returncode or found is None:
        raise CannotMeasure(f"the load went wrong:\n{output}")
    return Told(**json.loads(found[1]))


def report(rounds: list[Round]) -> Iterator[str]:
    """A table for each store. Medians over the rounds."""
    for store in dict.fromkeys(one.store for one in rounds):
        of_store = [one for one in rounds if one.store == store]
        rest = [one for one in of_store if one.attack is None]
        honest_cpu = statistics.median(one.cpu / one.honest.requests for one in rest)
        yield f"## {PLACES[store].name}\n"
        yield "| beside | honest/s | p50, ms | p99, ms | flood/s | CPU each, µs | queries each | kept | RSS, KiB |"
        yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
        for flood in dict.fromkeys(one.flood for one in of_store):
            yield _line([one for one in of_store if one.flood == flood], honest_cpu)
        yield f"\nAn honest request at rest: {honest_cpu * 1e6:.1f} µs of the server's CPU.\n"


def _line(rounds: list[Round], honest_cpu: float) -> str:
    beside = [(one, one.attack) for one in rounds if one.attack]
    # What honest users cost is taken from the rounds at rest. Their own queries, once a minute each, are counted too.
    cpu = [(one.cpu - one.honest.requests * honest_cpu) / attack.requests for one, attack in beside]
    cells = [
        rounds[0].flood,
        _median([one.honest.rate for one in rounds], ",.0f"),
        _median([one.honest.p50 * 1e3 for one in rounds], ".2f"),
        _median([one.honest.p99 * 1e3 for one in rounds], ".2f"),
        _median([attack.rate for _, attack in beside], ",.0f"),
        _median([seconds * 1e6 for seconds in cpu], ".1f"),
        _median([sum(one.asked.values()) / attack.requests for one, attack in beside], ".4f"),
        f"{rounds[0].kept[0]} → {rounds[-1].kept[1]}",
        f"{rounds[0].resident[0]:,} → {rounds[-1].resident[1]:,}",
    ]
    return f"| {' | '.join(cells)} |"


def _median(values: list[float], form: str) -> str:
    return format(statistics.median(values), form) if values else ""


if __name__ == "__main__":
    sys.exit(main())
