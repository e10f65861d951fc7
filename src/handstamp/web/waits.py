"""Waits that can be broken off from outside, without a task of their own."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class BrokenOff(Exception):  # noqa: N818  an event, raised where it is caught a frame further up
    """What was waited for is not worth waiting for any more."""


class Waits:
    """Knows which tasks wait through it, and can call all of them back.

    It cancels the task and takes the cancellation back where it arrives, as ``asyncio.timeout`` does. A task that is
    cancelled by somebody else at the same time stays cancelled.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Task[Any], int | None] = {}
        """Each with the cancellations that it had when it was called back; None until it is."""

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """What the awaitable gives.

        Raises:
            BrokenOff: It was broken off first.
        """
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = None
        try:
            result = await awaitable
        except asyncio.CancelledError:
            before = self._waiting[task]
            if before is None or task.uncancel() > before:
                raise
            raise BrokenOff from None
        finally:
            del self._waiting[task]
        return result

    def break_off(self) -> None:
        """Call back every task that waits now."""
        for task, before in list(self._waiting.items()):
            if before is None:
                self._waiting[task] = task.cancelling()
                task.cancel()
