"""Work that takes a core for a tenth of a second, done beside the event loop, so much at once and no more.

A storm of sign-ins must not slow down the people who are signed in. Three things see to that: the functions that hash
release the interpreter's lock; their threads stand back behind the event loop's when both want a core (Linux); and
whoever comes when the line is full is told so at once, instead of after half a minute.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from handstamp.core.errors import Busy
from handstamp.core.policy import HashingPolicy
from handstamp.login.password.cores import usable_cores

MAX_BY_DEFAULT: Final = 4
"""Hashes at once where nothing else is said, so that their memory is 256 MiB at the most."""
NICENESS: Final = 5
"""A third of the event loop's weight (sched(7)). With more, a thread that holds the interpreter's lock when a busy
machine takes its core away would keep the event loop waiting for it.
"""

T = TypeVar("T")


class Worker:
    """Runs calls in threads of its own.

    The memory that hashing takes is the calls at once times what one hash takes: by default 64 MiB for each core,
    256 MiB at the most. Checking an imported hash may take up to 256 MiB (``argon2id.MAX_MEMORY``) for as long as
    its user has not signed in again.

    Args:
        policy: How many at once, and how many in line behind them.
    """

    def __init__(self, policy: HashingPolicy = HashingPolicy()) -> None:  # noqa: B008  a frozen value
        self.at_once: Final = policy.at_once or min(usable_cores(), MAX_BY_DEFAULT)
        self._places: Final = threading.Semaphore(self.at_once + policy.waiting)
        self._closed = False
        self._threads: Final = ThreadPoolExecutor(
            self.at_once, thread_name_prefix="handstamp-password", initializer=_stand_back
        )

    async def run(self, call: Callable[[], T]) -> T:
        """What the call gives.

        A caller who is cancelled leaves the line. A call that runs already runs to its end, and nobody waits for it;
        its place is free when it has ended.

        Args:
            call: Best a lambda: a ``functools.partial`` shows its arguments to whoever prints it.

        Raises:
            Busy: The line is full, or the worker was closed before the call began.
            BaseException: Whatever the call raises.
        """
        future = self._submit(call)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            # ``close`` has cancelled the call, and nobody the caller.
            if self._closed and future.cancelled() and task is not None and not task.cancelling():
                raise Busy("this process is being stopped") from None
            raise

    def close(self) -> None:
        """Take nothing more, and refuse who is in line. What runs is not waited for: a hash ends by itself."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        if not self._places.acquire(blocking=False):
            raise Busy("too many passwords are being checked")
        try:
            future = self._threads.submit(call)
        except RuntimeError:
            self._places.release()
            raise Busy("this process is being stopped") from None
        future.add_done_callback(lambda _: self._places.release())
        return future


def _stand_back() -> None:
    if sys.platform == "linux":  # elsewhere niceness belongs to the process
        with suppress(OSError):  # a sandbox may forbid it; the rest holds all the same
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
