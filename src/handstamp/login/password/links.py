"""Links that are mailed: sealed, for one use, and for a while.

A link holds all that is needed to follow it, so nothing is kept of an address that nobody has proved. It is sealed
(AES-GCM, a key of its own), names what it is for, and has 128 random bits by which it is used up.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from handstamp.core.errors import InvalidToken, LoginFailed
from handstamp.core.ids import new_secret
from handstamp.core.sealing import Sealer

LINK_UNKNOWN: Final = "link_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that was followed."""

    id: str
    expires_at: float
    values: Mapping[str, str]


class Links:
    """Makes and opens links.

    Args:
        sealer: Of ``Purpose.LINK``.
        url: Gives the absolute address of a path below the mount.
    """

    def __init__(self, sealer: Sealer, url: Callable[[str], str]) -> None:
        self._sealer: Final = sealer
        self._url: Final = url

    def make(self, path: str, values: Mapping[str, str], *, lifetime: float, now: float) -> tuple[str, str]:
        """The address of a new link, and its id.

        Args:
            path: Of its page, below the mount; what was made for one page opens on no other.
            values: What has to be known when it is followed.
            lifetime: Seconds.
            now: Seconds since the epoch.
        """
        link_id = new_secret()
        payload = json.dumps({"id": link_id, "exp": now + lifetime, "values": dict(values)}).encode()
        token = self._sealer.seal(payload, context=_context(path))
        return f"{self._url(path)}?token={token}", link_id

    def open(self, path: str, token: str, *, now: float) -> Link:
        """What a link says. It may have been used: ``Challenges`` knows.

        Raises:
            LoginFailed: ``link_unknown``; it is none of ours, for another page, or too old.
        """
        try:
            said = json.loads(self._sealer.open(token, context=_context(path)))
        except (InvalidToken, UnicodeEncodeError) as error:
            raise LoginFailed(LINK_UNKNOWN, "the link is not ours") from error
        if now >= said["exp"]:
            raise LoginFailed(LINK_UNKNOWN, "the link is too old")
        return Link(id=said["id"], expires_at=said["exp"], values=said["values"])


def mark_of(secret: str | None) -> str:
    """What binds a link to the password that a user has when it is made: it is void once that is another."""
    return sha256(b"none" if secret is None else secret.encode()).hexdigest()


def _context(path: str) -> bytes:
    return f"password:{path}".encode()
