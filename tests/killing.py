"""Kills processes in the midst of their work, and compares what they were answered with what is there then."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from handstamp.auth import Auth
from handstamp.core.models import Session
from parts.crowd import GIVEN_REASONS, PEOPLE, LetIn, Place
from parts.ledger import ENDED, OPERATIONS, OVER, SENT, STARTED, Ledgers, Line

OPERATIONS_VARIABLE = "SOAK_OPERATIONS"
WORKERS = 3
PATIENCE = 60.0
"""Seconds within which something must be answered, else nothing works any more."""

_CHANCE = secrets.SystemRandom()


def operations(usual: int) -> int:
    """How many are to be answered: what the environment says, or the usual number."""
    return int(os.environ.get(OPERATIONS_VARIABLE, usual))  # noqa: TID251  what the test was started with


@dataclass
class Crowd:
    """Processes that work on a place, and one that looks on.

    Args:
        place: Where. Its folder is empty.
    """

    place: Place
    lines: list[Line] = field(default_factory=list[Line])
    killed: int = 0
    """Processes that were."""

    def __post_init__(self) -> None:
        self._folder = Path(self.place.folder)
        self._ledgers = Ledgers(self._folder)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._names = count()
        self._answered = 0
        self._onlooker = self._started("watch")

    def join(self) -> None:
        """Let one more work."""
        self._workers.append(self._started("work", str(next(self._names))))

    def kill_one(self) -> None:
        """End one that works, wherever it stands, and let another take its place."""
        self._kill(self._workers.pop(_CHANCE.randrange(len(self._workers))))
        self.join()

    def answered(self) -> int:
        """How many operations were, up to now."""
        news = list(self._ledgers.news())
        self.lines += news
        self._answered += sum(line.what in OPERATIONS for line in news)
        return self._answered

    def work_until(self, count: int) -> None:
        """Wait until so many operations were answered.

        Raises:
            AssertionError: One has ended by itself, or nothing is answered any more.
        """
        since, before = time.monotonic(), self.answered()
        while (now := self.answered()) < count:
            if now > before:
                since, before = time.monotonic(), now
            stopped = [process for process in (*self._workers, self._onlooker) if process.poll() is not None]
            if stopped or time.monotonic() - since > PATIENCE:
                raise AssertionError(f"{now} operations, {len(stopped)} have stopped:\n{self._logs()}")
            time.sleep(0.01)

    def work(self, operations: int, kills: Sequence[Callable[[], None]]) -> None:
        """Work until so many operations were answered; do each of ``kills`` at some moment in the midst of that."""
        moments = (_CHANCE.randrange(operations // 20, operations * 19 // 20) for _ in kills)
        for moment, kill in zip(sorted(moments), _CHANCE.sample(kills, len(kills)), strict=True):
            self.work_until(moment)
            time.sleep(_CHANCE.random() / 50)  # an operation takes less, so whoever is killed then stands anywhere
            kill()
        self.work_until(operations)

    def end(self) -> "Seen":
        """Kill all that work; what the one that looks on has seen."""
        while self._workers:
            self._kill(self._workers.pop())
        self.answered()
        (self._folder / "stop").touch()
        if self._onlooker.wait(PATIENCE) != 0:
            raise AssertionError(self._logs())
        seen = json.loads((self._folder / "seen").read_text())
        return Seen(seen["asked"], seen["warm"], [LetIn(**one) for one in seen["let_in"]])

    def close(self) -> None:
        """Leave nothing behind, whatever has happened."""
        for process in (*self._workers, self._onlooker):
            process.kill()
            process.wait()

    def _kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait()
        self.killed += 1

    def _started(self, task: str, *words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "parts.crowd", task, *words, str(self.place)]
        with (self._folder / f"{task}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=Path(__file__).parent, stdout=log, stderr=log)

    def _logs(self) -> str:
        return "\n".join(path.read_text()[-4000:] for path in sorted(self._folder.glob("*.log")))


@dataclass(frozen=True)
class Seen:
    """What the process that looked on has seen; see ``parts.crowd.Seen``."""

    asked: int
    warm: int
    let_in: list[LetIn]


@contextmanager
def crowd(place: Place, workers: int = WORKERS) -> Generator[Crowd]:
    """So many processes that work, until the block ends."""
    one = Crowd(place)
    try:
        for _ in range(workers):
            one.join()
        yield one
    finally:
        one.close()


class Account:
    """What the ledgers say, against what a process reads that was not there.

    Args:
        lines: All that was answered.
        forgiven: Whether an answer of this moment may be lost, for that is all that the store promises.
    """

    def __init__(self, lines: list[Line], forgiven: Callable[[float], bool] = lambda _: False) -> None:
        self._by_session: dict[str, list[Line]] = defaultdict(list)
        self._lost: dict[str, None] = {}
        for line in lines:
            if forgiven(line.at):
                self._lost[line.session] = None
            self._by_session[line.session].append(line)

    @property
    def sessions(self) -> list[str]:
        """Those about which everything that was answered must hold."""
        return [session for session in self._by_session if session not in self._lost]

    def holds_for(self, session: str) -> bool:
        """Whether everything that was answered about it must hold."""
        return session not in self._lost

    async def faults(self, auth: Auth) -> list[str]:
        """All that is not as it was answered. The store is open."""
        rows = {session: await auth.session_store.load_session(session) for session in self.sessions}
        found = [fault for session, row in rows.items() for fault in self._faults_of(session, row)]
        return [*found, *[fault async for fault in self._faults_of_lists(auth, rows)]]

    def _faults_of(self, session: str, row: Session | None) -> Iterator[str]:
        lines = self._by_session[session]
        if row is None:
            yield f"{session} is lost"
            return
        times = Counter(line.what for line in lines)
        if times[STARTED] > 1 or times[ENDED] > 1:
            yield f"{session} was started or ended twice"
        generations = row.generations
        if generations.issued - generations.confirmed not in {0, 1}:
            yield f"{session}: {generations}"
        for line in lines:
            if line.what == SENT and not _at_least(row, line):
                yield f"{session} went back from {line.said} to {generations}"
            if line.what in {ENDED, OVER} and row.ended_at is None:
                yield f"{session} was ended and lives"
            if line.what == ENDED and row.end_reason != line.said[0]:
                yield f"{session} was ended because {line.said[0]}, not {row.end_reason}"
        if row.end_reason not in GIVEN_REASONS | {None}:
            yield f"{session} was ended because {row.end_reason}"

    async def _faults_of_lists(self, auth: Auth, rows: dict[str, Session | None]) -> AsyncIterator[str]:
        users = {row.user_id for row in rows.values() if row is not None}
        if len(users) > PEOPLE:
            yield f"{PEOPLE} people have {len(users)} accounts"
        listed = [one for user in users for one in await auth.sessions.list(user, now=auth.clock())]
        if [session for session, times in Counter(one.id for one in listed).items() if times > 1]:
            yield "a session is in a list twice"
        if [one for one in listed if one.ended_at is not None]:
            yield "an ended session is in a list"
        live = {session for session, row in rows.items() if row is not None and row.ended_at is None}
        if live - {one.id for one in listed}:
            yield "a session that lives is in no list"


def _at_least(row: Session, sent: Line) -> bool:
    issued, confirmed = map(int, sent.said)
    return row.generations.issued >= issued and row.generations.confirmed >= confirmed
