"""Loads that callers share: whoever asks for the same key while it is being loaded waits for the next load.

Never for the one that is under way: that may have read before a change which was acknowledged before this caller
came, so its answer can be older than the one that the caller would get by asking alone. All who came while it was
under way get the same next load, which begins after the last of them came. So one key is loaded once at a time,
however many ask.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from handstamp.core.errors import StoreUnavailable

T = TypeVar("T")


class _Line(Generic[T]):
    """Who came while a key was being loaded. One of them is given the line: it loads, for all who are in it then."""

    __slots__ = ("loop", "waiting")

    loop: asyncio.AbstractEventLoop
    waiting: "list[_Turn[T]]"


_Turn = asyncio.Future[tuple[T] | _Line[T]]
"""Ends with the answer, or with the line."""


class SharedLoads(Generic[T]):
    """Loads by key, one at a time for each, and never one that began before its caller came.

    Nothing is kept: there is a line for a key only while it is being loaded. A caller waits for two loads at most,
    unless one of them is cancelled or faulty; their time limit is the store's. When the store cannot be asked, all
    who wait are told at once: nobody waits for two time limits. Callers of different event loops share nothing.

    Args:
        load: What to ask for a key. Its answers go to several callers: they must not be changed.
    """

    __slots__ = ("_lines", "_load")

    def __init__(self, load: Callable[[str], Awaitable[T]]) -> None:
        self._load = load
        self._lines: dict[str, _Line[T]] = {}

    async def __call__(self, key: str) -> T:
        """What a load said that began after this call.

        A caller that is cancelled disturbs nobody: where it was loading for others, another one loads for them.

        Raises:
            StoreUnavailable: So it was told, or whoever was loading when it came. Each gets an error of their own.
        """
        loop = asyncio.get_running_loop()
        companions: list[_Turn[T]] | None = None
        line = self._lines.get(key)
        # A line of another event loop is of no use here, and may be what is left of one that was stopped.
        if line is not None and line.loop is loop:
            told = await self._wait(key, line)
            if not isinstance(told, _Line):
                return told[0]
            # The frames of those who wait keep the line. With turns in it, their errors would lead to themselves.
            companions, told.waiting = told.waiting, []
        # Nearly always one asks alone: a call saved here is a call at each first sight.
        line = self._lines[key] = _Line()
        line.loop, line.waiting = loop, []
        try:
            answer = await self._load(key)
        except StoreUnavailable as error:
            # Those who came meanwhile are told too: they would wait once more for as long, and be told the same.
            waiting, line.waiting = line.waiting, []
            for turn in _still_there([*(companions or ()), *waiting]):
                turn.set_exception(StoreUnavailable(*error.args))
            raise
        except BaseException:
            # Cancelled, or a fault that is this caller's to tell: nothing is known yet of what the others asked.
            line.waiting += companions or ()
            raise
        else:
            if companions:
                for turn in _still_there(companions):
                    turn.set_result((answer,))
            return answer
        finally:
            self._hand_on(key, line)

    async def _wait(self, key: str, line: _Line[T]) -> tuple[T] | _Line[T]:
        turn: _Turn[T] = line.loop.create_future()
        line.waiting.append(turn)
        try:
            return await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                told = turn.result()
                if isinstance(told, _Line):  # it was this one's turn to load, and it is cancelled before it began
                    self._hand_on(key, told)
            raise
        finally:
            del turn  # its error leads to this frame

    def _hand_on(self, key: str, line: _Line[T]) -> None:
        """Let one of those who wait load for all of them. Nobody waits: the line is gone."""
        while line.waiting:
            turn = line.waiting.pop()
            if not turn.done():
                turn.set_result(line)
                return
        if self._lines.get(key) is line:
            del self._lines[key]


def _still_there(turns: Sequence[_Turn[T]]) -> list[_Turn[T]]:
    return [turn for turn in turns if not turn.done()]
