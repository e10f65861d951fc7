"""The cookies that sign-ins under way are kept in: sealed, named by what the callback will say, few at a time."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.cookies import cookies_with_prefix, delete_flow_cookie, flow_cookie, read_cookie
from handstamp.core.errors import InvalidRequest, InvalidToken, LoginFailed, Unauthenticated
from handstamp.core.keys import Purpose
from handstamp.login.oauth.exchange import FLOW_UNKNOWN
from handstamp.login.oauth.flow import FLOW_LIFETIME, Flow
from handstamp.web.host import Host
from handstamp.web.respond import caller_of

MAX_FLOWS: Final = 5
"""Sign-ins that one browser may have under way; the oldest makes room."""

MAX_FLOW_BYTES: Final = 4096
"""Of cookies for them all: servers and proxies refuse a header line beyond 8 KB, whoever made the browser begin."""

_COOKIE_KEY: Final = re.compile(rb"[A-Za-z0-9_-]{22}")
"""What ``Flow.cookie_key`` looks like. Whatever else stands behind the prefix is not ours to delete."""


def keep_flow(request: Request, response: Response, host: Host, flow: Flow) -> None:
    """Let a response begin a flow in this browser.

    Raises:
        InvalidRequest: The way back is too long to be kept.
    """
    policy = host.place.cookies
    prefix = policy.flow_prefix.encode()
    try:
        sealed = host.sealer(Purpose.FLOW).seal(flow.to_bytes(), context=flow.cookie_key.encode())
    except ValueError as error:
        raise InvalidRequest("return_to is too long") from error
    older = cookies_with_prefix(caller_of(request).header_lines(b"cookie"), prefix)
    flows = {
        key.decode("ascii"): len(cookie) + len(value)
        for cookie, value in older.items()
        if _COOKIE_KEY.fullmatch(key := cookie.removeprefix(prefix))
    }
    cookies = [flow_cookie(policy, flow.cookie_key, sealed, max_age=int(FLOW_LIFETIME))]
    room = MAX_FLOW_BYTES - len(sealed)
    # Browsers list the cookies of one path oldest first (RFC 6265 §5.4): from the newest on, what fits may stay.
    for kept, (name, size) in enumerate(reversed(flows.items()), start=1):
        room -= size
        if kept >= MAX_FLOWS or room < 0:
            cookies.append(delete_flow_cookie(policy, name))
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.decode("latin-1"))


def kept_flow(request: Request, host: Host, key: str | None) -> Flow:
    """The flow that this browser keeps for this callback.

    Raises:
        LoginFailed: ``flow_unknown``; it keeps none, or one that is not ours.
    """
    if key is None:
        raise LoginFailed(FLOW_UNKNOWN, "the callback names no flow")
    name = f"{host.place.cookies.flow_prefix}{key}".encode()
    try:
        sealed = read_cookie(caller_of(request).header_lines(b"cookie"), name)
    except (Unauthenticated, InvalidToken) as error:
        raise LoginFailed(FLOW_UNKNOWN, "the flow's cookie cannot be read") from error
    if sealed is None:
        raise LoginFailed(FLOW_UNKNOWN, "this browser has no such flow")
    try:
        return Flow.from_bytes(host.sealer(Purpose.FLOW).open(sealed, context=key.encode()))
    except InvalidToken as error:
        raise LoginFailed(FLOW_UNKNOWN, "the flow's cookie is not ours") from error


def drop_flow(response: Response, host: Host, key: str | None) -> Response:
    """Let a response end a flow of this browser, if the callback named one."""
    if key is not None:
        response.headers.append("set-cookie", delete_flow_cookie(host.place.cookies, key).decode("latin-1"))
    return response
