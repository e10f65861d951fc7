"""An honest writer: signs somebody in, again and again, and notes how long each time took. Runs beside a purge.

As a program, for a process of its own: ``python -m bench.scale_beside URL`` says ``ready``, writes until its input
ends, and prints the waits in seconds as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.measure import ROOT
from bench.scale_costs import new_session

from handstamp.backends import store_at
from handstamp.core.protocols import Store

PAUSE: Final = 0.005
"""Seconds between two sign-ins."""


async def sign_in(store: Store) -> None:
    """One sign-in."""
    now = time.time()  # noqa: TID251  a program's own clock
    await store.start_session(new_session("somebody", now), replaces=None, now=now)


@asynccontextmanager
async def repeated(call: Callable[[], Awaitable[Any]]) -> AsyncGenerator[list[float]]:
    """The waits for a call that is made again and again until the block ends. Whatever goes wrong is raised then."""
    waits: list[float] = []
    stopping = asyncio.Event()

    async def again_and_again() -> None:
        while not stopping.is_set():
            began = time.perf_counter()
            await call()
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE)

    async with asyncio.TaskGroup() as group:
        group.create_task(again_and_again())
        try:
            yield waits
        finally:
            stopping.set()


@asynccontextmanager
async def another_process(url: str) -> AsyncGenerator[list[float]]:
    """The waits for sign-ins in another process, known when the block has ended."""
    waits: list[float] = []
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.scale_beside", url, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield waits
    finally:
        output, _ = await process.communicate(b"")  # and its input ends
    waits += json.loads(output)


async def _write_until_told(url: str) -> None:
    store = store_at(url)
    await store.open()
    try:
        print("ready", flush=True)
        async with repeated(lambda: sign_in(store)) as waits:
            await asyncio.to_thread(sys.stdin.read)
    finally:
        await store.close()
    print(json.dumps(waits))


if __name__ == "__main__":
    asyncio.run(_write_until_told(sys.argv[1]))
