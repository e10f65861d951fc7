"""What processes have been answered, in files that outlive them: a line is written after the verb returned.

Whoever is killed loses the one line that it had not written yet, and what was done for that one is unknown.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STARTED = "started"
"""A session was made. Said: the user."""
SENT = "sent"
"""A response carries a token. Said: the generations issued and confirmed."""
ENDED = "ended"
"""This call ended the session. Said: the reason."""
OVER = "over"
"""The session was found to be over, or this call saw to it, whoever it was that ended it. Said: the reason."""

OPERATIONS = (STARTED, SENT, ENDED)
"""What is counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One answer."""

    at: float
    """Seconds of the monotonic clock, which all processes of the machine share."""
    what: str
    session: str
    said: tuple[str, ...]


class Ledger:
    """A file of one process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what: str, session: str, *said: object) -> None:
        """Keep an answer: with the system, when this returns."""
        words = (repr(time.monotonic()), what, session, *map(str, said))
        os.write(self._file, f"{' '.join(words)}\n".encode())


class Ledgers:
    """All ledgers of a folder, each line of which is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def news(self) -> Iterator[Line]:
        """What was written since the last call."""
        for path in sorted(self._folder.glob("*.ledger")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):  # it is being written
                        break
                    self._read[path] = self._read.get(path, 0) + len(line)
                    at, what, session, *said = line.decode().split()
                    yield Line(float(at), what, session, tuple(said))
