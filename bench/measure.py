"""What a request costs the server: its own CPU time, under load, divided by the requests that it answered.

Requests per second swing with whatever else the machine does. The CPU time of the server's process moves much less,
and what does move it (a shared cache, a neighbour) moves the routes that are measured in turn alike.
"""

import os
import re
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
ROOT: Final = Path(__file__).resolve().parents[1]
_SCRIPT: Final = ROOT / "bench" / "requests.lua"
_CONNECTIONS: Final = 16
_START_LIMIT: Final = 20.0
_MEASURED: Final = re.compile(
    r"^measured requests=(\d+) refused=(\d+) lost=(\d+) duration=(\d+) p50=(\d+) p99=(\d+)$", re.MULTILINE
)


class CannotMeasure(Exception):  # noqa: N818  named for what is the case
    """Something is missing, or the load was not answered as it should. The message says what."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What wrk saw."""

    requests: int
    seconds: float
    p50: float
    """Seconds until the answer, with all connections busy all the time."""
    p99: float


@dataclass(frozen=True, slots=True)
class Round:
    """A route under load for a while."""

    cpu: float
    """Seconds of the server's CPU per request."""
    per_second: float
    """Requests."""
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


class Server:
    """A process that serves HTTP, on one core."""

    def __init__(self, command: Command, port: int, core: int) -> None:
        self.port = port
        with pinned_to(core):
            self._process = subprocess.Popen(
                command.words, cwd=ROOT, env={"PYTHONHASHSEED": "0", **command.environment}
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

    def resident(self) -> int:
        """Bytes of memory that its process has now (VmRSS)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise CannotMeasure("the server has ended")
        return int(found[1]) * 1024

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
    """A file with the cookies of a session in each line; the requests take them in turn."""
    core: int

    def on(self, server: Server, path: str, seconds: int) -> Round:
        """Ask for the path for so long.

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
        answered = read_answered(output)
        return Round(used / answered.requests, answered.requests / answered.seconds, answered.p50, answered.p99)


def read_answered(output: str) -> Answered:
    """What ``bench/requests.lua`` prints at the end.

    Raises:
        CannotMeasure: Nothing was answered, or something was not answered, or refused.
    """
    found = _MEASURED.search(output)
    if found is None:
        raise CannotMeasure(f"the load went wrong:\n{output}")
    requests, refused, lost, duration, p50, p99 = map(int, found.groups())
    if not requests or refused or lost:
        raise CannotMeasure(f"of {requests} requests {refused} were refused and {lost} lost:\n{output}")
    return Answered(requests, duration / 1e6, p50 / 1e6, p99 / 1e6)


def first_core() -> int:
    """Where servers run."""
    return min(os.sched_getaffinity(0))


def last_core() -> int:
    """Where the load is made."""
    return max(os.sched_getaffinity(0))


@contextmanager
def running(command: Command, port: int) -> Generator[Server]:
    """A server that accepts connections, on the first core that we may use."""
    server = Server(command, port, first_core())
    try:
        server.wait()
        yield server
    finally:
        server.stop()


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
    """One that nobody listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        port = found.getsockname()[1]
        assert isinstance(port, int)
        return port
