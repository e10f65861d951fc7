"""Times for people and for ``<time datetime>``. All of them are UTC: without a script the page knows no other.

How a language writes dates is Babel's to know (CLDR).
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list

from handstamp.core.policy import DAY, HOUR, MINUTE
from handstamp.core.text import N_

_UNITS: Final[tuple[tuple[float, Literal["day", "hour", "minute"]], ...]] = (
    (DAY, "day"),
    (HOUR, "hour"),
    (MINUTE, "minute"),
)
_RELATIVE_FOR: Final = 14 * DAY
"""Seconds after which a date says more than a number of days."""
_LOCALES: Final = {"en": "en_GB"}
"""Where a language alone would be written as only some of its speakers do: "November 23, 2026"."""


def iso(at: float) -> str:
    """``2026-11-23T16:20:00Z``, to the second."""
    return f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(at: float, language: str = "en") -> str:
    """``23 November 2026``, ``23. November 2026``."""
    return format_date(datetime.fromtimestamp(at, UTC), "long", _locale(language))


def moment(at: float, language: str = "en") -> str:
    """``23 November 2026, 16:20 UTC``."""
    return (
        f"{day(at, language)}, {format_time(datetime.fromtimestamp(at, UTC), 'HH:mm', locale=_locale(language))} UTC"
    )


def ago(at: float, now: float, language: str = "en", told: Callable[[str], str] = str) -> str:
    """``just now``, ``5 minutes ago``, ``vor 2 Tagen``; beyond two weeks the day.

    Clocks of processes may differ: what seems to be in the future is just now.

    Args:
        at: Seconds since the epoch.
        now: Seconds since the epoch.
        language: Which.
        told: Gives a text in that language.
    """
    age = now - at
    if age >= _RELATIVE_FOR:
        return day(at, language)
    if age < MINUTE:
        return told(N_("just now"))
    seconds, unit = next(one for one in _UNITS if age >= one[0])
    # Babel would round, and go on to weeks. 59 minutes 59 seconds are no hour: whole units, and no larger one.
    whole = timedelta(seconds=age // seconds * seconds)
    return format_timedelta(
        -whole, granularity=unit, threshold=math.inf, add_direction=True, locale=_locale(language)
    )


def listed(words: Sequence[str], language: str = "en") -> str:
    """``password, passkey and one-time code``."""
    return format_list(words, "standard", _locale(language))


def _locale(language: str) -> str:
    return _LOCALES.get(language, language)
