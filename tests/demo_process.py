"""Starts the demo as people do, as processes of their own, and stops them by their ids."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx2

HANDSTAMP = Path(sys.executable).with_name("handstamp")
_PATIENCE = 30.0


@dataclass(frozen=True)
class Demo:
    """A demo process that answers."""

    port: int
    data: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Where this process listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def standins(self) -> str:
        """Where its stand-ins listen: to a browser another site."""
        return f"http://localhost:{self.port + 1}"


def free_ports() -> int:
    """A port that is free, and so is the next one."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port
    raise AssertionError("no two free ports in a row")


@contextlib.contextmanager
def running_demo(data: Path, *options: str, port: int | None = None) -> Generator[Demo]:
    """A demo process with its data in a folder, until the end of the block."""
    port = port or free_ports()
    log = data.with_name(f"{data.name}-{port}.log")
    command = [str(HANDSTAMP), "demo", "--port", str(port), "--data", str(data), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    demo = Demo(port, data, process, log)
    try:
        _wait_until_it_answers(demo)
        yield demo
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def handstamp(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [str(HANDSTAMP), *arguments], check=False, capture_output=True, text=True, timeout=_PATIENCE
    )


def _wait_until_it_answers(demo: Demo) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if demo.process.poll() is not None:
            break
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{demo.url}/auth/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the demo does not answer:\n{demo.log.read_text()}")
