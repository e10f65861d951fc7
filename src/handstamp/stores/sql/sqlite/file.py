"""The database as a file: where it is, and whether it is still the same one."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import URL

from handstamp.core.errors import ConfigurationError

PRIVATE: Final = 0o600
"""The mode of files that are made here. SQLite gives -wal and -shm the mode of the database."""

Identity = tuple[int, int]
"""Device and inode of a file. As long as it is open, no other file has the same."""


def identity_of(path: str) -> Identity:
    """What tells the file from one that took its place.

    Raises:
        OSError: There is none.
    """
    found = os.stat(path)  # noqa: PTH116  on the path of a request; Path.stat costs twice as much
    return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A database file by its real path: SQLite puts -wal and -shm beside that, and we the epoch."""

    path: str

    @property
    def epoch_path(self) -> str:
        """Where the epoch is kept."""
        return f"{self.path}-epoch"

    @property
    def uri(self) -> str:
        """For ``sqlite3.connect``. It makes no file: a vanished database is not replaced by an empty one."""
        return f"file:{quote(self.path)}?mode=rw"

    def exists(self) -> bool:
        """Whether there is a file."""
        return Path(self.path).exists()

    def create(self) -> None:
        """Make an empty database file that only its owner may read, unless there is one.

        An existing file is not even opened: closing it would drop the locks that this process holds on it (POSIX).

        Raises:
            ConfigurationError: The folder is missing or must not be written.
        """
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
        except FileExistsError:
            return
        except OSError as error:
            raise ConfigurationError(f"cannot make the database {self.path}: {error.strerror}") from error


def database_path(url: URL) -> str:
    """The real, absolute path of the database that a URL names.

    Raises:
        ConfigurationError: It names none, or one in memory, or carries options.
    """
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "a SQLite database in memory cannot be shared between connections: "
            "use handstamp.stores.memory.MemoryStore, or name a file as in sqlite:///app.db"
        )
    if url.host or url.query or url.database.startswith("file:"):
        raise ConfigurationError(
            "a SQLite URL is sqlite:///relative.db or sqlite:////absolute.db, without host and options"
        )
    return str(Path(url.database).resolve())
