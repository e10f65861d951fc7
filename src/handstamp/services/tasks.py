"""Tasks in the background that last as long as the application."""

import asyncio
from contextlib import suppress
from typing import Any


async def stopped(task: "asyncio.Task[Any] | None") -> None:
    """Cancel a task and wait for its end. One of another loop is left: it went with that, or ends there."""
    if task is not None and task.get_loop() is asyncio.get_running_loop():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
