"""What is measured: a contender is a file in ``bench/contenders`` that has a ``CONTENDER``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, Literal, Protocol

from bench.installing import Packages
from bench.measure import Command, Server

FOLDER: Final = Path(__file__).parent / "contenders"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a contender is set up for a while."""

    home: Path
    """What was installed for it."""
    folder: Path
    """Empty at first, and its own."""
    database: str
    """The URL of the store."""
    sessions: str | None
    """The URL of the store of sessions, where that is another one."""
    secret: str


class Entrance(Protocol):
    """How people come in and go."""

    def sign_in(self, site: Site, server: Server, numbers: Sequence[int]) -> list[str]:
        """The cookies of each of these people, as their browser sends them; those who are new are signed up.

        Raises:
            CannotMeasure: Somebody was not let in.
        """
        ...

    def sign_out(self, server: Server, cookies: str) -> int:
        """The status of the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """A path that is measured."""

    path: str
    again: bool = False
    """Measured a second time, as if it were another: the difference is the measurement's own error."""


BARE: Final = Route("/bare")
"""The answer from an application that has nothing of the contender, in the same process."""
PROTECTED: Final = Route("/protected")
"""The same answer for those who are signed in."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A route beside another one, in a table of its own."""

    name: str
    route: Route
    beside: Route
    budget: str = ""


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to protect a route."""

    name: str
    group: Literal["handstamp", "peer"]
    framework: str
    store: str
    setup: str
    """What it is made of, and how it differs from the documentation's own example."""
    docs: str
    """The page that the set-up is from."""
    checks: str
    """What it does at each request."""
    lasting: str
    """What its documentation and configuration say of a cookie after sign-out, and for how long it is let in."""
    entrance: Entrance
    command: Callable[[Site, int], Command]
    """The server, on a port."""
    packages: Packages
    place: str = "sqlite"
    """A key of ``bench.revocation_places.PLACES``."""
    sessions: int = 100
    """At most so many."""
    details: tuple[Detail, ...] = ()
    """With them it is measured for longer: these differences are small."""
    quick: bool = False
    """It is part of the quick run."""
    elsewhere: bool = False
    """The old cookie is presented to a second process, too."""

    @property
    def routes(self) -> list[Route]:
        """What is measured, each once."""
        more = [route for detail in self.details for route in (detail.route, detail.beside)]
        return list(dict.fromkeys([BARE, PROTECTED, *more]))


def discover(folder: Path = FOLDER) -> Mapping[str, Contender]:
    """The contenders by the names of their files, handstamp first, and those of a group as the files sort."""
    found = dict(_all(folder))
    return dict(sorted(found.items(), key=lambda item: (item[1].group != "handstamp", item[0])))


def _all(folder: Path) -> Iterator[tuple[str, Contender]]:
    for path in sorted(folder.glob("*.py")):
        contender = import_module(f"bench.contenders.{path.stem}").CONTENDER
        assert isinstance(contender, Contender), path
        yield path.stem, contender
