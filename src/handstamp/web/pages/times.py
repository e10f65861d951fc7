"""Times for people and for ``<time datetime>``. All of them are UTC: without a script the page knows no other."""

from datetime import UTC, datetime
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_UNITS: Final = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
_RELATIVE_FOR: Final = 14 * _DAY
"""Seconds after which a date says more than a number of days."""


def iso(at: float) -> str:
    """``2026-11-23T16:20:00Z``, to the second."""
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(at: float) -> str:
    """``23 November 2026``."""
    instant = datetime.fromtimestamp(at, UTC)
    return f"{instant.day} {instant:%B %Y}"


def moment(at: float) -> str:
    """``23 November 2026, 16:20 UTC``."""
    return f"{day(at)}, {datetime.fromtimestamp(at, UTC):%H:%M} UTC"


def ago(at: float, now: float) -> str:
    """``just now``, ``5 minutes ago``, ``2 days ago``; beyond two weeks the day.

    Clocks of processes may differ: what seems to be in the future is just now.
    """
    age = now - at
    if age >= _RELATIVE_FOR:
        return day(at)
    for seconds, unit in _UNITS:
        count = int(age // seconds)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
