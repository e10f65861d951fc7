"""What was found, as tables and as the lines of a plot."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.scale_costs import OPERATIONS, Cost
from bench.scale_places import Disk
from bench.scale_plot import Line
from bench.scale_purge import Purge, Spread

STORES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

_LABELS: Final = {
    "request": "a request",
    "sight": "first sight",
    "rotate": "rotation",
    "touch": "time of use",
    "start": "sign-in",
    "end": "sign-out",
    "list": "list of 5",
    "end_all": "end all 5",
}
"""What is drawn, and what its line is called."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A place, and what was found there."""

    store: str
    sessions: int
    users: int
    filled_in: float
    """Seconds."""
    disk: Disk
    purge: Purge
    opening: list[Cost]
    operations: dict[str, list[Cost]]
    """By operation, for each round."""


def report(found: Sequence[Measured], about: Mapping[str, str]) -> Iterator[str]:
    """The lines of a page in Markdown."""
    for store in dict.fromkeys(place.store for place in found):
        places = [place for place in found if place.store == store]
        yield f"## {STORES[store]}\n"
        yield from _operations(places)
        yield from _rest(places)
    yield "; ".join(f"{name} {value}" for name, value in about.items()) + "."


def lines(found: Sequence[Measured]) -> dict[str, dict[str, Line]]:
    """By store and operation: the median wall time over the number of sessions."""
    return {
        STORES[store]: {
            label: [
                (place.sessions, _median(place.operations[name], lambda cost: cost.wall))
                for place in found
                if place.store == store
            ]
            for name, label in _LABELS.items()
        }
        for store in dict.fromkeys(place.store for place in found)
    }


def _operations(places: Sequence[Measured]) -> Iterator[str]:
    sizes = [f"{place.sessions:,}" for place in places]
    yield f"| µs, CPU / wall | {' | '.join(sizes)} | CPU, most beside fewest | longest wall |"
    yield f"|---|{'--:|' * (len(sizes) + 2)}"
    for name, meaning in OPERATIONS.items():
        cells = [
            f"{_micros(_median(costs, lambda cost: cost.cpu))} / {_micros(_median(costs, lambda cost: cost.wall))}"
            for costs in (place.operations[name] for place in places)
        ]
        fewest, most = places[0].operations[name], places[-1].operations[name]
        ratio = median(after.cpu / before.cpu for before, after in zip(fewest, most, strict=True))
        yield f"| {meaning} | {' | '.join(cells)} | {ratio:.2f} | {_micros(max(cost.longest for cost in most))} |"
    yield ""


def _rest(places: Sequence[Measured]) -> Iterator[str]:
    yield f"| | {' | '.join(f'{place.sessions:,}' for place in places)} |"
    yield f"|---|{'--:|' * len(places)}"
    for name, cell in _REST:
        yield f"| {name} | {' | '.join(cell(place) for place in places)} |"
    yield ""


def _waits(spread: Spread) -> str:
    return f"{spread.p50 * 1e3:.1f} / {spread.p99 * 1e3:.1f} / {spread.longest * 1e3:.1f}"


def _median(costs: Sequence[Cost], of: Callable[[Cost], float]) -> float:
    return median(map(of, costs))


def _micros(seconds: float) -> str:
    micros = seconds * 1e6
    return f"{micros:,.0f}" if micros >= 100 else f"{micros:.1f}" if micros >= 10 else f"{micros:.2f}"


_REST: Final[tuple[tuple[str, Callable[[Measured], str]], ...]] = (
    ("users", lambda place: f"{place.users:,}"),
    ("made in, s", lambda place: f"{place.filled_in:,.0f}"),
    ("on disk, whole database, MB", lambda place: f"{place.disk.whole / 1e6:,.0f}"),
    ("bytes per session: table", lambda place: f"{place.disk.table / place.sessions:.0f}"),
    ("bytes per session: indexes", lambda place: f"{place.disk.indexes / place.sessions:.0f}"),
    (
        "from `Auth` to the first answer, ms",
        lambda place: f"{_median(place.opening, lambda one: one.wall) * 1e3:.1f}",
    ),
    ("purge: rows", lambda place: f"{place.purge.rows:,}"),
    ("purge: rows per second", lambda place: f"{place.purge.rows / place.purge.seconds:,.0f}"),
    ("a batch: p50 / p99 / longest, ms", lambda place: _waits(place.purge.batches)),
    ("sign-in by another process, no purge, ms", lambda place: _waits(place.purge.writer_alone)),
    ("… while rows are removed, ms", lambda place: _waits(place.purge.writer_beside)),
    ("sign-in by the process that removes, ms", lambda place: _waits(place.purge.writer_within)),
    ("load of a session by that process, ms", lambda place: _waits(place.purge.reader_within)),
    ("its event loop late by, ms", lambda place: _waits(place.purge.loop_within)),
)
