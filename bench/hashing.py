"""What a password hash costs, and how much a pool that is full of them slows down the event loop beside it.

``python -m bench.hashing`` prints three tables; half a minute on a quiet machine.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

from handstamp.core.policy import HashingPolicy
from handstamp.login.password import worker as workers
from handstamp.login.password.cores import usable_cores
from handstamp.login.password.hashing import Hasher
from handstamp.login.password.worker import Worker

_PASSWORD: Final = "correct horse battery staple"  # noqa: S105  nobody's
_REQUEST: Final = 0.000_5
"""Seconds of Python that stand for a request."""
_EVERY: Final = 0.005
"""Seconds between two requests."""
_PROFILES: Final = {
    "standard: 64 MiB, 3 passes, 4 lanes": HashingPolicy(),
    "19 MiB, 2 passes, 1 lane (OWASP's least)": HashingPolicy(memory=19, passes=2, lanes=1),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load lasts")
    seconds = parser.parse_args(arguments).seconds
    print(f"{len(os.sched_getaffinity(0))} cores\n")
    print("| one hash | wall, ms | CPU, ms |\n| --- | --- | --- |")
    for name, policy in _PROFILES.items():
        hasher = Hasher(policy)
        wall, cpu = _cost(lambda hasher=hasher: hasher.hash(_PASSWORD))  # type: ignore[misc]  # bound per turn
        print(f"| {name} | {wall * 1e3:.0f} | {cpu * 1e3:.0f} |")
    print("\n| storm | hashes per second | request p50, ms | p99, ms |\n| --- | --- | --- | --- |")
    for name, at_once, niceness in (
        ("none", 0, 0),
        ("1 at once", 1, workers.NICENESS),
        ("1 for each core", usable_cores(), workers.NICENESS),
        ("1 for each core, as eager as the loop", usable_cores(), 0),
    ):
        workers.NICENESS = niceness  # type: ignore[misc]  # what is measured
        hashes, delays = asyncio.run(_storm(at_once, seconds))
        print(f"| {name} | {hashes / seconds:.1f} | {_at(delays, 50):.2f} | {_at(delays, 99):.2f} |")


def _cost(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds: medians of seven."""
    walls, cpus = list[float](), list[float]()
    for _ in range(7):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


async def _storm(at_once: int, seconds: float) -> tuple[int, list[float]]:
    """Hashes done meanwhile, and the milliseconds from when each request was due to when it was answered."""
    hasher, done, stop = Hasher(), 0, asyncio.Event()
    worker = Worker(HashingPolicy(at_once=at_once or 1))

    async def sign_in() -> None:
        nonlocal done
        while not stop.is_set():
            await worker.run(lambda: hasher.verify(None, _PASSWORD))
            done += 1

    storm = [asyncio.create_task(sign_in()) for _ in range(3 * at_once)]
    await asyncio.sleep(0.3)
    done = 0
    delays, due = list[float](), time.perf_counter()
    for _ in range(int(seconds / _EVERY)):
        due += _EVERY
        await asyncio.sleep(due - time.perf_counter())
        busy_until = time.thread_time() + _REQUEST
        while time.thread_time() < busy_until:
            pass
        delays.append((time.perf_counter() - due) * 1e3)
    hashes = done
    stop.set()
    await asyncio.gather(*storm)
    worker.close()
    return hashes, delays


def _at(values: list[float], percentile: int) -> float:
    return statistics.quantiles(values, n=100)[percentile - 1]


if __name__ == "__main__":
    main()
