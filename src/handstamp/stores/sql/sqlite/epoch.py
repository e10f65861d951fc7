"""The epoch file: 8 bytes beside the database, mapped by every process, new after each commit.

A process compares the bytes in its own memory and so learns, without a system call, that something was committed.
The bytes say nothing else. The file may be deleted, not truncated: who reads a mapped page that is gone is killed
by the system (SIGBUS).
"""

import mmap
import os
import secrets
from contextlib import suppress
from typing import Final

from handstamp.stores.sql.sqlite.file import DatabaseFile, Identity, identity_of

_SIZE: Final = 8


class Epoch:
    """The mapped file. It is made when it is missing, with the mode of the database.

    Args:
        file: The database.
        stamps: False for one that is only read, which needs no right to write where the file exists.

    Raises:
        OSError: The file, or that of the database, cannot be opened.
    """

    def __init__(self, file: DatabaseFile, *, stamps: bool) -> None:
        self._path = file.epoch_path
        descriptor = _opened(file, stamps=stamps)
        try:
            found = os.fstat(descriptor)
            self._identity: Identity = (found.st_dev, found.st_ino)
            self._map = mmap.mmap(descriptor, _SIZE, access=mmap.ACCESS_WRITE if stamps else mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        self.word = memoryview(self._map).cast("Q")
        """One number, to be compared with what was seen before."""

    def stamp(self) -> None:
        """Write 8 fresh random bytes, by one store of a machine word."""
        self.word[0] = secrets.randbits(8 * _SIZE)

    def is_current(self) -> bool:
        """Whether the file is still the one at its path.

        Raises:
            OSError: There is none.
        """
        return identity_of(self._path) == self._identity

    def close(self) -> None:
        """Give the mapping back."""
        self.word.release()
        self._map.close()


def _opened(file: DatabaseFile, *, stamps: bool) -> int:
    if not stamps:
        with suppress(FileNotFoundError):
            return _if_whole(os.open(file.epoch_path, os.O_RDONLY))
    # Whoever may write the database may stamp, whatever the umask.
    mode = os.stat(file.path).st_mode & 0o777  # noqa: PTH116  beside the other calls of os
    descriptor = os.open(file.epoch_path, os.O_RDWR | os.O_CREAT, mode)
    try:
        if os.fstat(descriptor).st_size < _SIZE:
            os.fchmod(descriptor, mode)
            # Written, not only lengthened: a page without space on the disk would be SIGBUS later.
            os.pwrite(descriptor, secrets.token_bytes(_SIZE), 0)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _if_whole(descriptor: int) -> int:
    """The descriptor, unless the file was made this moment and not yet written.

    Raises:
        FileNotFoundError: It is not whole; the descriptor is closed.
    """
    if os.fstat(descriptor).st_size >= _SIZE:
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError
