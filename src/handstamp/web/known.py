"""Browsers that have signed in to an account before: strangers' guesses at it do not slow them down.

Such a browser keeps a sealed cookie, with a random id for each of its accounts. It opens nothing: it is worth a
bucket of tries of its own (``handstamp.services.throttle``). It is given where a sign-in succeeded and nowhere else,
so having one tells nothing about any other account.
"""

import struct
from hashlib import sha256
from secrets import token_bytes
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.cookies import browser_cookie, read_cookie
from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import InvalidToken, Unauthenticated
from handstamp.core.keys import Purpose
from handstamp.core.policy import DAY
from handstamp.web.host import Host
from handstamp.web.respond import caller_of

LIFETIME: Final = 180 * DAY
"""Seconds, from the last sign-in."""
MOST: Final = 3
"""Accounts of one browser; the one that signed in longest ago is forgotten."""

_CONTEXT: Final = b"known"
_ENTRY: Final = struct.Struct("!16s16sd")
"""A digest of the user's id, the browser's id for it, and until when it counts."""


def known_browser(request: Request, host: Host, user_id: str | None) -> str | None:
    """The id by which this browser is known to a user; None where it is not, and where there is no user.

    It is what ``Throttle.admit`` takes as ``known``.
    """
    if user_id is None:
        return None
    digest = _digest(user_id)
    return next((base64url_encode(own) for user, own, _ in _entries(request, host) if user == digest), None)


def know_browser(request: Request, response: Response, host: Host, user_id: str) -> Response:
    """Let the response to a sign-in make its browser known to the user. One that is known keeps its id."""
    digest, kept = _digest(user_id), _entries(request, host)
    own = next((own for user, own, _ in kept if user == digest), None) or token_bytes(16)
    others = [entry for entry in kept if entry[0] != digest]
    entries = [(digest, own, host.clock() + LIFETIME), *others][:MOST]
    payload = b"".join(_ENTRY.pack(*entry) for entry in entries)
    sealed = host.sealer(Purpose.BROWSER).seal(payload, context=_CONTEXT)
    cookie = browser_cookie(host.place.cookies, sealed, max_age=int(LIFETIME))
    response.headers.append("set-cookie", cookie.decode("latin-1"))
    return response


def _entries(request: Request, host: Host) -> list[tuple[bytes, bytes, float]]:
    """The accounts of this browser, the last signed in first. A cookie that is not ours is none."""
    try:
        sealed = read_cookie(caller_of(request).header_lines(b"cookie"), host.place.cookies.browser.encode())
        payload = b"" if sealed is None else host.sealer(Purpose.BROWSER).open(sealed, context=_CONTEXT)
    except (Unauthenticated, InvalidToken):
        return []
    now = host.clock()
    return [entry for entry in _ENTRY.iter_unpack(payload) if now < entry[2]]


def _digest(user_id: str) -> bytes:
    return sha256(user_id.encode()).digest()[:16]
