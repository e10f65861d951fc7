"""Shared loads: one at a time for a key, and never one that began before its caller came.

A machine lets callers come and be cancelled, changes be acknowledged and loads end, in any order that bytes can say.
It is shown to find faults: each mutant here gets one thing wrong, as a change of the code might.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import shake_128
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import override

from handstamp.core.errors import StoreUnavailable
from handstamp.services.loading import SharedLoads

T = TypeVar("T")
Kind = Callable[[Callable[[str], Awaitable[int]]], SharedLoads[int]]
KEYS = ("a", "b")

RUNS = 2_000
"""The most that are made for a mutant."""


class FaultyRowError(Exception):
    """Something that no store raises on purpose."""


class Caller:
    """A request that asks for a key.

    Args:
        key: What it asks for.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.acknowledged = 0
        """The last change of the key that was acknowledged before it asked."""
        self.task: asyncio.Task[int]
        self.cancelled = False

    async def ask(self, loads: SharedLoads[int], acknowledged: Counter[str]) -> int:
        """Ask now."""
        self.acknowledged = acknowledged[self.key]
        return await loads(self.key)


class LoadingMachine:
    """Callers of two keys, and a store that reads when a load begins and answers when it is told to."""

    def __init__(self, kind: Kind) -> None:
        self.acknowledged: Counter[str] = Counter()
        self.loads = kind(self.load)
        self.under_way: dict[str, asyncio.Future[None]] = {}
        self.callers: list[Caller] = []
        self.faults = 0

    async def load(self, key: str) -> int:
        """As a store does: nothing that is acknowledged from now on is in the answer."""
        assert key not in self.under_way, "two loads of a key at once"
        read = self.acknowledged[key]
        done = self.under_way[key] = asyncio.get_running_loop().create_future()
        try:
            await done
        finally:
            del self.under_way[key]
        return read

    async def run(self, schedule: bytes) -> None:
        """Do what the bytes say, then let every load end well, and look at what everybody was told."""
        for choice, which in zip(schedule[::2], schedule[1::2], strict=False):
            self.step(choice % 12, which)
            if choice % 12 >= 8:
                await asyncio.sleep(0)
        for _ in range(2 * len(self.callers) + 5):  # a cancelled one may hand on to one that is cancelled, and so on
            for key in KEYS:
                self.end(key, None)
            await asyncio.sleep(0)
        errors = [
            caller.task.exception() for caller in self.callers if caller.task.done() and not caller.task.cancelled()
        ]
        assert all(caller.task.done() for caller in self.callers), "somebody waits for ever"
        assert not self.loads._lines, "a line with nobody in it"
        self.check([error for error in errors if error is not None])

    def step(self, choice: int, which: int) -> None:
        """One thing that may happen. Eight and more let everybody go on as far as they can."""
        key = KEYS[which % 2]
        if choice <= 2:
            caller = Caller(key)
            caller.task = asyncio.create_task(caller.ask(self.loads, self.acknowledged))
            self.callers.append(caller)
        elif choice == 3:
            self.acknowledged[key] += 1
        elif choice == 4 and self.callers:
            caller = self.callers[which % len(self.callers)]
            caller.cancelled = caller.task.cancel() or caller.cancelled
        elif choice == 5:
            self.end(key, None)
        elif choice == 6:
            self.end(key, StoreUnavailable("down"))
        elif choice == 7 and self.end(key, FaultyRowError()):
            self.faults += 1

    def end(self, key: str, error: Exception | None) -> bool:
        """The load of a key that is under way comes back; whether there is one."""
        load = self.under_way.get(key)
        if load is None or load.done():
            return False
        if error is None:
            load.set_result(None)
        else:
            load.set_exception(error)
        return True

    def check(self, errors: list[BaseException]) -> None:
        """Everybody was told something, and nobody anything old."""
        for caller in self.callers:
            if caller.task.cancelled():
                assert caller.cancelled, "cancelled because another one was"
            elif caller.task.exception() is None:
                assert caller.task.result() >= caller.acknowledged, "an answer from before the question"
        assert all(isinstance(error, (StoreUnavailable, FaultyRowError)) for error in errors), errors
        assert len({id(error) for error in errors}) == len(errors), "an error for two"
        # The one whose load it was may have been cancelled at the same moment.
        assert sum(isinstance(error, FaultyRowError) for error in errors) <= self.faults


