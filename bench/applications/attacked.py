"""Starlette with one protected route, whose store counts how often it is asked; and a route that tells."""

import functools
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handstamp import Auth
from handstamp.core import protocols
from handstamp.integrations.starlette import current_user, install

_KINDS: Final = ("SessionStore", "UserStore", "ChallengeStore", "AuditStore", "ThrottleStore")
_RESIDENT: Final = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)

asked: Final[Counter[str]] = Counter()
"""How often each verb of the stores was called."""


def count_verbs(store: object) -> None:
    """Have every verb of a store counted that a request may cause."""
    for kind in _KINDS:
        for name, verb in vars(getattr(protocols, kind)).items():
            if iscoroutinefunction(verb) and hasattr(store, name):
                setattr(store, name, _counted(name, getattr(store, name)))


def _counted(name: str, verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(verb)
    def counted(*args: Any, **kwargs: Any) -> Awaitable[Any]:
        asked[name] += 1
        return verb(*args, **kwargs)

    return counted


async def protected(request: Request) -> Response:
    """The answer, for those who are signed in."""
    await current_user(request)
    return JSONResponse({"doors": "open"})


async def counts(_: Request) -> Response:
    """How often each verb was called since the start, what is in memory, and how much of it there is, in KiB."""
    kept = len(auth._cache)  # noqa: SLF001  no part of the product tells it
    return JSONResponse({"asked": dict(asked), "kept": kept, "resident": _resident()})


def _resident() -> int:
    found = _RESIDENT.search(Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1])


auth = Auth()  # HANDSTAMP_DATABASE, HANDSTAMP_SESSIONS
for each in {id(one): one for one in (auth.store, auth.session_store)}.values():
    count_verbs(each)
app = Starlette(routes=[Route("/protected", protected), Route("/counts", counts)])
install(app, auth)
