"""A contender, measured: its routes in turn, forwards and backwards, and then the sign-out."""

import secrets
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench.contending import BARE, PROTECTED, Contender, Route, Site
from bench.entrances import Visitor
from bench.measure import CannotMeasure, Load, Round, Server, free_port, last_core, running
from bench.revocation_places import PLACES
from bench.sign_out import SignOut, is_in, present, sign_out

_NEXT_CROWD = 1_000
"""Added to the numbers of people where those of the block before are not known any more."""
_WHO_GOES = 900
"""The number of the person who signs out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure."""

    blocks: int
    """In each the server is started anew: where a process's memory happens to lie costs something too."""
    cycles: int
    """Per block: once through all routes."""
    seconds: int
    """Of load per route and cycle."""
    sessions: int
    """In turn."""


Rounds = Mapping[Route, Sequence[Round]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found. Medians are over all rounds of all blocks."""

    sessions: int
    rounds: Rounds
    resident: Sequence[int]
    """Bytes of memory that the server had after the load of each block."""
    after: SignOut


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two routes that were measured in turn, each round compared with its neighbour. Medians."""

    added: float
    """Seconds of CPU per request."""
    quartiles: tuple[float, float]
    """Of ``added``."""
    ratio: float


def measure(contender: Contender, home: Path, plan: Plan) -> Measured:
    """Start it, sign people in, load it, sign one out. Tells on stderr how far it is.

    Raises:
        CannotMeasure: A server does not start, or does not answer as it should.
    """
    rounds: dict[Route, list[Round]] = {route: [] for route in contender.routes}
    resident: list[int] = []
    people = list(range(min(plan.sessions, contender.sessions)))
    cookies: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="handstamp-bench-") as name,
        PLACES[contender.place].running(Path(name)) as there,
    ):
        folder = Path(name)
        site = Site(home, folder, there.database, there.sessions, secrets.token_urlsafe(48))
        load = Load(folder / "cookies", last_core())
        for block in range(plan.blocks):
            print(f"{contender.name}: block {block + 1} of {plan.blocks}", file=sys.stderr)
            port = free_port()
            with running(contender.command(site, port), port) as server:
                if not cookies or not is_in(present(server, cookies[0])):
                    cookies = contender.entrance.sign_in(
                        site, server, [number + block * _NEXT_CROWD for number in people]
                    )
                    load.cookies.write_text("\n".join(cookies), encoding="ascii")
                _check(server, contender, cookies)
                _go_round(server, contender, load, plan, rounds)
                _check(server, contender, cookies)
                resident.append(server.resident())
                if block + 1 == plan.blocks:
                    after = _sign_out(contender, site, server)
                    return Measured(len(people), rounds, resident, after)
    raise CannotMeasure("a plan has at least one block")


def compare(rounds: Rounds, one: Route, other: Route) -> Comparison:
    """What ``one`` costs beside ``other``."""
    pairs = [(mine.cpu, theirs.cpu) for mine, theirs in zip(rounds[one], rounds[other], strict=True)]
    added = [mine - theirs for mine, theirs in pairs]
    lower, upper = added[0], added[0]
    if len(added) > 1:
        lower, _, upper = statistics.quantiles(added, n=4, method="inclusive")
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    return Comparison(statistics.median(added), (lower, upper), ratio)


def median_of(rounds: Sequence[Round]) -> Round:
    """Each figure's median by itself."""
    return Round(
        statistics.median(one.cpu for one in rounds),
        statistics.median(one.per_second for one in rounds),
        statistics.median(one.p50 for one in rounds),
        statistics.median(one.p99 for one in rounds),
    )


def _go_round(
    server: Server, contender: Contender, load: Load, plan: Plan, rounds: Mapping[Route, list[Round]]
) -> None:
    for route in contender.routes:  # every session is seen, every route has run, before anything counts
        load.on(server, route.path, 1)
    for cycle in range(plan.cycles):
        for route in contender.routes if cycle % 2 else reversed(contender.routes):
            rounds[route].append(load.on(server, route.path, plan.seconds))


def _check(server: Server, contender: Contender, cookies: Sequence[str]) -> None:
    """Every session is let in and gets the answer that the unprotected routes give; without one nobody is.

    Raises:
        CannotMeasure: That is not so.
    """
    visitor = Visitor(server)
    try:
        wanted = visitor.get(BARE.path)
        refused, _ = visitor.get(PROTECTED.path)
    finally:
        visitor.close()
    if not is_in(wanted[0]) or not 400 <= refused < 500:
        raise CannotMeasure(f"{contender.name}: without a session {BARE} is {wanted[0]}, {PROTECTED} is {refused}")
    for route in contender.routes:
        for each in cookies if route == PROTECTED else cookies[:1]:
            visitor = Visitor(server, each)
            try:
                answer = visitor.get(route.path)
            finally:
                visitor.close()
            if answer != wanted:
                raise CannotMeasure(f"{contender.name}: {route.path} answered {answer} instead of {wanted}")


def _sign_out(contender: Contender, site: Site, server: Server) -> SignOut:
    port = free_port()
    second = running(contender.command(site, port), port) if contender.elsewhere else nullcontext()
    with second as other:
        return sign_out(contender.entrance, site, server, other, number=_WHO_GOES)
