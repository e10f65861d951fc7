"""What each operation asks of its stores: the table of ``docs/costs.md``, which a test holds to the number.

The table on the page is written from here by ``python tests/costs.py``. The test does each operation over real
stores and counts what leaves the process (``parts/taps.py``), so that whoever changes a count changes it here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import costs_world as world
from generated import DOCS, table


class Place(StrEnum):
    """Where something is asked. The value is the head of a column."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"
    MONGODB = "MongoDB"
    VALKEY = "Valkey"
    BESIDE = "SQLite beside it"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done, and what it asks in each place."""

    prepare: Callable[[world.Shop, int], Awaitable[world.Act]]
    costs: tuple[str, ...]
    """In the order of ``Place``; n is the number of sessions."""
    of_many: bool = False
    """Whether it is about n sessions."""


_NOTHING: Final = ("0", "0", "0", "0", "0")

TABLE: Final = {
    "a request for a session in memory": Operation(world.known, _NOTHING),
    "the first sight of a token": Operation(world.first_sight, ("2", "2", "2", "1", "1")),
    "`require(strict=True)`": Operation(world.strict, ("2", "2", "2", "1", "1")),
    "a token whose session is over": Operation(world.over, ("1", "1", "1", "1", "0")),
    "a bad signature": Operation(world.forged, _NOTHING),
    "optional, without a cookie": Operation(world.anonymous, _NOTHING),
    "a token that is due to be replaced": Operation(world.due, ("6", "6", "4", "3", "1")),
    "the first request with its successor": Operation(world.successor, ("6", "6", "4", "3", "1")),
    "setting out to sign in": Operation(world.sets_out, _NOTHING),
    "coming back, known": Operation(world.comes_back_known, ("24", "22", "9", "2", "18")),
    "coming back, new": Operation(world.comes_back_new, ("26", "22", "11", "2", "20")),
    "`POST /auth/logout`": Operation(world.signs_out, ("6", "4", "2", "1", "3")),
    "ending another session": Operation(world.ends_one, ("6", "4", "2", "1", "3")),
    "ending all n of a user": Operation(world.ends_all, ("5 + n", "4", "4", "1", "2 + n"), of_many=True),
    "a list of n": Operation(world.lists, ("3", "1", "1", "1", "0"), of_many=True),
    "a role given, another taken": Operation(world.roles, ("9", "7", "2", "0", "9")),
    "disabling a user who has n": Operation(world.disables, ("12 + n", "9", "6", "1", "9 + n"), of_many=True),
    "deleting a user who has n": Operation(world.deletes, ("15 + n", "12", "9", "1", "12 + n"), of_many=True),
    "times of use of n": Operation(world.uses, ("2 + n", "3", "1", "1", "0"), of_many=True),
    "a batch of n that have expired": Operation(world.purges, ("6", "1", "2", "1", "0"), of_many=True),
}

PAGE: Final = DOCS / "costs.md"
BEGIN: Final = "<!-- from tests/costs.py: after a change, run `python tests/costs.py` -->\n"
END: Final = "\n<!-- so far -->"


def formula(counts: dict[int, int]) -> str:
    """How a count grows with n: ``3`` if it does not, ``2 + n`` if by one for each."""
    (fewer, few), (more, many) = min(counts.items()), max(counts.items())
    each = (many - few) // (more - fewer) if more > fewer else 0
    fixed = few - each * fewer
    assert counts == {n: fixed + each * n for n in counts}, f"neither constant nor linear: {counts}"
    return f"{fixed}" if not each else f"{fixed} + {'' if each == 1 else each}n"


def expected(place: Place) -> dict[str, str]:
    """What each operation asks in one place."""
    return {name: dict(zip(Place, one.costs, strict=True))[place] for name, one in TABLE.items()}


def page_as_it_should_be() -> str:
    """The page, with the table as it is here."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [(name, *one.costs) for name, one in TABLE.items()]
    return f"{before}{BEGIN}\n{table(('', *Place), rows)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_as_it_should_be(), encoding="utf-8")
