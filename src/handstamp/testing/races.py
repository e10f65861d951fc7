"""Many callers at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from handstamp.core.errors import StoreUnavailable

S = TypeVar("S")
T = TypeVar("T")

CALLERS: Final = 20

_TRIES: Final = 3
"""Times that a caller asks who is told that the store cannot be asked: its connections may be fewer than callers."""


async def race(store: S, peer: S, call: Callable[[S, int], Awaitable[T]]) -> list[T]:
    """What 20 callers get that call at once, every other one through ``peer``.

    Args:
        store: A store.
        peer: Another store object on the same data.
        call: Called with one of the two stores and the number of the caller, from 0.
    """

    async def patiently(number: int) -> T:
        for _ in range(_TRIES - 1):
            with suppress(StoreUnavailable):
                return await call(peer if number % 2 else store, number)
        return await call(peer if number % 2 else store, number)

    return await asyncio.gather(*(patiently(number) for number in range(CALLERS)))
