"""Links that we mail to people: whoever follows one has the mailbox. What it is about is sealed in it.

So nothing is kept of an address that nobody has proved. Opening one changes nothing, since programs that look through
mails open them too: its page has a button.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from handstamp.core.errors import LoginFailed
from handstamp.core.notes import Note, new_note, open_note, seal_note
from handstamp.core.sealing import Sealer

LINK_UNKNOWN: Final = "link_unknown"


class Links:
    """Makes and opens links.

    Args:
        sealer: Of ``Purpose.LINK``.
        url: Gives the absolute address of a path below the mount.
    """

    def __init__(self, sealer: Sealer, url: Callable[[str], str]) -> None:
        self._sealer: Final = sealer
        self._url: Final = url

    def make(self, path: str, values: Mapping[str, Any], *, lifetime: float, now: float) -> tuple[str, str]:
        """The address of a new link, and its id.

        Args:
            path: Of its page, below the mount; what was made for one page opens on no other.
            values: What has to be known when it is followed. JSON.
            lifetime: Seconds.
            now: Seconds since the epoch.

        Raises:
            ValueError: The values take more than 3 KB.
        """
        note = new_note(values, lifetime=lifetime, now=now)
        return f"{self._url(path)}?{urlencode({'token': seal_note(self._sealer, note, context=path)})}", note.id

    def open(self, path: str, token: str, *, now: float) -> Note:
        """What a link says. It may have been used: ``Challenges`` knows.

        Raises:
            LoginFailed: ``link_unknown``; it is none of ours, for another page, or too old.
        """
        note = open_note(self._sealer, token, context=path, now=now)
        if note is None:
            raise LoginFailed(LINK_UNKNOWN, "the link is not ours, for another page, or too old")
        return note
