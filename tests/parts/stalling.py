"""A network that can be made to stall: connections stay open, and nothing comes through."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress


class StallingProxy:
    """Passes bytes on to a server of this machine, unless it stalls.

    Args:
        port: The server's.
        marks: Only connections whose client has sent one of these stall; without them, all do.
    """

    def __init__(self, port: int, marks: Sequence[bytes] = ()) -> None:
        self._server_port = port
        self._marks = marks
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def stall(self) -> None:
        """Keep what is sent from now on, and connections open."""
        self._flows.clear()

    def flow(self) -> None:
        """Pass on what was kept, and what comes."""
        self._flows.set()

    def cut(self) -> None:
        """Break all connections that are open; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client with the server."""
        with suppress(ConnectionError):
            there, to_there = await asyncio.open_connection("127.0.0.1", self._server_port)
            marked = asyncio.Event()
            if not self._marks:
                marked.set()
            for source, target in ((reader, to_there), (there, writer)):
                self._writers.add(target)
                task = asyncio.create_task(self._pass_on(source, target, marked, from_client=source is reader))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, marked: asyncio.Event, *, from_client: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if from_client and any(mark in data for mark in self._marks):
                    marked.set()
                if marked.is_set():
                    await self._flows.wait()
                target.write(data)
                await target.drain()
        self._writers.discard(target)
        target.close()

    async def close(self) -> None:
        """Let go of all connections."""
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def stalling_proxy(port: int, marks: Sequence[bytes] = ()) -> AsyncGenerator[tuple[StallingProxy, int]]:
    """A proxy before a port of this machine, and its own port, until the block ends."""
    proxy = StallingProxy(port, marks)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await proxy.close()
