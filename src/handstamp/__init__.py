"""Sign-in for Python web applications: sessions that can be ended at once."""

from typing import TYPE_CHECKING

from handstamp.__about__ import __version__
from handstamp.core.errors import HandstampError
from handstamp.core.models import EndReason, Principal, Session, User

if TYPE_CHECKING:
    from handstamp.auth import Auth

__all__ = ["Auth", "EndReason", "HandstampError", "Principal", "Session", "User", "__version__"]


def __getattr__(name: str) -> object:
    if name == "Auth":
        from handstamp.auth import Auth  # noqa: PLC0415  Starlette, joserfc, cryptography load when they are used

        return Auth
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
