"""SecantusDB, an emulator of MongoDB's protocol on the storage engine WiredTiger, as a server on this machine.

What is seen here is seen of the emulator: one node that calls itself a replica set, and no fail-over.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from parts.ports import free_port

START_LIMIT = 30.0
"""Seconds; it takes a third of one on an idle machine."""


@dataclass
class RunningEmulator:
    """Where it is."""

    port: int
    command: list[str]
    log: Path
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=self.log.parent, stdout=output, stderr=subprocess.STDOUT
            )
        _wait_until_ready(self.process, self.port, self.log)

    def kill(self) -> None:
        """End it where it stands. What it had not given to the system is gone."""
        self.process.kill()
        self.process.wait(10)

    def new_url(self) -> str:
        """The URL of a database that nobody has used."""
        return f"mongodb://127.0.0.1:{self.port}/test-{secrets.token_hex(8)}"

    @contextmanager
    def not_answering(self) -> Generator[None]:
        """Keep connections open and answer nothing, until the block ends."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            os.waitpid(self.process.pid, os.WUNTRACED)  # its threads stop one after the other
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    async def fail(self, commands: list[str], *, times: int | None = None, **how: object) -> None:
        """Let the next commands of these names fail: ``errorCode``, or ``closeConnection`` (see ``failCommand``)."""
        mode = "alwaysOn" if times is None else {"times": times}
        await self._administer({"mode": mode, "data": {"failCommands": commands, **how}})

    async def fail_no_more(self) -> None:
        """Take that back."""
        await self._administer({"mode": "off"})

    async def _administer(self, fail_point: dict[str, object]) -> None:
        async with AsyncMongoClient[dict[str, object]](f"mongodb://127.0.0.1:{self.port}") as client:
            await client.admin.command({"configureFailPoint": "failCommand", **fail_point})


@contextmanager
def running_emulator(
    folder: Path, *options: str, storage: str = ":memory:", port: int | None = None
) -> Generator[RunningEmulator]:
    """The emulator, empty, on a free port or a given one, until the block ends; its log is in the folder."""
    port = port or free_port()
    program = str(Path(sys.executable).with_name("secantusd-py"))
    where = ["--host", "127.0.0.1", "--port", str(port), "--storage-path", storage]
    emulator = RunningEmulator(port, [program, *where, "--log-level", "WARNING", *options], folder / f"{port}.log")
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.process.terminate()
        emulator.process.wait(10)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the emulator did not start:\n{log.read_text(encoding='utf-8')}", pytrace=False)
            time.sleep(0.02)
        else:
            return
