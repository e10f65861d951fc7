"""Connections of one event loop, shared by its callers.

Not the driver's own pool: giving a connection back to that one waits for a lock, and a caller who is cancelled there
takes the place of the connection along. Here nothing is awaited on the way back.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.exceptions import ReadOnlyError, RedisError, ResponseError

WAIT_FOR_FREE: Final = 0.5
"""Seconds. In that time a server that answers has freed each connection some hundred times."""


class Connections:
    """At most so many at once; whoever comes then waits, but not for long.

    Args:
        make: Gives a new connection of the driver, not connected yet.
        most: How many.
    """

    def __init__(self, make: Callable[[], Any], most: int) -> None:
        self._make = make
        self._room = asyncio.Semaphore(most)
        self._idle: list[tuple[int, Any]] = []
        self._epoch = 0
        self._closed = False

    async def ask(self, *words: str | float) -> Any:
        """The answer to one command. It is sent once: it may have been done where its answer was lost.

        Raises:
            RedisError, OSError, TimeoutError: There is none, or no free connection, or the server refuses.
        """
        async with self._turn():
            epoch, connection = self._idle.pop() if self._idle else (self._epoch, self._make())
            try:
                if epoch != self._epoch:
                    await connection.disconnect(nowait=True)
                epoch = self._epoch
                await _connected(connection)
                await connection.send_command(*words)
                answer = await connection.read_response()
            except ResponseError as error:
                if isinstance(error, ReadOnlyError):
                    self.renew()
                await self._give_back(epoch, connection)
                raise
            except BaseException:
                await connection.disconnect(nowait=True)  # nobody knows what is still on the way
                raise
            await self._give_back(epoch, connection)
            return answer

    def renew(self) -> None:
        """Have each of them connect anew before its next use.

        Where another server has taken over, the address may lead there by now, and the connections still lead to the
        old one. That goes on answering reads, and knows of nothing that happens any more.
        """
        self._epoch += 1

    async def close(self) -> None:
        """Let go of them. Those in use follow when they are given back."""
        self._closed = True
        while self._idle:
            _, connection = self._idle.pop()
            await connection.disconnect()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        if self._room.locked():
            try:
                async with asyncio.timeout(WAIT_FOR_FREE):
                    await self._room.acquire()
            except TimeoutError:
                raise TimeoutError("no free connection") from None
        else:
            await self._room.acquire()
        try:
            yield
        finally:
            self._room.release()

    async def _give_back(self, epoch: int, connection: Any) -> None:
        if self._closed:
            await connection.disconnect(nowait=True)
        else:
            self._idle.append((epoch, connection))


async def _connected(connection: Any) -> None:
    """Connect, anew where the server has closed the connection, or has said something that nobody asked for."""
    await connection.connect()
    try:
        stale = await connection.can_read()
    except (RedisError, OSError):
        stale = True
    if stale:
        await connection.disconnect(nowait=True)
        await connection.connect()
