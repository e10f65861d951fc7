"""An ASGI application as a server on this machine, for the time of a block."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncGenerator[str]:
    """Serve ``app`` on a free port of 127.0.0.1; gives its origin, with ``localhost`` for the host."""
    config = uvicorn.Config(app, ws="none", lifespan="off", log_level="warning", proxy_headers=False)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # Connections wait in the listener's queue from here on, so nobody has to wait until the server is ready.
        listener.listen()
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
