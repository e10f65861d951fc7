"""What peers have in common: how their servers are started. The applications are in ``bench/applications/peers``."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.contending import Site
from bench.installing import program, python
from bench.measure import ROOT, Command

APPLICATIONS: Final = ROOT / "bench" / "applications" / "peers"
SERVED_BY: Final = ("fastapi", "uvicorn", "uvloop", "httptools", "aiosqlite==0.22.1")
"""The framework and the server, of the versions that handstamp is developed with, and the driver of SQLite."""
PASSWORD: Final = "a horse, a battery and Staples 7"  # noqa: S105  of people who do not exist


def served_by_python(module: str, *options: str) -> Callable[[Site, int], Command]:
    """A module of the applications, in the contender's own environment."""

    def command(site: Site, port: int) -> Command:
        words = [str(python(site.home)), "-m", f"bench.applications.peers.{module}", str(port), str(_file(site))]
        return Command([*words, site.secret, *options], {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"})

    return command


def served_by_node(file: str, *options: str) -> Callable[[Site, int], Command]:
    """A program of the applications, beside the contender's own packages."""

    def command(site: Site, port: int) -> Command:
        words = [program("node"), str(site.home / file), str(port), str(_file(site)), site.secret, *options]
        return Command(words, {"NODE_ENV": "production", "PATH": os.defpath})

    return command


def _file(site: Site) -> Path:
    return site.folder / "peer.db"
