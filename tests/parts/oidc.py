"""The certified OpenID provider of npm, as a server on this machine."""

import fcntl
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from parts.ports import free_port

HERE = Path(__file__).parent
INSTALL_LIMIT = 300.0
START_LIMIT = 30.0
"""Seconds; it takes half a second on an idle machine."""


@dataclass(frozen=True)
class RunningProvider:
    """Where it is, and where it sends its clients' browsers back."""

    issuer: str
    callback_url: str
    log: Path


def install(folder: Path) -> Path:
    """Put the provider and the packages that ``package.json`` names into a folder, unless they are there.

    Test processes side by side wait for each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Node looks for packages beside the program.
        program = Path(shutil.copy(HERE / "oidc_provider.mjs", folder))
        wanted, installed = (HERE / "package.json").read_bytes(), folder / "installed.json"
        if not installed.exists() or installed.read_bytes() != wanted:
            shutil.copy(HERE / "package.json", folder)
            _npm_install(folder)
            installed.write_bytes(wanted)
    return program


@contextmanager
def running_provider(folder: Path, callback_url: str) -> Generator[RunningProvider]:
    """The provider on a free port, until the block ends; what it prints is in a log in the folder.

    Args:
        folder: For packages and log; it may be kept between runs.
        callback_url: Where all clients have their callback.
    """
    program, port = install(folder), free_port()
    command = [_program("node"), str(program), str(port), callback_url]
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_ready(process, log)
        yield RunningProvider(f"http://localhost:{port}", callback_url, log)
    finally:
        process.terminate()
        process.wait(10)


def _npm_install(folder: Path) -> None:
    command = [_program("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_LIMIT)
    if done.returncode != 0:
        pytest.fail(f"npm install failed in {folder}:\n{done.stderr}", pytrace=False)


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while b"ready" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the OpenID provider did not start:\n{log.read_text(encoding='utf-8')}", pytrace=False)
        time.sleep(0.02)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is missing: the OpenID provider for tests runs under Node 20 or later", pytrace=False)
    return path
