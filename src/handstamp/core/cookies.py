"""Cookies: the only reader of Cookie and the only writer of Set-Cookie (RFC 6265, draft-ietf-httpbis-rfc6265bis).

The reader knows no quoting and no escapes: a quote that could swallow a ``;`` is how cookies are stolen ("cookie
sandwich"), and un-escaping took quadratic time in ``http.cookies`` (CVE-2024-7592).
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

from handstamp.core.errors import InvalidToken, Unauthenticated
from handstamp.core.policy import CookiePolicy

MAX_HEADER_BYTES: Final = 32_768
"""Over all Cookie lines of a request; nginx takes as much by default. A longer header is not parsed at all."""
MAX_COOKIES: Final = 256
"""Over all Cookie lines of a request, empty ones counted; Chromium keeps at most 180 a site."""
MAX_PAIR_BYTES: Final = 4093
"""Name, ``=`` and value: the least that browsers are known to keep (rfc6265bis asks for 4,096)."""
FLAG_NAME: Final = "signed_in"
"""The cookie that scripts may read. It says that a session was started, and proves nothing."""

_DELIMITER: Final = b"; "
"""Joins the lines to the one header that they were before HTTP/2 split it (RFC 9113 §8.2.3)."""
_VISIBLE: Final = bytes(range(0x21, 0x7F))
_PRINTABLE: Final = b" " + _VISIBLE
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""RFC 9110 §5.6.2, which a cookie's name is."""
_COOKIE_OCTETS: Final = re.compile(r"[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]*")
"""RFC 6265 §4.1.1: no control, space, quote, comma, semicolon or backslash."""


class CookieTooLarge(UserWarning):
    """A cookie is longer than browsers are known to keep: they drop it without a word."""


def usual_cookie(header: bytes, opening: bytes) -> bytes | None:
    """The value of our cookie where the header is as browsers send it; None where only ``read_cookie`` can tell.

    For every request: it looks at nothing twice. The pair begins where the header or ``"; "`` says so, ends at the
    next ``;``, no other pair can have the name, and the others are within the limits. So ``read_cookie`` gives the
    same value, where that is visible ASCII and not too long: a verified token is.

    Args:
        header: The value of the only Cookie header of the request.
        opening: The name of the cookie and ``=``.
    """
    before, _, rest = header.partition(opening)
    value, _, after = rest.partition(b";")
    if opening in after or (before and not before.endswith(_DELIMITER)):
        return None
    # So few other octets, and the one after the value, cannot be beyond the limits.
    if len(before) + len(after) >= MAX_COOKIES - 1 and (
        len(header) > MAX_HEADER_BYTES or header.count(b";") >= MAX_COOKIES
    ):
        return None
    return value or None


def read_cookie(header_lines: Sequence[bytes], name: bytes) -> bytes | None:
    """The value of the cookie called exactly ``name``, byte for byte as it was sent, or None.

    Pairs end at ``;`` and nowhere else, are trimmed of SP and HTAB only, and are split at their first ``=``. A
    pair without ``=``, without a name, with a space in its name, or with an octet outside printable ASCII is
    skipped, if it is not ours. Time is linear.

    Args:
        header_lines: The values of all Cookie headers of the request: HTTP/2 may split them.
        name: A token (RFC 9110 §5.6.2).

    Raises:
        Unauthenticated: Two cookies have that name, and their order says nothing (RFC 6265 §4.2.2); or the header is
            beyond ``MAX_HEADER_BYTES`` or ``MAX_COOKIES``, so that nobody looks whether it is there. None would say
            that it is not, and whoever signs out would be told that it is done.
        InvalidToken: The one that there is has an octet that no token has, or is itself longer than browsers keep
            one, so that the header is beyond ``MAX_HEADER_BYTES``: ours, and worth nothing.
    """
    header, opening = _DELIMITER.join(header_lines), name + b"="
    before, found, rest = header.partition(opening)
    if len(header) > MAX_HEADER_BYTES:
        value, _, after = rest.partition(b";")
        if found and before[-2:] in {b"", _DELIMITER} and opening not in after and len(value) > MAX_PAIR_BYTES:
            raise InvalidToken("our cookie is longer than any token")
        raise Unauthenticated(f"the request carries more than {MAX_HEADER_BYTES} bytes of cookies")
    if not found:
        return None
    usual = usual_cookie(header, opening)
    if usual is not None and not usual.translate(None, _VISIBLE):
        return usual
    return _read_carefully(header, name)


def cookies_with_prefix(header_lines: Sequence[bytes], prefix: bytes) -> dict[bytes, bytes]:
    """The cookies whose names begin with ``prefix``, in the order of their first appearance.

    What counts as a cookie is decided as in ``read_cookie``. Here no error is raised: of a name that comes twice the
    last value is given, and a header beyond the limits has no cookies.
    """
    header = _DELIMITER.join(header_lines)
    if prefix not in header:
        return {}
    return {name: value for name, value in _pairs(header) if name.startswith(prefix)}


