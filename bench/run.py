"""``make bench``: what a protected route costs beside the same route unprotected. Prints a table; asserts nothing.

Everything stays on 127.0.0.1 and in a temporary folder; the results are also written to ``build/bench``.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from bench import micro
from bench.machine import machine
from bench.measure import (
    HOST,
    ROOT,
    CannotMeasure,
    Contender,
    Costs,
    Plan,
    Server,
    compare,
    measure,
    median_of,
    servers,
)

from handstamp import Auth

FULL: Final = Plan(blocks=3, cycles=9, seconds=1)
QUICK: Final = Plan(blocks=1, cycles=3, seconds=1)
_SESSIONS: Final = 100
_PARTS: Final = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "joserfc", "cryptography")

STARLETTE, FASTAPI = "starlette_handstamp", "fastapi_handstamp"
ROUTES: Final = [
    *(Contender(STARLETTE, path) for path in ("/bare", "/plain", "/protected")),
    Contender(STARLETTE, "/plain", again=True),
    *(Contender(FASTAPI, path) for path in ("/bare", "/plain", "/nothing", "/protected")),
    Contender(FASTAPI, "/nothing", again=True),
]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a route beside another one."""

    name: str
    route: Contender
    beside: Contender
    budget: str = ""


ROWS: Final = [
    Row("Starlette, **protected** beside unprotected", ROUTES[2], ROUTES[1], "≤ 5 µs added"),
    Row("Starlette, handstamp installed and not asked, beside none", ROUTES[1], ROUTES[0]),
    Row("Starlette, unprotected beside itself: the error", ROUTES[3], ROUTES[1]),
    Row("FastAPI, **protected** beside a dependency that does nothing", ROUTES[7], ROUTES[6], "ratio ≤ 1.05"),
    Row("FastAPI, protected beside unprotected", ROUTES[7], ROUTES[5]),
    Row("FastAPI, handstamp installed and not asked, beside none", ROUTES[5], ROUTES[4]),
    Row("FastAPI, the idle dependency beside itself: the error", ROUTES[8], ROUTES[6]),
]


def main() -> int:
    """Measure, print, write down."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="about a minute instead of five")
    quick = arguments.parse_args().quick
    try:
        _check_machine()
        with tempfile.TemporaryDirectory(prefix="handstamp-bench-") as folder:
            text, results = _measured(Path(folder), quick=quick)
    except CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 1
    print(text)
    _keep(text, results)
    return 0


def _check_machine() -> None:
    if shutil.which("wrk") is None:
        raise CannotMeasure("wrk makes the load, and is missing. On Debian and Ubuntu: sudo apt-get install wrk")
    if not sys.platform.startswith("linux"):
        raise CannotMeasure("the CPU time of another process is read as Linux shows it: run this on Linux")


def _measured(folder: Path, *, quick: bool) -> tuple[str, dict[str, Any]]:
    database, cookies = f"sqlite:///{folder}/bench.db", folder / "cookies"
    _sign_in(database, cookies)
    plan = QUICK if quick else FULL
    costs = measure(ROUTES, database=database, cookies=cookies, plan=plan)
    answers = _sign_out(database, cookies.read_text(encoding="ascii").split("\n")[0])
    print("the parts, in process", file=sys.stderr)
    parts = micro.parts(folder, batches=5 if quick else 25)
    memory = micro.memory(folder, sessions=2_000 if quick else 20_000)
    about = machine(_PARTS)
    text = "\n".join(_report(about, plan, costs, parts, memory, answers))
    return text, {
        "machine": about,
        "plan": asdict(plan),
        "costs": [{**asdict(route), "seconds": costs[route]} for route in ROUTES],
        "rows": [{"name": row.name, "budget": row.budget, **_compared(costs, row)} for row in ROWS],
        "parts": [asdict(part) for part in parts],
        "memory": asdict(memory),
        "after_sign_out": answers,
    }


def _sign_in(database: str, cookies: Path) -> None:
    """Sessions of as many people; their cookies, a line each."""

    async def sign_in_all() -> list[str]:
        auth = Auth(database)
        name = auth.place.cookies.session
        issued = [await micro.sign_in(auth, f"user-{number}") for number in range(_SESSIONS)]
        await auth.close()
        return [f"{name}={one.token}" for one in issued]

    cookies.write_text("\n".join(asyncio.run(sign_in_all())), encoding="ascii")


def _sign_out(database: str, cookie: str) -> dict[str, int]:
    """Sign out at one server, then present the old cookie at both: the statuses, in order."""
    with servers([STARLETTE, FASTAPI], database) as running:
        starlette, fastapi = running[STARLETTE], running[FASTAPI]
        return {
            "Starlette, GET /protected": _status(starlette, "GET", "/protected", cookie),
            "FastAPI, GET /protected": _status(fastapi, "GET", "/protected", cookie),
            "Starlette, POST /auth/logout": _status(starlette, "POST", "/auth/logout", cookie),
            "Starlette, GET /protected, the old cookie": _status(starlette, "GET", "/protected", cookie),
            "FastAPI, in another process, the old cookie": _status(fastapi, "GET", "/protected", cookie),
        }


def _status(server: Server, method: str, path: str, cookie: str) -> int:
    connection = HTTPConnection(HOST, server.port, timeout=10)
    try:
        connection.request(method, path, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
        return connection.getresponse().status
    finally:
        connection.close()


def _compared(costs: Costs, row: Row) -> dict[str, Any]:
    return asdict(compare(costs, row.route, row.beside))


def _report(
    about: dict[str, str],
    plan: Plan,
    costs: Costs,
    parts: Sequence[micro.Part],
    memory: micro.Memory,
    answers: dict[str, int],
) -> Iterator[str]:
    yield "## Server CPU per request\n"
    yield "| | CPU, µs | beside, µs | added, µs | middle half | ratio | budget |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    for row in ROWS:
        found = compare(costs, row.route, row.beside)
        lower, upper = found.quartiles
        yield (
            f"| {row.name} | {_micros(median_of(costs, row.route))} | {_micros(median_of(costs, row.beside))} "
            f"| {_micros(found.added)} | {_micros(lower)} to {_micros(upper)} | {found.ratio:.3f} | {row.budget} |"
        )
    rounds = plan.blocks * plan.cycles
    yield f"\nMedians of {rounds} rounds of {plan.seconds} s, {_SESSIONS} sessions in turn, SQLite.\n"
    yield "## The parts, in process\n"
    yield "| | CPU, µs | budget, µs |"
    yield "|---|--:|--:|"
    for part in parts:
        yield f"| {part.name} | {_micros(part.seconds)} | {f'≤ {part.budget * 1e6:g}' if part.budget else ''} |"
    yield f"\nA cached session holds {memory.bytes_each:,.0f} bytes ({memory.sessions:,} sessions); budget 1,536.\n"
    yield "## Signed out is out\n"
    yield "| | status |"
    yield "|---|--:|"
    yield from (f"| {what} | {status} |" for what, status in answers.items())
    yield "\n" + "; ".join(f"{name} {value}" for name, value in about.items()) + "."


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.2f}"


def _keep(text: str, results: dict[str, Any]) -> None:
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(text + "\n", encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