@given(schedule=st.binary(max_size=200))
@example(b"\x00\x00\x08\x00\x03\x00\x00\x00\x08\x00\x05\x00")
def test_no_answer_is_from_a_load_that_began_before_its_caller_came(schedule: bytes) -> None:
    """In any order of arrivals, acknowledged changes, ends of loads and cancelled callers (SES-01)."""
    asyncio.run(LoadingMachine(SharedLoads[int]).run(schedule))


# what may be wrong with it


class JoinsTheOneUnderWay(SharedLoads[int]):
    """What is called single flight elsewhere: whoever comes gets the answer of the load that runs."""

    @override
    async def __call__(self, key: str) -> int:
        flights: dict[str, Any] = self._lines
        if key not in flights:
            flights[key] = asyncio.ensure_future(self._load(key))
            flights[key].add_done_callback(lambda _: flights.pop(key))
        return await asyncio.shield(flights[key])


class EachForItself(SharedLoads[int]):
    """Nothing is shared."""

    @override
    async def __call__(self, key: str) -> int:
        return await self._load(key)


class WakesNobody(SharedLoads[int]):
    """The line is taken away with all who wait in it."""

    @override
    def _hand_on(self, key: str, line: Any) -> None:
        self._lines.pop(key, None)


class LeavesTheLine(SharedLoads[int]):
    """When nobody waits the line stays, and who comes later waits in it for ever."""

    @override
    def _hand_on(self, key: str, line: Any) -> None:
        super()._hand_on(key, line)
        self._lines.setdefault(key, line)


class HandsOnToWhoIsGone(SharedLoads[int]):
    """It is the turn of one that was cancelled while it waited."""

    @override
    def _hand_on(self, key: str, line: Any) -> None:
        if line.waiting and line.waiting[-1].done():
            line.waiting.pop()
        else:
            super()._hand_on(key, line)


class KeepsTheTurn(SharedLoads[int]):
    """Whoever is cancelled between being told to load and loading tells nobody."""

    @override
    async def _wait(self, key: str, line: Any) -> Any:
        turn = line.loop.create_future()
        line.waiting.append(turn)
        return await turn


class TakesTheLineItStoodIn(SharedLoads[int]):
    """Not the one that it is given: those who came later are in another, since somebody was cancelled between."""

    @override
    async def _wait(self, key: str, line: Any) -> Any:
        told = await super()._wait(key, line)
        return told if isinstance(told, tuple) else line


