"""Durations as people write them: ``15m``, ``12h``, ``30d``."""

import re
from typing import Final

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?) ?(?P<unit>[smhd]?)")


def parse_duration(value: str | float) -> float:
    """Seconds.

    Args:
        value: A number with ``s``, ``m``, ``h`` or ``d`` behind it; without a unit it is seconds.

    Raises:
        ValueError: Anything else, also a negative number. The message says what to write.
    """
    match = _DURATION.fullmatch(str(value).strip())
    if match is None or isinstance(value, bool):
        raise ValueError(f"{value!r} is no duration: write 30s, 15m, 12h or 7d")
    return float(match["number"]) * _UNITS[match["unit"]]


def format_duration(seconds: float) -> str:
    """A short way to write a duration, to the millisecond, that ``parse_duration`` reads as the same number."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
