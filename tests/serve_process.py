"""Runs ``handstamp serve`` as people do, as a process of its own."""

import contextlib
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import httpx2

from command_line import PROGRAM, clean_environment
from parts.ports import free_port

PATIENCE = 30.0


@contextlib.contextmanager
def serving(folder: Path, *words: object) -> Generator[tuple[str, subprocess.Popen[str]], None, None]:
    """A server that answers, its address and its process, until the end of the block."""
    port = free_port()
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--port", str(port), *map(str, words)],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{address}/auth/readyz").status_code == 200:
                    break
            time.sleep(0.05)
        assert process.poll() is None
        yield address, process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE)
