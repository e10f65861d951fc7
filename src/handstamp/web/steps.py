"""What a browser keeps for us between two steps: a code that was sent, a second factor that is asked for.

Sealed, bound to its step by name, and to the browser by being its cookie. That it is used once is seen to by
``use_step``.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.cookies import delete_flow_cookie, flow_cookie, read_cookie
from handstamp.core.errors import InvalidToken, LoginFailed, Unauthenticated
from handstamp.core.keys import Purpose
from handstamp.core.notes import Note as Step
from handstamp.core.notes import new_note, open_note, seal_note
from handstamp.web.host import Host
from handstamp.web.respond import caller_of

__all__ = ["Step", "drop_step", "keep_step", "kept_step", "use_step"]


def keep_step(response: Response, host: Host, name: str, values: Mapping[str, Any], *, lifetime: float) -> Step:
    """Let a response begin a step. One of this name that was begun before in this browser is forgotten.

    Args:
        response: The answer that begins it.
        host: The application.
        name: Of the step, such as ``second-factor``: letters and dashes.
        values: What has to be known when it is finished. JSON.
        lifetime: Seconds.

    Raises:
        ValueError: The values take more than a cookie can hold.
    """
    step = new_note(values, lifetime=lifetime, now=host.clock())
    sealed = seal_note(host.sealer(Purpose.STEP), step, context=name)
    cookie = flow_cookie(host.place.cookies, _key(name), sealed, max_age=int(lifetime))
    response.headers.append("set-cookie", cookie.decode("latin-1"))
    return step


def kept_step(request: Request, host: Host, name: str) -> Step:
    """The step of this name that this browser is at.

    Raises:
        LoginFailed: ``flow_unknown``; it is at none, or came too late.
    """
    cookie = f"{host.place.cookies.flow_prefix}{_key(name)}".encode()
    try:
        sealed = read_cookie(caller_of(request).header_lines(b"cookie"), cookie)
    except (Unauthenticated, InvalidToken) as error:
        raise LoginFailed("flow_unknown", f"the cookie of the step {name} cannot be read") from error
    sealer, now = host.sealer(Purpose.STEP), host.clock()
    step = None if sealed is None else open_note(sealer, sealed, context=name, now=now)
    if step is None:
        raise LoginFailed("flow_unknown", f"this browser is at no {name}, or it was not finished in time")
    return step


async def use_step(step: Step, host: Host) -> None:
    """Use a step up, in all processes.

    Raises:
        LoginFailed: ``flow_unknown``; somebody was faster.
        StoreUnavailable: Nobody knows; the step must not be taken.
    """
    services = host.services or await host.open()
    if not await services.challenges.consume("step", step.id, expires_at=step.expires_at, now=host.clock()):
        raise LoginFailed("flow_unknown", "the step was finished before")


def drop_step(response: Response, host: Host, name: str) -> Response:
    """Let a response end a step, whether it was begun or not."""
    response.headers.append("set-cookie", delete_flow_cookie(host.place.cookies, _key(name)).decode("latin-1"))
    return response


def _key(name: str) -> str:
    return f"step-{name}"