@pytest.mark.parametrize(
    "mutant",
    [
        JoinsTheOneUnderWay,
        EachForItself,
        WakesNobody,
        LeavesTheLine,
        HandsOnToWhoIsGone,
        KeepsTheTurn,
        TakesTheLineItStoodIn,
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_machine_finds_what_is_wrong(mutant: Kind) -> None:
    """Else it would say nothing about what is right."""
    assert any(goes_wrong(mutant, number) for number in range(RUNS))


def test_it_finds_nothing_in_the_runs_in_which_mutants_are_looked_for() -> None:
    """So what it finds in them is the mutant's fault."""
    assert not any(goes_wrong(SharedLoads[int], number) for number in range(RUNS // 4))


def goes_wrong(kind: Kind, number: int) -> bool:
    """Whether a run of this number fails. The same one is the same run each time."""
    try:
        asyncio.run(LoadingMachine(kind).run(shake_128(b"%d" % number).digest(120)))
    except AssertionError:
        return True
    return False


# each thing by itself


class Gate(Generic[T]):
    """A load that answers when it is let.

    Args:
        answer: Makes what it says.
    """

    def __init__(self, answer: Callable[[], T]) -> None:
        self.answer = answer
        self.open = asyncio.Event()
        self.loads = 0

    async def __call__(self, key: str) -> T:
        """Load."""
        del key
        self.loads += 1
        await self.open.wait()
        return self.answer()


def answering() -> str:
    """All is well."""
    return "answer"


def down() -> str:
    """The store is not there."""
    raise StoreUnavailable("down")


def faulty() -> str:
    """The row is not what it should be."""
    raise ValueError("a fault")


async def gathered(loads: SharedLoads[T], count: int) -> "asyncio.Future[list[T | BaseException]]":
    """So many callers of one key, all of whom have asked."""
    asking = asyncio.gather(*(loads("key") for _ in range(count)), return_exceptions=True)
    await asyncio.sleep(0)
    return asking


async def test_a_thousand_callers_at_once_make_two_loads() -> None:
    """The first one's, and one for all the others, who came while it was under way."""
    gate = Gate(answering)
    asking = await gathered(SharedLoads(gate), 1000)
    assert gate.loads == 1
    gate.open.set()
    assert await asking == ["answer"] * 1000
    assert gate.loads == 2


async def test_callers_one_after_another_have_a_load_each() -> None:
    """Nothing is kept of an answer."""
    gate = Gate(answering)
    gate.open.set()
    loads = SharedLoads(gate)
    for _ in range(3):
        assert await loads("key") == "answer"
    assert gate.loads == 3
    assert not loads._lines


async def test_two_keys_have_nothing_to_do_with_each_other() -> None:
    """The load of one waits for no load of the other."""
    gate = Gate(answering)
    loads = SharedLoads(gate)
    asking = asyncio.gather(loads("one"), loads("other"))
    await asyncio.sleep(0)
    assert gate.loads == 2
    gate.open.set()
    assert set(await asking) == {"answer"}


async def test_an_outage_is_told_to_everybody_in_an_error_of_their_own() -> None:
    """With the same words; what is raised in one request gathers no frames of another."""
    gate = Gate(down)
    asking = await gathered(SharedLoads(gate), 20)
    gate.open.set()
    errors = await asking
    assert {str(error) for error in errors} == {"down"}
    assert len({id(error) for error in errors}) == 19 + 1
    assert gate.loads == 1  # nobody waits for two time limits


async def test_a_fault_is_told_to_the_one_whose_load_it_was() -> None:
    """The others load in turn, still one at a time."""
    gate = Gate(faulty)
    asking = await gathered(SharedLoads(gate), 5)
    gate.open.set()
    assert [str(error) for error in await asking] == ["a fault"] * 5
    assert gate.loads == 5


async def test_an_error_leaves_nothing_to_the_garbage_collector() -> None:
    """No frame holds an error that holds the frame: a flood in an outage must not wait for a collection."""

    def leaks() -> str:
        raise StoreUnavailable("leaks")

    gate = Gate(leaks)
    loads = SharedLoads(gate)

    async def ask() -> None:
        with suppress(StoreUnavailable):
            await loads("key")

    gc.collect()
    gc.disable()
    try:
        asking = asyncio.gather(*(ask() for _ in range(20)))
        await asyncio.sleep(0)
        gate.open.set()
        await asking
        assert gate.loads == 1
        assert [
            thing for thing in gc.get_objects() if type(thing) is StoreUnavailable and str(thing) == "leaks"
        ] == []
    finally:
        gc.enable()


async def test_the_line_of_a_loop_that_is_gone_holds_nobody_up() -> None:
    """A test client runs each request in a loop of its own, and may stop it in the midst of a load."""
    gate = Gate(answering)
    loads = SharedLoads(gate)
    other = asyncio.new_event_loop()
    left = loads("key")
    stopped = other.create_task(left)
    await asyncio.to_thread(other.run_until_complete, _one_pass(stopped))
    assert loads._lines
    gate.open.set()
    assert await asyncio.wait_for(loads("key"), 5) == "answer"
    assert not loads._lines
    await asyncio.to_thread(other.run_until_complete, stopped)
    other.close()


async def _one_pass(task: "asyncio.Task[str]") -> None:
    await asyncio.sleep(0)
    assert not task.done()
