"""Hooks in this process: told of what has happened, from the one place where all of it is recorded.

A hook runs in the background, after the event, and cannot undo it: what it raises is logged. Each event is told
to the process in which it happened, once. An event is not told where the process dies first, or where more wait
than ``MAX_WAITING``: what must not be missed is read from the audit trail.
"""

import asyncio
import inspect
import logging
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final, TypeVar

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import AuditEvent, EndReason
from handstamp.services.tasks import stopped

_LOG: Final = logging.getLogger("handstamp.events")

Hook = Callable[[AuditEvent], object]
"""Takes an event; sync or async. A sync one runs in the event loop, so it must not wait for anything."""

_Hook = TypeVar("_Hook", bound=Hook)

NAMES: Final = frozenset(
    {
        "signed_up",
        "signed_in",
        "signed_out",
        "reauthenticated",
        "session_replayed",
        "password_changed",
        "email_verified",
        "factor_added",
        "factor_removed",
        "identity_linked",
        "identity_unlinked",
        "user_disabled",
        "user_enabled",
        "user_deleted",
    }
)
"""What hooks can be told of."""

MAX_WAITING: Final = 1000
"""Events that wait for hooks. One that comes then is dropped, with a warning."""
MAX_SECONDS: Final = 30.0
"""For which an async hook may run; then it is cancelled."""

_TOLD_AS: Final = {"second_factor_added": "factor_added", "second_factor_removed": "factor_removed"}


class Events:
    """What has happened, for whoever wants to know."""

    def __init__(self) -> None:
        self._hooks: Final[defaultdict[str, list[Hook]]] = defaultdict(list)
        self._waiting: Final[deque[tuple[Hook, AuditEvent]]] = deque()
        self._task: asyncio.Task[None] | None = None

    def on(self, name: str) -> Callable[[_Hook], _Hook]:
        """Register a hook: ``@auth.events.on("signed_in")``.

        Raises:
            ConfigurationError: There is no event of that name.
        """
        if name not in NAMES:
            raise ConfigurationError(f"there is no event {name!r}; there are: {', '.join(sorted(NAMES))}")

        def register(hook: _Hook) -> _Hook:
            self._hooks[name].append(hook)
            return hook

        return register

    def tell(self, event: AuditEvent) -> None:
        """Have hooks called soon. Returns at once and raises nothing."""
        for hook in self._hooks.get(_name(event), ()):
            if len(self._waiting) >= MAX_WAITING:
                _LOG.warning("hooks are too slow: not told of %s (event %s)", event.event, event.id)
                continue
            self._waiting.append((hook, event))
        loop = asyncio.get_running_loop()
        # A loop that was closed never finishes its tasks: test clients run each request on one of its own.
        if self._waiting and (self._task is None or self._task.done() or self._task.get_loop() is not loop):
            self._task = loop.create_task(self._call_waiting())

    async def settle(self) -> None:
        """Wait until every hook has been called: for tests."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """Stop. What still waits is not told any more."""
        task, self._task = self._task, None
        self._waiting.clear()
        await stopped(task)

    async def _call_waiting(self) -> None:
        while self._waiting:
            try:
                hook, event = self._waiting.popleft()
            except IndexError:  # another loop was faster
                return
            try:
                async with asyncio.timeout(MAX_SECONDS):
                    answer = hook(event)
                    if inspect.isawaitable(answer):
                        await answer
            except Exception:  # noqa: BLE001  whatever a hook of the application raises undoes nothing
                _LOG.exception("a hook failed after %s (event %s)", event.event, event.id)


def _name(event: AuditEvent) -> str:
    if event.event == "session_ended" and event.detail.get("reason") == EndReason.SIGNED_OUT.value:
        return "signed_out"
    return _TOLD_AS.get(event.event, event.event)
