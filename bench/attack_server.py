"""The server that is attacked: one process on one core, which tells what was asked of its stores."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Final

from bench.measure import HOST, ROOT, CannotMeasure, pinned_to

_START_LIMIT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What the server says of itself."""

    asked: Mapping[str, int]
    """How often each verb of its stores was called since it started."""
    kept: int
    """Sessions in memory."""
    resident: int
    """KiB."""


class AttackedServer:
    """``bench.applications.attacked``, started.

    Args:
        database: A URL.
        sessions: Where sessions are kept, if not there.
    """

    def __init__(self, database: str, sessions: str | None) -> None:
        with socket.socket() as found:
            found.bind((HOST, 0))
            self.port: int = found.getsockname()[1]
        settings = {"HANDSTAMP_DATABASE": database, "PYTHONHASHSEED": "0"}
        if sessions is not None:
            settings["HANDSTAMP_SESSIONS"] = sessions
        command = [sys.executable, "-m", "uvicorn", "bench.applications.attacked:app", f"--app-dir={ROOT}"]
        options = [f"--host={HOST}", f"--port={self.port}", "--log-level=warning", "--no-access-log"]
        # The secret of a database that is no file is kept in the home of whoever runs this.
        ours = os.environ  # noqa: TID251  a program that starts another one
        kept = {name: ours[name] for name in ("HOME", "XDG_STATE_HOME", "PYTHONPATH") if name in ours}
        with pinned_to(min(os.sched_getaffinity(0))):
            self._process = subprocess.Popen([*command, *options, "--no-proxy-headers"], env=kept | settings)

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
        raise CannotMeasure("the server did not start")

    def cpu_seconds(self) -> float:
        """User and system time that it has used, over all threads: the clock of clock_getcpuclockid(3)."""
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def counts(self) -> Counts:
        """Ask it."""
        connection = HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", "/counts")
            return Counts(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def attacked_server(database: str, sessions: str | None) -> Generator[AttackedServer]:
    """A server that runs inside."""
    server = AttackedServer(database, sessions)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
