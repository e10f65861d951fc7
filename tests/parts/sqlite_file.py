"""What can befall the file of an SQLite database."""

import os
import resource
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

NOBODY: Final = 65534


@contextmanager
def locked(database: Path) -> Generator[None]:
    """Another writer is in the midst of a transaction."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """The folder and its files cannot be written, not even by the owner of the process."""
    files = list(folder.iterdir())
    for path in files:
        path.chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)  # root may write everything
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        for path in files:
            path.chmod(0o600)


@contextmanager
def no_room() -> Generator[None]:
    """No file of this process can have another byte, as on a disk that is full; files it has stay as they are.

    The limit of the size of a file stands in for the disk: a write beyond it fails in the same place, with EFBIG
    instead of ENOSPC. Python ignores the signal that comes with it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def gone(database: Path) -> Generator[None]:
    """The file has another name, until the block ends."""
    elsewhere = database.with_name("elsewhere")
    database.rename(elsewhere)
    yield
    elsewhere.rename(database)


def put_in_its_place(database: Path, other: Path) -> None:
    """Replace a database by another, as somebody does who restores a backup and reads what there is to know of it."""
    for tail in ("-wal", "-shm"):
        database.with_name(f"{database.name}{tail}").unlink(missing_ok=True)
    other.replace(database)
