"""Many callers at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

S = TypeVar("S")
T = TypeVar("T")

CALLERS: Final = 20


async def race(store: S, peer: S, call: Callable[[S, int], Awaitable[T]]) -> list[T]:
    """What 20 callers get that call at once, every other one through ``peer``.

    Args:
        store: A store.
        peer: Another store object on the same data.
        call: Called with one of the two stores and the number of the caller, from 0.
    """
    return await asyncio.gather(
        *(call(peer if number % 2 else store, number) for number in range(CALLERS)),
    )
