"""Links that we mail to people: whoever opens one has the mailbox. What it is about is sealed in it.

Opening one changes nothing, since programs that look through mails open them too: the page has a button.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from handstamp.core.errors import LoginFailed
from handstamp.core.keys import Purpose
from handstamp.web.host import Host
from handstamp.web.notes import Note, new_note, open_note, seal_note, use_note

__all__ = ["Note", "make_link", "open_link", "use_link"]

LINK_UNKNOWN = "link_unknown"


def make_link(host: Host, path: str, values: Mapping[str, Any], *, lifetime: float) -> str:
    """An absolute address of ours that carries a token, which counts at this path and at no other.

    Args:
        host: The application.
        path: Below the mount.
        values: What has to be known when it is opened. JSON.
        lifetime: Seconds.

    Raises:
        ValueError: The values take more than 3 KB.
    """
    token = seal_note(host, new_note(host, values, lifetime=lifetime), Purpose.LINK, path)
    return f"{host.place.url(path)}?{urlencode({'token': token})}"


def open_link(host: Host, path: str, token: str) -> Note:
    """What a link is about.

    Raises:
        LoginFailed: ``link_unknown``; it is not one of ours, for another path, or too old.
    """
    note = open_note(host, token, Purpose.LINK, path) if token.isascii() else None
    if note is None:
        raise LoginFailed(LINK_UNKNOWN, "the link is not ours, or too old")
    return note


async def use_link(host: Host, note: Note) -> None:
    """Use a link up, in all processes.

    Raises:
        LoginFailed: ``link_unknown``; it was used before.
        StoreUnavailable: Nobody knows; it must not count.
    """
    await use_note(host, note, Purpose.LINK, reason=LINK_UNKNOWN)
