"""The arithmetic of a bucket of attempts: a token bucket kept as one number.

This is the generic cell rate algorithm (ITU-T I.371, annex A, "virtual scheduling"). The number is when the bucket is
full again; each attempt moves it ``every`` seconds on, and there is room as long as it is less than a whole bucket
ahead of now. Nothing has to be written for time to pass.
"""

from typing import Final

GRAIN: Final = 0.001
"""Seconds. A shorter wait is none: sums of times are no more exact than that."""


def allowed_before(*, burst: int, every: float, now: float) -> float:
    """An attempt is allowed if the bucket is full again before this moment.

    Args:
        burst: Attempts in a full bucket.
        every: Seconds after which there is one more.
        now: Seconds since the epoch.
    """
    return now + (burst - 1) * every + GRAIN


def full_after(full_at: float, *, every: float, now: float) -> float:
    """When a bucket that would have been full at ``full_at`` is full after one more attempt."""
    return max(full_at, now) + every


def wait_for(full_at: float, *, burst: int, every: float, now: float) -> float:
    """Seconds from ``now`` until an attempt is allowed; 0.0 where it is."""
    if full_at < allowed_before(burst=burst, every=every, now=now):
        return 0.0
    return full_at - (now + (burst - 1) * every)
