"""Standbys of PostgreSQL: copies of a primary that answer reads and accept no writes."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from parts.postgresql import RunningPostgresql


class Standby(RunningPostgresql):
    """A copy of a primary.

    Args:
        primary: Whose copy it is.
        folder: For its files.
        follows: Whether it goes on to receive what the primary writes; else it has lost it.
    """

    def __init__(self, primary: RunningPostgresql, folder: Path, *, follows: bool) -> None:
        self._primary = primary
        self._follows = follows
        super().__init__(folder, primary._programs, primary._user, {})

    @property
    def socket_folder(self) -> Path:
        """Where its socket is: the host of a URL."""
        return self._folder

    def promote(self) -> None:
        """Let it be a primary from now on."""
        with psycopg.connect(self.url()) as connection:
            connection.execute("SELECT pg_promote(wait => true)")

    def has_all(self) -> bool:
        """Whether it knows what the primary has committed by now."""
        with psycopg.connect(self._primary.url()) as there, psycopg.connect(self.url()) as here:
            written = there.execute("SELECT pg_current_wal_lsn()").fetchone()
            found = here.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written).fetchone()
        return bool(found and found[0])

    def _run(self, program: str, *arguments: str) -> None:
        del program, arguments  # its files are a copy of the primary's
        where = ("--host", str(self._primary._folder), "--username", "postgres", "--checkpoint=fast", "--no-sync")
        super()._run("pg_basebackup", *where)
        # Made by the user that the server runs as.
        data = self._folder / "data"
        shutil.copyfile(data / "PG_VERSION", data / "standby.signal")
        if self._follows:
            with (data / "postgresql.auto.conf").open("a", encoding="ascii") as settings:
                settings.write(f"primary_conninfo = 'host={self._primary._folder} user=postgres'\n")


@contextmanager
def standby_of(primary: RunningPostgresql, *, follows: bool) -> Generator[Standby]:
    """A standby, until the block ends. One that does not follow knows what the primary knew at the beginning."""
    folder = Path(tempfile.mkdtemp(prefix="hs-pg-"))
    shutil.copystat(primary._folder, folder)
    if primary._user is not None:
        shutil.chown(folder, primary._user)
    try:
        server = Standby(primary, folder, follows=follows)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
