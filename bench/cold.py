"""``python -m bench.cold``: what it takes from nothing to the first answer, each time in a new process."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from bench import micro
from bench.measure import HOST, ROOT, CannotMeasure, free_port

from handstamp import Auth
from handstamp.core.ids import new_secret

_COUNTED: Final = """
import atexit, sys
atexit.register(lambda: print(len(sys.modules), file=sys.stderr))
"""
_VERSION: Final = """
sys.argv = ["handstamp", "--version"]
from handstamp.cli import main
main()
"""
FIRST_REQUEST: Final = """
import asyncio, os
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from handstamp import Auth
from handstamp.integrations.starlette import current_user, install

async def me(request):
    return JSONResponse((await current_user(request)).id)

app = Starlette(routes=[Route("/me", me)])
auth = Auth()
install(app, auth)

async def receive():
    return {"type": "http.request"}

async def send(message):
    assert message.get("status", 200) == 200, message

async def ask():
    cookie = f"{auth.place.cookies.session}={os.environ['TOKEN']}".encode()
    scope = {"type": "http", "method": "GET", "path": "/me", "root_path": "", "query_string": b""}
    await app(scope | {"headers": [(b"cookie", cookie)]}, receive, send)
    await auth.close()

asyncio.run(ask())
"""
"""An application that answers one request of somebody who is signed in; the database is up to date."""

_START_LIMIT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Start:
    """Medians over the starts."""

    name: str
    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system."""
    modules: int | None
    """Imported at the end; None where they were not counted."""


def measured(folder: Path, *, times: int) -> list[Start]:
    """Every start, as often as that. Files lie in an empty folder."""
    programs = {"`python`": "pass", "`import handstamp`": "import handstamp", "`handstamp --version`": _VERSION}
    starts = [_program(name, program, {}, times) for name, program in programs.items()]
    there = prepared(f"sqlite:///{folder}/cold.db")
    starts.append(_program("`Auth(…)` to the first answer, SQLite", FIRST_REQUEST, there, times))
    starts.append(_demo(folder, times))
    return starts


def prepared(database: str) -> dict[str, str]:
    """The environment of a process that finds a database and somebody who is signed in."""
    secret = new_secret()

    async def sign_in() -> str:
        auth = Auth(database, secret=secret)
        issued = await micro.sign_in(auth, "ada")
        await auth.close()
        return issued.token

    return {"HANDSTAMP_DATABASE": database, "HANDSTAMP_SECRET": secret, "TOKEN": asyncio.run(sign_in())}


def _program(name: str, program: str, environment: Mapping[str, str], times: int) -> Start:
    runs = [_run([sys.executable, "-c", _COUNTED + program], environment) for _ in range(times + 1)][1:]
    walls, cpus, modules = zip(*runs, strict=True)
    return Start(name, statistics.median(walls), statistics.median(cpus), max(modules))


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float, int]:
    before, began = os.times(), time.perf_counter()
    given = ["env", *(f"{name}={value}" for name, value in environment.items())]
    done = subprocess.run([*given, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, os.times()
    if done.returncode:
        raise CannotMeasure(f"a program went wrong:\n{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, int(done.stderr.split()[-1])


def _demo(folder: Path, times: int) -> Start:
    runs = [_one_demo(folder / "demo") for _ in range(times + 1)][1:]
    walls, cpus = zip(*runs, strict=True)
    return Start("`handstamp demo` to the first answer", statistics.median(walls), statistics.median(cpus), None)


def _one_demo(data: Path) -> tuple[float, float]:
    port, began = free_port(), time.perf_counter()
    command = [str(Path(sys.executable).with_name("handstamp")), "demo", f"--port={port}", f"--data={data}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > _START_LIMIT:
                raise CannotMeasure("the demo did not start")
            time.sleep(0.005)
        wall = time.perf_counter() - began
        return wall, time.clock_gettime(~process.pid << 3 | 2)  # see measure.Server.cpu_seconds
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    with suppress(OSError):
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    return False


def table(starts: Sequence[Start]) -> list[str]:
    """The lines of a table in Markdown, in milliseconds."""
    rows = [f"| {one.name} | {one.wall * 1e3:.0f} | {one.cpu * 1e3:.0f} | {one.modules or ''} |" for one in starts]
    return ["| | wall, ms | CPU, ms | modules |", "|---|--:|--:|--:|", *rows]


def main() -> None:
    """Measure, and print; JSON too, where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=11)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="handstamp-bench-") as folder:
        starts = measured(Path(folder), times=given.times)
    print("\n".join(table(starts)))
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in starts], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
