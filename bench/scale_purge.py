"""What the removal of expired sessions costs, and whom it keeps waiting."""

import asyncio
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.scale_beside import PAUSE, another_process, repeated, sign_in

from handstamp.core.policy import DAY
from handstamp.services.upkeep import Upkeep
from handstamp.stores.sql import SqlStore


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in seconds."""

    count: int
    p50: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True)
class Purge:
    """A sweep as ``Upkeep`` makes it, in two halves: beside another process that writes, and beside its own tasks."""

    rows: int
    seconds: float
    """Of the sweeps, from begin to end."""
    batches: Spread
    writer_alone: Spread
    """Sign-ins by another process, and no purge."""
    writer_beside: Spread
    """Sign-ins by another process while the first half is removed."""
    writer_within: Spread
    """Sign-ins by the process that removes the second half."""
    reader_within: Spread
    """Sessions that are loaded by that process: requests that see their token for the first time."""
    loop_within: Spread
    """How late its event loop was."""


class _Watched(SqlStore):
    """Notes each batch."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.batches: list[float] = []

    async def purge_sessions(self, *, now: float, limit: int) -> int:
        began = time.perf_counter()
        removed = await super().purge_sessions(now=now, limit=limit)
        self.batches.append(time.perf_counter() - began)
        return removed


async def purge(url: str, known: str, *, now: float, alone: float) -> Purge:
    """Remove what has expired within the last day.

    Args:
        url: Of the place. Nobody else has it open.
        known: The id of a session that goes on.
        now: Seconds since the epoch.
        alone: Seconds for which writers are watched without a purge.
    """
    store = _Watched(url)
    await store.open()
    upkeep = Upkeep(store, lambda: now)
    try:
        async with another_process(url) as undisturbed:
            await asyncio.sleep(alone)
        async with another_process(url) as beside:
            began = time.perf_counter()
            rows = (await Upkeep(store, lambda: now - DAY / 2).sweep()).sessions
            seconds = time.perf_counter() - began
        async with (
            repeated(lambda: sign_in(store)) as writes,
            repeated(lambda: store.load_session(known)) as reads,
            repeated(lambda: asyncio.sleep(PAUSE)) as turns,
        ):
            began = time.perf_counter()
            rows += (await upkeep.sweep()).sessions
            seconds += time.perf_counter() - began
    finally:
        await store.close()
    return Purge(
        rows=rows,
        seconds=seconds,
        batches=spread(store.batches),
        writer_alone=spread(undisturbed),
        writer_beside=spread(beside),
        writer_within=spread(writes),
        reader_within=spread(reads),
        loop_within=spread([turn - PAUSE for turn in turns]),
    )


def spread(times: Sequence[float]) -> Spread:
    """Of no times, zeros."""
    if not times:
        return Spread(0, 0.0, 0.0, 0.0)
    ordered = sorted(times)
    return Spread(len(ordered), statistics.median(ordered), ordered[math.ceil(0.99 * len(ordered)) - 1], ordered[-1])
