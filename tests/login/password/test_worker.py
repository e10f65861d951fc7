"""Work beside the event loop: bounded, and nobody waits for what cannot be stopped."""

import asyncio
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import suppress

import bcrypt
import pytest

from handstamp.core.errors import Busy
from handstamp.core.policy import HashingPolicy
from handstamp.login.password import worker as module
from handstamp.login.password.argon2id import Parameters, derive
from handstamp.login.password.hashing import Hasher
from handstamp.login.password.worker import MAX_BY_DEFAULT, NICENESS, Worker

PATIENCE = 20.0


class Gate:
    """Calls that run until they are let through."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.began = 0
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def call(self) -> int:
        """Run, count, and wait."""
        with self._lock:
            self.began += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self._open.wait(PATIENCE)
        with self._lock:
            self.at_once -= 1
        return self.began

    def open(self) -> None:
        """Let all through."""
        self._open.set()


@pytest.fixture
def gate() -> Generator[Gate]:
    """Opened at the end, whatever happens."""
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def worker() -> Generator[Worker]:
    """Two at once, three in line."""
    worker = Worker(HashingPolicy(at_once=2, waiting=3))
    yield worker
    worker.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let the others work until something is the case."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  threads change it, and have no event of this loop
            await asyncio.sleep(0.001)


async def begun(worker: Worker, gate: Gate, count: int) -> list[asyncio.Task[int]]:
    """Callers, of whom as many as can have begun."""
    tasks = [asyncio.create_task(worker.run(gate.call)) for _ in range(count)]
    await until(lambda: gate.began == min(count, worker.at_once))
    return tasks


async def test_the_result_comes_back(worker: Worker) -> None:
    """From another thread."""
    assert await worker.run(threading.get_ident) != threading.get_ident()


async def test_what_the_call_raises_comes_back(worker: Worker) -> None:
    """As it is."""
    with pytest.raises(KeyError, match="none"):
        await worker.run(lambda: dict[str, int]()["none"])


async def test_no_more_than_so_many_run_at_once(worker: Worker, gate: Gate) -> None:
    """The others wait in line."""
    tasks = await begun(worker, gate, 5)
    gate.open()
    await asyncio.gather(*tasks)
    assert (gate.began, gate.most_at_once) == (5, 2)


async def test_who_comes_when_the_line_is_full_is_told_so_at_once(worker: Worker, gate: Gate) -> None:
    """With an error that carries when to come back; and when the line has moved, there is room."""
    tasks = await begun(worker, gate, 5)
    with pytest.raises(Busy) as refused:
        await worker.run(gate.call)
    assert refused.value.retry_after == 2
    gate.open()
    await asyncio.gather(*tasks)
    assert await worker.run(lambda: "room") == "room"


async def test_a_caller_who_gives_up_leaves_the_line(worker: Worker, gate: Gate) -> None:
    """There is room at once, and the call is never made."""
    tasks = await begun(worker, gate, 5)
    for task in tasks[2:]:
        task.cancel()
    await asyncio.wait(tasks[2:])
    others = [asyncio.create_task(worker.run(gate.call)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await worker.run(gate.call)
    gate.open()
    await asyncio.gather(*tasks[:2], *others)
    assert gate.began == 5
    assert all(task.cancelled() for task in tasks[2:])


async def test_a_call_that_runs_is_not_waited_for(worker: Worker, gate: Gate) -> None:
    """Its caller is gone at once; its place is taken until it ends."""
    tasks = await begun(worker, gate, 5)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    assert gate.at_once == 2
    with pytest.raises(Busy):
        await worker.run(gate.call)
    gate.open()
    await asyncio.gather(*tasks[1:])


async def test_a_hundred_who_come_and_go_leave_nothing_behind(worker: Worker, gate: Gate) -> None:
    """The places are as many as before."""
    tasks = await begun(worker, gate, 2)
    for _ in range(100):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await worker.run(gate.call)
    gate.open()
    await asyncio.gather(*tasks)
    assert await asyncio.gather(*(worker.run(lambda: 1) for _ in range(5))) == [1] * 5


async def test_closing_refuses_who_is_in_line_and_waits_for_nobody(worker: Worker, gate: Gate) -> None:
    """What runs goes on; its caller still gets the answer."""
    tasks = await begun(worker, gate, 5)
    worker.close()
    for task in tasks[2:]:
        with pytest.raises(Busy, match="being stopped"):
            await task
    with pytest.raises(Busy, match="being stopped"):
        await worker.run(gate.call)
    assert not tasks[0].done()
    gate.open()
    await asyncio.gather(*tasks[:2])
    assert gate.began == 2


async def test_a_caller_who_is_cancelled_while_it_closes_is_cancelled(worker: Worker, gate: Gate) -> None:
    """Not told to come back."""
    tasks = await begun(worker, gate, 5)
    tasks[4].cancel()
    worker.close()
    with pytest.raises(asyncio.CancelledError):
        await tasks[4]
    gate.open()
    for task in tasks[:4]:
        with suppress(Busy):
            await task


async def test_the_default_is_one_for_each_core_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the memory has a bound that nobody has to compute."""
    for cores, at_once in ((1, 1), (2, 2), (64, MAX_BY_DEFAULT)):
        monkeypatch.setattr(module, "usable_cores", lambda cores=cores: cores)
        worker = Worker()
        assert worker.at_once == at_once
        worker.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux alone")
async def test_the_threads_stand_back_behind_the_event_loop(worker: Worker) -> None:
    """And the event loop does not."""
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert await worker.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())) == NICENESS
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


async def test_a_sandbox_that_forbids_it_changes_nothing_else(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work is done all the same."""

    def forbidden(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    assert await worker.run(lambda: 1) == 1


async def test_elsewhere_than_on_linux_nobody_touches_the_process(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the niceness would be that of everything."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "setpriority")
    assert await worker.run(lambda: 1) == 1


async def _turns_of_the_loop(worker: Worker, call: Callable[[], object]) -> int:
    """How often the event loop got its turn between the beginning and the end of a call, as the call saw them."""
    turns, seen = 0, list[int]()

    def noted() -> None:
        seen.append(turns)
        call()
        seen.append(turns)

    task = asyncio.create_task(worker.run(noted))
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    await task
    return seen[1] - seen[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: derive("password", b"0123456789abcdef", Parameters("id", 65_536, 3, 4)),
        lambda: bcrypt.checkpw(b"password", b"$2b$11$" + b"abcdefghijklmnopqrstuu" + b"x" * 31),
        lambda: hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 400_000),
        lambda: hashlib.scrypt(b"password", salt=b"salt", n=2**15, r=8, p=1, maxmem=2**26),
    ],
    ids=["argon2", "bcrypt", "pbkdf2", "scrypt"],
)
async def test_the_interpreter_is_free_while_a_hash_is_computed(worker: Worker, call: Callable[[], object]) -> None:
    """Each function releases the lock: the event loop goes on meanwhile."""
    assert await _turns_of_the_loop(worker, call) > 3


async def test_a_hasher_works_in_it(worker: Worker) -> None:
    """As it is meant to be used."""
    hasher = Hasher(HashingPolicy(memory=1, passes=1, lanes=1))
    kept = await worker.run(lambda: hasher.hash("correct horse"))
    assert (await worker.run(lambda: hasher.verify(kept, "correct horse"))).ok
