"""Waits that can be broken off from outside."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from handstamp.web.waits import BrokenOff, Waits

T = TypeVar("T")


async def begun(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task that has come to where it waits."""
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


async def test_it_gives_what_comes() -> None:
    """As if nobody stood between."""
    waits = Waits()
    assert await waits.wait(asyncio.sleep(0, "came")) == "came"
    waits.break_off()


async def test_who_waits_is_called_back() -> None:
    """And is not cancelled by it."""
    waits = Waits()
    task = await begun(waits.wait(asyncio.Event().wait()))
    waits.break_off()
    waits.break_off()
    with pytest.raises(BrokenOff):
        await task
    assert not task.cancelled()


async def test_what_came_at_the_same_moment_is_lost() -> None:
    """The call back wins: nothing goes through after it."""
    waits, event = Waits(), asyncio.Event()
    task = await begun(waits.wait(event.wait()))
    event.set()
    waits.break_off()
    with pytest.raises(BrokenOff):
        await task


async def test_who_is_cancelled_stays_cancelled() -> None:
    """Whether or not it is called back too."""
    for broken in (False, True):
        waits = Waits()
        task = await begun(waits.wait(asyncio.Event().wait()))
        if broken:
            waits.break_off()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_time_limit_around_it_still_counts() -> None:
    """It is a cancellation of its own."""
    waits = Waits()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await waits.wait(asyncio.Event().wait())


async def test_a_task_that_was_called_back_can_wait_again() -> None:
    """Nothing of it is left in the task."""
    waits = Waits()

    async def twice() -> int:
        with pytest.raises(BrokenOff):
            await waits.wait(asyncio.Event().wait())
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    task = await begun(twice())
    waits.break_off()
    assert await task == 0
