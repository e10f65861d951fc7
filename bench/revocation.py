"""``make revocation``: how long after a session was ended another process still lets it in.

Four processes share a store and are under load. All of them keep asking for the same sessions; one ends a session,
and the other three write down when they last let it in and when they first refused it. Some batches are ended while
a listening connection is held, as behind a network that swallows everything.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from bench.machine import machine
from bench.measure import ROOT, CannotMeasure
from bench.revocation_places import PLACES, NewsPath, Place, There
from bench.revocation_process import BATCH, PROCESSES, Board, Plan, work

from handstamp import Auth
from handstamp.core.ids import new_secret
from handstamp.core.lease import LEASE
from handstamp.core.models import Profile
from handstamp.services.sessions import Issued

_LIVE_SESSIONS: Final = 1_000
_PARTS: Final = ("psycopg", "redis", "pymongo")
_LIMIT: Final = 60.0
_POLL: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Spread:
    """Of all that was seen, in seconds."""

    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, found: Sequence[float]) -> "Spread":
        """The spread of at least two."""
        return cls(statistics.median(found), statistics.quantiles(found, n=100, method="inclusive")[98], max(found))

    def __str__(self) -> str:
        """In milliseconds."""
        return " / ".join(f"{seconds * 1e3:.2f}" for seconds in (self.p50, self.p99, self.longest))


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen of one store. Times in seconds, from the moment at which ``end_session`` had returned."""

    store: str
    revocations: int
    refusals: int
    """One a revocation in each of the other processes; those during a partition are counted apart."""
    let_in: Spread
    """How long an ended session was let in: until the last wrong answer, 0 where there was none."""
    refused: Spread
    """Until the first request that was refused began. The lag lies between the two: nobody asks all the time."""
    stale: int
    """Times that an ended session was let in, before the bound was over."""
    bound: float
    stale_after_bound: int
    checks_per_second: float
    """Of all processes."""
    partitions: int
    stale_in_partition: int
    oldest_in_partition: float
    """The age of the oldest answer that was wrong while a listening connection was held."""


