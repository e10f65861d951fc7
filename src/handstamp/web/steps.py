"""What a browser keeps for us between two steps: a code that was sent, a second factor that is asked for.

Sealed, bound to its step by name, and to the browser by being its cookie. It opens for as long as it says and no
longer. That it is used once is seen to by ``Challenges``, with its id.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.cookies import delete_flow_cookie, flow_cookie, read_cookie
from handstamp.core.errors import InvalidToken, LoginFailed, Unauthenticated
from handstamp.core.ids import new_secret
from handstamp.core.keys import Purpose
from handstamp.web.host import Host
from handstamp.web.respond import caller_of

_PURPOSE: Final = "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that was begun in this browser."""

    id: str
    """128 random bits."""
    expires_at: float
    values: Mapping[str, Any]


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
    step = Step(id=new_secret(), expires_at=host.clock() + lifetime, values=values)
    payload = json.dumps({"id": step.id, "exp": step.expires_at, "values": values}).encode()
    sealed = host.sealer(Purpose.STEP).seal(payload, context=name.encode())
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
        if sealed is None:
            raise LoginFailed("flow_unknown", f"this browser has begun no {name}")
        kept = json.loads(host.sealer(Purpose.STEP).open(sealed, context=name.encode()))
    except (Unauthenticated, InvalidToken) as error:
        raise LoginFailed("flow_unknown", f"the cookie of the step {name} is not ours") from error
    if host.clock() >= kept["exp"]:
        raise LoginFailed("flow_unknown", f"the step {name} was not finished in time")
    return Step(id=kept["id"], expires_at=kept["exp"], values=kept["values"])


async def use_step(step: Step, host: Host) -> None:
    """Use a step up, in all processes.

    Raises:
        LoginFailed: ``flow_unknown``; somebody was faster.
        StoreUnavailable: Nobody knows; the step must not be taken.
    """
    services = host.services or await host.open()
    if not await services.challenges.consume(_PURPOSE, step.id, expires_at=step.expires_at, now=host.clock()):
        raise LoginFailed("flow_unknown", "the step was finished before")


def drop_step(response: Response, host: Host, name: str) -> Response:
    """Let a response end a step, whether it was begun or not."""
    response.headers.append("set-cookie", delete_flow_cookie(host.place.cookies, _key(name)).decode("latin-1"))
    return response


def _key(name: str) -> str:
    return f"step-{name}"
