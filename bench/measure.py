"""What a request costs the server: its own CPU time, under load, divided by the requests that it answered.

Requests per second swing with whatever else the machine does. The CPU time of the server's process moves much less,
and what does move it (a shared cache, a neighbour) moves the routes that are measured in turn alike.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
ROOT: Final = Path(__file__).resolve().parents[1]
_SCRIPT: Final = ROOT / "bench" / "requests.lua"
_CONNECTIONS: Final = 16
_START_LIMIT: Final = 20.0
_ANSWERED: Final = re.compile(r"(\d+) requests in ")
_FAILED: Final = re.compile(r"Socket errors|Non-2xx")


class CannotMeasure(Exception):  # noqa: N818  named for what is the case
    """Something is missing, or the load was not answered as it should. The message says what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure."""

    blocks: int
    """In each the servers are started anew: where a process's memory happens to lie costs something too."""
    cycles: int
    """Per block: once through all routes, forwards and backwards in turn."""
    seconds: int
    """Of load per route and cycle."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A route of one of the applications."""

    application: str
    """The module in ``bench.applications``."""
    path: str
    again: bool = False
    """Measured a second time, as if it were another: the difference is the measurement's own error."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two routes, measured in turn. Medians over the cycles."""

    added: float
    """Seconds of CPU per request."""
    quartiles: tuple[float, float]
    """Of ``added``."""
    ratio: float


Costs = Mapping[Contender, Sequence[float]]
"""Seconds of CPU per request in each cycle."""


class Server:
    """An application in a uvicorn process of its own, on one core."""

    def __init__(self, application: str, database: str, core: int) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "uvicorn", f"bench.applications.{application}:app"]
        options = [f"--host={HOST}", f"--port={self.port}", f"--app-dir={ROOT}", "--log-level=warning"]
        with pinned_to(core):
            self._process = subprocess.Popen(
                [*command, *options, "--no-access-log", "--no-proxy-headers"],
                env={"HANDSTAMP_DATABASE": database, "PYTHONHASHSEED": "0"},
            )

    def wait(self) -> None:
        """Until it accepts connections.

        Raises:
            CannotMeasure: It does not, or has ended.
        """
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise CannotMeasure("a server did not start")

    def cpu_seconds(self) -> float:
        """User and system time that its process has used, over all threads.

        The clock that clock_getcpuclockid(3) gives for a process: what /proc/PID/stat shows, in nanoseconds instead
        of hundredths of a second.
        """
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True, slots=True)
class Load:
    """wrk, on one core."""

    cookies: Path
    """A file with a cookie in each line; the requests take them in turn."""
    core: int

    def cost(self, server: Server, path: str, seconds: int) -> float:
        """Seconds of the server's CPU per request.

        Raises:
            CannotMeasure: A request was not answered by a 2xx.
        """
        command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", f"-s{_SCRIPT}"]
        before = server.cpu_seconds()
        with pinned_to(self.core):
            process = subprocess.Popen(
                [*command, f"http://{HOST}:{server.port}{path}", "--", str(self.cookies)],
                stdout=subprocess.PIPE,
                text=True,
            )
        output, _ = process.communicate(timeout=seconds + 30)
        used = server.cpu_seconds() - before
        answered = _ANSWERED.search(output)
        if process.returncode or not answered or _FAILED.search(output):
            raise CannotMeasure(f"the load on {path} went wrong:\n{output}")
        return used / int(answered[1])


@contextmanager
def servers(applications: Sequence[str], database: str) -> Generator[Mapping[str, Server]]:
    """The applications, started, all on the first core that we may use."""
    core = min(os.sched_getaffinity(0))
    started: dict[str, Server] = {}
    try:
        for application in applications:
            started[application] = Server(application, database, core)
        for server in started.values():
            server.wait()
        yield started
    finally:
        for server in started.values():
            server.stop()


def measure(contenders: Sequence[Contender], *, database: str, cookies: Path, plan: Plan) -> Costs:
    """The cost of each route in each cycle. Tells on stderr how far it is.

    Raises:
        CannotMeasure: A server does not start, or does not answer as it should.
    """
    load = Load(cookies, max(os.sched_getaffinity(0)))
    costs: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    for block in range(plan.blocks):
        with servers(list(dict.fromkeys(one.application for one in contenders)), database) as running:
            for one in contenders:  # every session is seen, every route has run, before anything counts
                load.cost(running[one.application], one.path, 1)
            for cycle in range(plan.cycles):
                print(f"block {block + 1}/{plan.blocks}, cycle {cycle + 1}/{plan.cycles}", file=sys.stderr)
                for one in contenders if cycle % 2 else reversed(contenders):
                    costs[one].append(load.cost(running[one.application], one.path, plan.seconds))
    return costs


def compare(costs: Costs, one: Contender, other: Contender) -> Comparison:
    """What ``one`` costs beside ``other``, each cycle compared with itself."""
    pairs = list(zip(costs[one], costs[other], strict=True))
    added = [mine - theirs for mine, theirs in pairs]
    lower, middle, upper = statistics.quantiles(added, n=4, method="inclusive")
    return Comparison(middle, (lower, upper), statistics.median(mine / theirs for mine, theirs in pairs))


def median_of(costs: Costs, one: Contender) -> float:
    """Seconds of CPU per request."""
    return statistics.median(costs[one])


@contextmanager
def pinned_to(core: int) -> Generator[None]:
    """Whatever is started inside runs on this core; affinity is inherited, threads and all."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A TCP port of this machine that nobody listens on now."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        port = found.getsockname()[1]
        assert isinstance(port, int)
        return port
