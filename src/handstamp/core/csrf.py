"""Cross-origin requests: one pure check that raises (after Go's ``net/http.CrossOriginProtection``).

It believes what browsers say of a request and scripts cannot forge: Origin (RFC 6454 §7) and Sec-Fetch-Site (W3C
Fetch Metadata). Origin comes first, and is compared whole with configured origins, never with Host.
"""

from collections.abc import Sequence
from typing import Final

from handstamp.core.errors import CrossOrigin
from handstamp.core.policy import OriginPolicy

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing here. Methods are case-sensitive (RFC 9110 §9.1): ``get`` is an unknown one."""

_SHOWN: Final = 80


def check_cross_origin(
    policy: OriginPolicy,
    *,
    method: str,
    origins: Sequence[bytes],
    fetch_sites: Sequence[bytes],
    carries_cookie: bool = True,
) -> None:
    """Refuse an unsafe request that another site caused.

    Args:
        policy: Where the application lives, and who else may send it unsafe requests.
        method: As it was sent.
        origins: The values of all Origin headers.
        fetch_sites: The values of all Sec-Fetch-Site headers.
        carries_cookie: Whether our cookie came along: without it there is nothing that another site could ride
            on. Leave it out for sign-in and log-out, which are attacked without a cookie too.

    Raises:
        CrossOrigin: The browser names another origin, or says that the request crossed sites.
    """
    if method in SAFE_METHODS or not carries_cookie:
        return
    if origins or fetch_sites:
        _check_what_the_browser_says(policy, origins, fetch_sites)
    # Neither header: allowed, the one case that fails open. Programs send neither (curl, mobile applications,
    # servers), and no other site can make one of them add a user's cookie. Browsers have sent Origin with every
    # cross-origin POST since 2020 and hide it only as "null", which is refused; the current ones send
    # Sec-Fetch-Site too. A browser older than that, or a proxy that strips both headers, still keeps a
    # SameSite=Lax cookie off a cross-site POST. What remains open is a sibling subdomain with such a browser;
    # to close it, every program would have to pretend to be a browser.


def check_websocket_origin(
    policy: OriginPolicy, *, origins: Sequence[bytes], fetch_sites: Sequence[bytes], carries_cookie: bool
) -> None:
    """Refuse a WebSocket handshake that another site caused.

    A handshake is a GET that opens a channel which the same-origin policy does not guard, so no method is safe,
    and the silence of a client that carries our cookie is no excuse: browsers always send Origin (RFC 6455 §4.1).

    Args:
        policy: Where the application lives, and who else may open a WebSocket.
        origins: The values of all Origin headers.
        fetch_sites: The values of all Sec-Fetch-Site headers.
        carries_cookie: Whether our cookie came along.

    Raises:
        CrossOrigin: The browser names another origin or says that the handshake crossed sites; or there is our
            cookie and neither header.
    """
    if origins or fetch_sites:
        _check_what_the_browser_says(policy, origins, fetch_sites)
    elif carries_cookie:
        raise CrossOrigin(
            "a WebSocket handshake carries the session cookie and neither Origin nor Sec-Fetch-Site: send "
            f"Origin: {policy.origin}, or authenticate without the cookie"
        )


def _check_what_the_browser_says(
    policy: OriginPolicy, origins: Sequence[bytes], fetch_sites: Sequence[bytes]
) -> None:
    if origins:
        origin = origins[0].decode("latin-1")
        if len(origins) > 1 or (origin != policy.origin and origin not in policy.trusted_origins):
            raise CrossOrigin(
                f"Origin is {_shown(origins)}, this application lives at {policy.origin}: open it there, or, if "
                "the other origin is yours, add it to the trusted origins"
            )
    elif len(fetch_sites) > 1 or fetch_sites[0] not in {b"same-origin", b"none"}:
        raise CrossOrigin(
            f"Sec-Fetch-Site is {_shown(fetch_sites)} and Origin is missing: send the request from a page of "
            f"{policy.origin}, or with the Origin header of a trusted origin"
        )


def _shown(values: Sequence[bytes]) -> str:
    """Header values for a message: cut, and in printable ASCII, so that they cannot forge a line of a log."""
    text = b", ".join(values).decode("latin-1")
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
