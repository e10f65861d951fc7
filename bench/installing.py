"""The packages of the contenders: each has a folder of its own under ``build/bench``, and its versions are pinned."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from bench.measure import ROOT, CannotMeasure

_CONSTRAINTS: Final = ROOT / "constraints.txt"
_LIMIT: Final = 900.0
"""Seconds for an installation; one that compiles takes two minutes."""
_STAMP: Final = "installed.txt"


class Packages(Protocol):
    """What a contender needs."""

    @property
    def name(self) -> str:
        """Of the folder. Contenders with the same packages share it."""
        ...

    def install(self, home: Path) -> None:
        """Put it there, unless it is.

        Raises:
            CannotMeasure: It cannot be had.
        """
        ...

    def versions(self, home: Path) -> dict[str, str]:
        """What is there, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Ours:
    """What the environment of this process has."""

    names: Sequence[str]
    name: str = "handstamp"

    def install(self, home: Path) -> None:
        """Nothing is missing."""

    def versions(self, home: Path) -> dict[str, str]:
        """See ``Packages``."""
        del home
        return {name: version(name) for name in self.names}


@dataclass(frozen=True, slots=True)
class FromPyPI:
    """A virtual environment. What is not pinned here has the version that handstamp is developed with."""

    name: str
    pinned: Sequence[str]
    """Requirements: of another version than ours, or that we do not have, with that version."""
    shown: Sequence[str]
    """The names of the packages whose versions matter to a reader."""

    def install(self, home: Path) -> None:
        """See ``Packages``."""
        own = {_name(requirement) for requirement in self.pinned if "==" in requirement}
        ours = _CONSTRAINTS.read_text(encoding="utf-8").split()
        constraints = "\n".join(line for line in ours if _name(line) not in own)
        if _is_installed(home, wanted := "\n".join([*self.pinned, "--", constraints])):
            return
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "constraints.txt").write_text(constraints, encoding="utf-8")
        _run([sys.executable, "-m", "venv", str(home / "venv")], home)
        pip = [str(python(home)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        _run([*pip, "-c", str(home / "constraints.txt"), *self.pinned], home)
        (home / _STAMP).write_text(wanted, encoding="utf-8")

    def versions(self, home: Path) -> dict[str, str]:
        """See ``Packages``."""
        program = "import json, sys; from importlib.metadata import version; "
        program += "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
        found: dict[str, str] = json.loads(_run([str(python(home)), "-c", program, *self.shown], home))
        return found


@dataclass(frozen=True, slots=True)
class FromNpm:
    """A folder of Node packages, with the server's program among them: Node looks for packages beside the program."""

    name: str
    pinned: Mapping[str, str]
    program: Path

    def install(self, home: Path) -> None:
        """See ``Packages``. Parts in C++ are compiled: their prebuilt files are in no registry."""
        home.mkdir(parents=True, exist_ok=True)
        wanted = json.dumps({"private": True, "type": "module", "dependencies": dict(self.pinned)}, indent=2)
        if not _is_installed(home, wanted):
            shutil.rmtree(home / "node_modules", ignore_errors=True)
            (home / "package.json").write_text(wanted, encoding="utf-8")
            options = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
            _run([program("npm"), "install", *options], home, {"npm_config_build_from_source": "true", **_headers()})
            (home / _STAMP).write_text(wanted, encoding="utf-8")
        shutil.copy(self.program, home)

    def versions(self, home: Path) -> dict[str, str]:
        """See ``Packages``."""
        found = {"Node": _run([program("node"), "--version"], home).strip().removeprefix("v")}
        for name in self.pinned:
            about = (home / "node_modules" / name / "package.json").read_text(encoding="utf-8")
            found[name] = json.loads(about)["version"]
        return found


def python(home: Path) -> Path:
    """The interpreter of a contender's environment."""
    return home / "venv" / "bin" / "python"


def program(name: str) -> str:
    """Where a program of the system is.

    Raises:
        CannotMeasure: It is missing.
    """
    found = shutil.which(name)
    if found is None:
        raise CannotMeasure(f"{name} is missing. On Debian and Ubuntu: sudo apt-get install nodejs npm")
    return found


def _headers() -> dict[str, str]:
    """Node's own header files, where the system has them: else node-gyp fetches them from Node's site."""
    prefix = Path(program("node")).resolve().parents[1]
    return {"npm_config_nodedir": str(prefix)} if (prefix / "include/node/node.h").exists() else {}


def _name(requirement: str) -> str:
    return re.split(r"[\[=<>~! ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _is_installed(home: Path, wanted: str) -> bool:
    stamp = home / _STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def _run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    environment = {**os.environ, **(more or {})}  # noqa: TID251  pip and npm are set up by the user's own variables
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_LIMIT
    )
    if done.returncode != 0:
        raise CannotMeasure(f"{' '.join(command)} failed in {folder}:\n{done.stdout}{done.stderr}")
    return done.stdout