def main() -> int:
    """Measure, print, write down."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stores", default=",".join(PLACES), help=f"of {', '.join(PLACES)}")
    arguments.add_argument("--revocations", type=int, default=10_000)
    arguments.add_argument("--partitions", type=int, default=5)
    given = arguments.parse_args()
    results = []
    for name in given.stores.split(","):
        print(f"{name}: {given.revocations:,} revocations", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="hs-", ignore_cleanup_errors=True) as folder:
            results.append(measured(PLACES[name], Path(folder), given.revocations, given.partitions))
        print(results[-1], file=sys.stderr)
    text = "\n".join(table(results))
    print(text)
    kept = ROOT / "build" / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "revocation.md").write_text(text + "\n", encoding="utf-8")
    found = {"machine": machine(_PARTS), "results": [asdict(result) for result in results]}
    (kept / "revocation.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(place: Place, folder: Path, revocations: int, partitions: int) -> Result:
    """One store, from the start of its server to its end."""
    context = get_context("spawn")
    with ExitStack() as opened:
        there = opened.enter_context(place.running(folder))
        batches = max(1, revocations // BATCH)
        held = {(number + 1) * batches // (partitions + 1) for number in range(partitions)} if there.path else set()
        secret = new_secret()
        tokens, live, user_id = asyncio.run(_sign_in(there, secret, batches * BATCH))
        board = Board(context, batches)
        plan = Plan(there.database, there.sessions, secret, tokens, live, user_id, place.bound)
        by_the_path_that_is_held = replace(
            plan, database=there.database_by_proxy or plan.database, sessions=there.sessions_by_proxy or plan.sessions
        )
        workers: list[BaseProcess] = [
            context.Process(target=work, args=(number, board, plan if number else by_the_path_that_is_held))
            for number in range(PROCESSES)
        ]
        began = time.monotonic()
        try:
            for worker in workers:
                worker.start()
            _lead(board, batches, held, there.path, workers)
            took = time.monotonic() - began
            for worker in workers:
                worker.join(_LIMIT)
        finally:
            for worker in workers:
                worker.kill()
    return _result(place, board, batches, held, took)


async def _sign_in(there: There, secret: str, count: int) -> tuple[list[bytes], list[bytes], str]:
    """Sessions to end, sessions that live, each of a user of its own; and a user who comes and goes."""
    auth = Auth(there.database, sessions=there.sessions, secret=(secret,))
    services = await auth.open()
    now = auth.clock()
    issued: list[Issued] = []
    for number in range(count + _LIVE_SESSIONS):
        profile = Profile(issuer="https://provider.example", subject=str(number))
        user = await services.accounts.sign_in(profile, now=now)
        issued.append(await services.sessions.start(user, amr=(), now=now))
    profile = Profile(issuer="https://provider.example", subject="comes and goes")
    user = await services.accounts.sign_in(profile, now=now)
    await auth.close()
    tokens = [one.token.encode("ascii") for one in issued]
    return tokens[:count], tokens[count:], user.id


def _lead(board: Board, batches: int, held: set[int], path: NewsPath | None, workers: Sequence[BaseProcess]) -> None:
    """Open one batch after the other, when every process has what is to be ended in its cache."""
    for batch in range(batches):
        _wait(board, 2 * batch + 1, workers)
        if path is not None and batch in held:
            path.hold()
        board.opened.value = batch + 1
        _wait(board, 2 * batch + 2, workers)
        if path is not None and batch in held:
            path.let_go()


def _wait(board: Board, step: int, workers: Sequence[BaseProcess]) -> None:
    deadline = time.monotonic() + _LIMIT
    while not board.all_at(step):
        if time.monotonic() > deadline or any(worker.exitcode for worker in workers):
            raise CannotMeasure("one of the processes does not go on")
        time.sleep(_POLL)


def _result(place: Place, board: Board, batches: int, held: set[int], took: float) -> Result:
    let_in, refused, stale, late, held_stale, oldest = [], [], 0, 0, 0, 0.0
    for number in range(batches * BATCH):
        for observer in range(PROCESSES):
            if number % PROCESSES == observer:
                continue
            if number // BATCH in held:
                held_stale += board.stale[observer][number]
                if board.stale[observer][number]:
                    oldest = max(oldest, board.last_stale[observer][number] - board.ended[number])
                continue
            refused.append(max(0.0, board.refused[observer][number] - board.ended[number]))
            wrong = board.stale[observer][number]
            let_in.append(board.last_stale[observer][number] - board.ended[number] if wrong else 0.0)
            stale += board.stale[observer][number]
            late += board.stale_after_bound[observer][number]
    return Result(
        store=place.name,
        revocations=batches * BATCH,
        refusals=len(refused),
        let_in=Spread.of(let_in),
        refused=Spread.of(refused),
        stale=stale,
        bound=place.bound,
        stale_after_bound=late,
        checks_per_second=sum(board.asked) / took,
        partitions=len(held),
        stale_in_partition=held_stale,
        oldest_in_partition=oldest,
    )


def table(results: Sequence[Result]) -> Iterator[str]:
    """The results as Markdown."""
    yield "| store | ended | let in for, ms | first refused after, ms | wrong answers | after the bound | held, s |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for one in results:
        wrong = f"{one.stale:,} | {one.stale_after_bound:,} (bound {one.bound * 1e3:g} ms)"
        held = f"{one.oldest_in_partition:.2f} (of {one.partitions})" if one.partitions else "nobody listens"
        yield f"| {one.store} | {one.revocations:,} | {one.let_in} | {one.refused} | {wrong} | {held} |"
    checks = ", ".join(f"{one.store} {one.checks_per_second:,.0f}" for one in results)
    yield "\np50 / p99 / longest."
    yield f"{PROCESSES} processes; checks answered a second by all of them: {checks}. Lease {LEASE:g} s."
    yield "; ".join(f"{name} {value}" for name, value in machine(_PARTS).items()) + "."


if __name__ == "__main__":
    sys.exit(main())