def session_cookie(policy: CookiePolicy, token: str, *, max_age: int | None) -> bytes:
    """The value of a Set-Cookie header that gives the browser its session token.

    Args:
        policy: Names the cookie.
        token: The session token.
        max_age: Seconds that the browser keeps it, 0 or less to drop it; None for as long as the browser runs.

    Raises:
        ValueError: The token has an octet that a cookie cannot carry.
    """
    return _set_cookie(policy, policy.session, token, max_age=max_age)


def flag_cookie(policy: CookiePolicy, *, max_age: int | None) -> bytes:
    """The value of a Set-Cookie header that tells scripts that somebody is signed in. ``max_age`` in seconds."""
    return _set_cookie(policy, FLAG_NAME, "1", max_age=max_age, readable=True)


def flow_cookie(policy: CookiePolicy, key: str, value: str, *, max_age: int) -> bytes:
    """The value of a Set-Cookie header that binds a sign-in under way to the browser that began it.

    Args:
        policy: Names the cookie, together with ``key``.
        key: Which flow.
        value: What the flow needs when it comes back, sealed.
        max_age: Seconds.

    Raises:
        ValueError: The key is no token, or the value has an octet that a cookie cannot carry.
    """
    return _set_cookie(policy, policy.flow_prefix + key, value, max_age=max_age)


def browser_cookie(policy: CookiePolicy, value: str, *, max_age: int) -> bytes:
    """The value of a Set-Cookie header by which a browser is known that has signed in before.

    Args:
        policy: Names the cookie.
        value: Whose it is, sealed.
        max_age: Seconds.

    Raises:
        ValueError: The value has an octet that a cookie cannot carry.
    """
    return _set_cookie(policy, policy.browser, value, max_age=max_age)


def delete_session_cookie(policy: CookiePolicy) -> bytes:
    """The value of a Set-Cookie header that deletes the session cookie: same name, path and flags."""
    return _delete_cookie(policy, policy.session)


def delete_flag_cookie(policy: CookiePolicy) -> bytes:
    """The value of a Set-Cookie header that deletes the readable flag."""
    return _delete_cookie(policy, FLAG_NAME, readable=True)


def delete_flow_cookie(policy: CookiePolicy, key: str) -> bytes:
    """The value of a Set-Cookie header that deletes one flow cookie.

    Raises:
        ValueError: The key is no token.
    """
    return _delete_cookie(policy, policy.flow_prefix + key)


def _read_carefully(header: bytes, name: bytes) -> bytes | None:
    if header.count(b";") >= MAX_COOKIES:
        raise Unauthenticated(f"the request carries more than {MAX_COOKIES} cookies")
    values = [value for other, value in _pairs(header) if other == name]
    if len(values) > 1:
        raise Unauthenticated(f"the request carries the cookie {name.decode('latin-1')!a} twice")
    if values:
        return values[0]
    if any(pair.strip(b" \t").startswith(name + b"=") for pair in header.split(b";")):
        raise InvalidToken("our cookie has an octet that no token has")
    return None


def _pairs(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The well-formed pairs of a header, none if it is beyond the limits."""
    if len(header) > MAX_HEADER_BYTES or header.count(b";") >= MAX_COOKIES:
        return
    for untrimmed in header.split(b";"):
        pair = untrimmed.strip(b" \t")
        name, equals, value = pair.partition(b"=")
        if name and equals and b" " not in name and not pair.translate(None, _PRINTABLE):
            yield name, value


def _set_cookie(policy: CookiePolicy, name: str, value: str, *, max_age: int | None, readable: bool = False) -> bytes:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"the cookie name {name[:40]!a} is no token (RFC 9110 §5.6.2)")
    if not _COOKIE_OCTETS.fullmatch(value):
        # The value itself may be a secret, and stays out of the message.
        raise ValueError(f"the value of the cookie {name} has an octet that RFC 6265 §4.1.1 does not allow")
    pair = f"{name}={value}"
    if len(pair) > MAX_PAIR_BYTES:
        message = f"the cookie {name} takes {len(pair)} bytes, browsers keep {MAX_PAIR_BYTES}: they will drop it"
        warnings.warn(message, CookieTooLarge, stacklevel=3)
    attributes = [pair, "Path=/", "SameSite=Lax"]
    if policy.secure:
        attributes.append("Secure")
    if not readable:
        attributes.append("HttpOnly")
    if max_age is not None:
        attributes.append(f"Max-Age={max(0, max_age):d}")
    return "; ".join(attributes).encode("ascii")


def _delete_cookie(policy: CookiePolicy, name: str, *, readable: bool = False) -> bytes:
    """Max-Age=0 is enough by RFC 6265 §5.3; Expires is for the clients that know nothing else."""
    return _set_cookie(policy, name, "", max_age=0, readable=readable) + b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
