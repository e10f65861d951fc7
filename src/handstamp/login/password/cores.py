"""How many cores this process may use: what the machine has, less what affinity and a container's quota take away."""

import math
import os
from pathlib import Path
from typing import Final

_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of CPU per period of so many microseconds, or ``max`` (Linux, control groups version 2)."""


def usable_cores(quota: Path = _QUOTA) -> int:
    """At least 1; a part of a core counts as one."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        cores = os.cpu_count() or 1
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        return max(1, min(cores, math.ceil(int(allowed) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # none, or "max"
        return cores
