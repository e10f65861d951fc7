"""What was measured on."""

import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path


def machine(parts: Iterable[str]) -> dict[str, str]:
    """Processor, system, Python, and the versions of these packages."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "CPU": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
        "Linux": platform.release().partition("-")[0],
        "Python": platform.python_version(),
        **{part: version(part) for part in parts},
    }
