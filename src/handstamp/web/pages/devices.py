"""What browser a ``User-Agent`` header names, in words; a hint for people, and evidence of nothing.

Only words from the tables below ever come out, whatever the header holds.
"""

from collections.abc import Callable
from typing import Final

from handstamp.core.text import N_

_LONGEST: Final = 512
"""Characters that are looked at; real headers are shorter."""

_PROGRAMS: Final = (
    ("Edg", "Edge"),  # Edg/, EdgA/, EdgiOS/; before Chrome, which it also names
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),  # nearly all of the above name it too, so it comes last
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("HTTPie/", "HTTPie"),
    ("PostmanRuntime/", "Postman"),
    ("python-", N_("A Python program")),  # python-requests/, python-httpx/, python-httpx2/
    ("Python-", N_("A Python program")),  # Python-urllib/
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),  # one that asks for desktop sites says Macintosh, and cannot be told apart
    ("Android", "Android"),  # before Linux, which it also names
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def describe_device(user_agent: str | None, told: Callable[[str], str] = str) -> str:
    """``Firefox on Linux``, or as much of it as can be told, or ``Unknown device``.

    Args:
        user_agent: The header.
        told: Gives a text in the language of the reader.
    """
    seen = (user_agent or "")[:_LONGEST]
    program, system = _first(_PROGRAMS, seen), _first(_SYSTEMS, seen)
    if program and system:
        return told(N_("%(program)s on %(system)s")) % {"program": told(program), "system": system}
    if system:
        return told(N_("Unknown browser on %(system)s")) % {"system": system}
    return told(program or N_("Unknown device"))


def _first(table: tuple[tuple[str, str], ...], seen: str) -> str | None:
    return next((name for sign, name in table if sign in seen), None)
