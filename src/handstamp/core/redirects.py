"""Redirects to places that a caller names, such as ``return_to`` (RFC 9700 §4.11.1).

``SafeRedirect`` is the only type that such a redirect takes. Its constructor is the check, so that whoever holds
one need not ask again.
"""

import re
from dataclasses import InitVar, dataclass
from typing import Final, Self
from urllib.parse import unquote_to_bytes

from handstamp.core.policy import OriginPolicy

MAX_LENGTH: Final = 2048
"""Characters of a location."""

_ALLOWED: Final = re.compile(r"[\x21-\x5B\x5D-\x7E]+")
"""Printable ASCII without the backslash, which browsers take for a slash; the rest comes percent-encoded."""
_QUERY_OR_FRAGMENT: Final = re.compile(r"[?#]")
_NEVER_ENCODED: Final = re.compile(rb"[\x00-\x1F\x7F\\]")


@dataclass(frozen=True, slots=True)
class SafeRedirect:
    """A place to send a browser to: a path on our own origin, or a URL on one that ``policy`` trusts.

    The path begins with exactly one ``/``. Percent-decoded, as proxies may do it, it still has no empty or dot
    segment, no backslash and no control character: nothing that a browser normalises into ``//host``.

    Raises:
        ValueError: The location is no such place.
    """

    location: str
    """For the Location header: path, query and fragment; a whole URL only for a trusted origin."""
    policy: InitVar[OriginPolicy | None] = None
    """Whose trusted origins are allowed, besides our own paths."""

    def __post_init__(self, policy: OriginPolicy | None) -> None:
        trusted = policy.trusted_origins if policy else frozenset[str]()
        if not _is_safe(self.location, _path_of(self.location, trusted)):
            raise ValueError(f"{self.location[:80]!a} is no safe place to redirect to: give a path such as /home")

    @classmethod
    def parse(cls, value: str | None, policy: OriginPolicy) -> Self | None:
        """What a caller asked for, or None where it is unsafe: such a wish is ignored, never repaired.

        Args:
            value: A path with its query and fragment, the same with our own origin before it (which is taken off
                again), or a URL on a trusted origin.
            policy: Our origin, and the trusted ones.
        """
        if value is None:
            return None
        own = value.startswith(f"{policy.origin}/")
        try:
            return cls(value.removeprefix(policy.origin) if own else value, policy)
        except ValueError:
            return None

    @classmethod
    def to_path(cls, path: str) -> Self:
        """A path of the application's own making.

        Raises:
            ValueError: The path is unsafe.
        """
        return cls(path)


def _path_of(location: str, trusted: frozenset[str]) -> str:
    """The path of a location, without query and fragment, and without a trusted origin before it."""
    origin = next((origin for origin in trusted if location.startswith(f"{origin}/")), "")
    return _QUERY_OR_FRAGMENT.split(location.removeprefix(origin), maxsplit=1)[0]


def _is_safe(location: str, path: str) -> bool:
    if len(location) > MAX_LENGTH or not _ALLOWED.fullmatch(location) or not path.startswith("/"):
        return False
    decoded = unquote_to_bytes(path)
    *segments, last = decoded.split(b"/")[1:]
    if b"" in segments or _NEVER_ENCODED.search(decoded):
        return False
    return {b".", b".."}.isdisjoint([*segments, last])
