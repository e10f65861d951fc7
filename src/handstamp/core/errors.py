"""The error tree. Each class has a stable ``code``; wording may change, codes do not.

Which HTTP answer an error gets is decided in one place, ``handstamp.web.errors``.
"""

from collections.abc import Sequence
from math import ceil
from typing import ClassVar

from handstamp.core.faults import Fault
from handstamp.core.models import AAL2, EndReason


class HandstampError(Exception):
    """The root: everything that handstamp raises on purpose."""

    code: ClassVar[str] = "error"


class ConfigurationError(HandstampError):
    """The set-up is unsafe or contradicts itself. The message says what to do."""

    code = "configuration"


class InvalidKey(HandstampError):  # noqa: N818  named for what is the case
    """A key, ours or an issuer's, is malformed, too weak, or meant for something else."""

    code = "invalid_key"


class StoreUnavailable(HandstampError):  # noqa: N818  named for what is the case
    """The store cannot be asked. Nobody is signed out by this, and nobody is let in."""

    code = "store_unavailable"
    retry_after: ClassVar[int] = 1
    """Seconds, for Retry-After."""


class Busy(HandstampError):  # noqa: N818  named for what is the case
    """More is asked for at once than may be under way. Nothing was done; the same will work in a moment."""

    code = "busy"
    retry_after: ClassVar[int] = 2
    """Seconds, for Retry-After."""


class InvalidHash(HandstampError):  # noqa: N818  named for what is the case
    """A password hash from elsewhere that cannot be imported: unknown format, malformed, or too costly to check."""

    code = "invalid_hash"


class Refused(HandstampError):  # noqa: N818  named for what is the case
    """The request is refused for what it carries or for what the store says of it."""

    code = "refused"


class Unauthenticated(Refused):
    """No token was presented, or our cookie twice, so that nobody knows which one counts."""

    code = "unauthenticated"


class InvalidToken(Refused):
    """The token is not ours: form, signature, type, key or claims. The message stays in the log."""

    code = "invalid_token"


class TokenExpired(InvalidToken):
    """The token is authentic, and ``now`` is at or past its ``exp``."""


class SessionEnded(Refused):
    """The token is authentic; the session that it names is over."""

    code = "session_ended"

    def __init__(self, reason: EndReason, *, keep_cookie: bool = False) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.keep_cookie = keep_cookie
        """True when the browser already holds the cookie of the session that replaced this one."""


class SecondFactorRequired(Refused):
    """Signed in with one factor, where the route asks for two (NIST SP 800-63B AAL2)."""

    code = "second_factor_required"
    aal: ClassVar[int] = AAL2


class Forbidden(Refused):
    """Signed in, and without the role that the route asks for."""

    code = "forbidden"


class RateLimited(Refused):
    """Too many attempts in too short a time. Nothing was done, and nobody is locked out for good."""

    code = "rate_limited"

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"try again in {max(1, ceil(retry_after))} s")
        self.retry_after = max(1, ceil(retry_after))
        """Seconds, for Retry-After."""


class FreshSessionRequired(Refused):
    """Signed in, and longer ago than the route allows."""

    code = "fresh_session_required"

    def __init__(self, max_age: float) -> None:
        super().__init__(f"sign in again: the last sign-in must be less than {max_age:g} s ago")
        self.max_age = max_age
        """Seconds."""


class CrossOrigin(Refused):
    """An unsafe request that another site caused."""

    code = "cross_origin"


class InvalidRequest(Refused):
    """The request's form is wrong: a body, parameter or content type."""

    code = "invalid_request"


class InvalidInput(InvalidRequest):
    """Some fields of what was sent cannot be taken. Each fault names its field; nothing was done."""

    code = "invalid_input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("some fields cannot be taken as they are")
        self.faults = tuple(faults)


class TooLarge(InvalidRequest):
    """The body is longer than anything that is expected here."""

    code = "too_large"


class UnsupportedMediaType(InvalidRequest):
    """The body is neither JSON nor an HTML form (RFC 9110 §15.5.16)."""

    code = "unsupported_media_type"


class NotFound(Refused):
    """There is no such thing here, or none that belongs to the caller; the two look alike."""

    code = "not_found"


class LastWayIn(Refused):
    """What was to be removed is the only way in that the user has left, and it was kept."""

    code = "last_way_in"


class LoginFailed(Refused):
    """A sign-in came to nothing, and nothing was created."""

    code = "login_failed"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """A stable name: ``access_denied``, ``flow_unknown``, ``provider_error``, ``provider_unavailable``,
        ``user_disabled`` …"""
