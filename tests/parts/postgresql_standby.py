"""A standby of PostgreSQL that has lost its primary: it answers reads, and hears of nothing any more."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from parts.postgresql import RunningPostgresql


class _Standby(RunningPostgresql):
    def __init__(self, primary: RunningPostgresql, folder: Path) -> None:
        self._primary = primary
        super().__init__(folder, primary._programs, primary._user, {})

    def _run(self, program: str, *arguments: str) -> None:
        del program, arguments  # its files are a copy of the primary's
        where = ("--host", str(self._primary._folder), "--username", "postgres", "--checkpoint=fast", "--no-sync")
        super()._run("pg_basebackup", *where)
        # Made by the user that the server runs as.
        shutil.copyfile(self._folder / "data" / "PG_VERSION", self._folder / "data" / "standby.signal")


@contextmanager
def lonely_standby(primary: RunningPostgresql) -> Generator[Path]:
    """The folder of its socket, until the block ends. It knows what the primary knew at the beginning."""
    folder = Path(tempfile.mkdtemp(prefix="hs-pg-"))
    shutil.copystat(primary._folder, folder)
    if primary._user is not None:
        shutil.chown(folder, primary._user)
    try:
        server = _Standby(primary, folder)
        server.start()
        try:
            yield folder
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
