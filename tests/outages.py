"""What each kind of request gets while a store is in trouble: the table of ``docs/outages.md``, which tests run.

The table on the page is written from here by ``python tests/outages.py``, and ``journeys/test_outages_*.py`` bring
real servers into each state and ask. So the page can say nothing that was not seen.
"""

from enum import StrEnum
from typing import Final

from generated import DOCS, table


class State(StrEnum):
    """What a store can come to. The value is the head of a column."""

    GONE = "gone"
    SILENT = "silent"
    BUSY = "out of connections"
    READ_ONLY = "read-only"
    FULL = "full"
    BACK = "back, as it was"
    EMPTY = "back, empty"


SERVED: Final = "served"
OUTAGE: Final = "503"
ENDED: Final = "401 `unknown`"
UNTOLD: Final = "served, nothing sent"
OPEN: Final = "stays open"

_NOBODY_CARES: Final = (SERVED,) * 7
_READS: Final = (OUTAGE, OUTAGE, OUTAGE, SERVED, SERVED, SERVED, ENDED)
_WRITES: Final = (OUTAGE, OUTAGE, OUTAGE, OUTAGE, OUTAGE)

_CELLS: Final[dict[str, tuple[str, ...]]] = {
    "protected, in memory, within the lease": (OUTAGE, SERVED, SERVED, SERVED, SERVED, SERVED, ENDED),
    "protected, in memory, after the lease": _READS,
    "protected, not in memory": _READS,
    "`require(strict=True)`": _READS,
    "optional, with a session": (*_READS[:-1], "anonymous"),
    "optional, without a cookie": ("anonymous",) * 7,
    "protected, without a cookie": ("401 `unauthenticated`",) * 7,
    "protected, with a bad signature": ("401 `invalid_token`",) * 7,
    "a route that asks nobody": _NOBODY_CARES,
    "`GET /auth/session`": (*_READS[:-1], "`unknown`"),
    "setting out to sign in": _NOBODY_CARES,
    "coming back to sign in": (*_WRITES, "signed in", "signed in"),
    "`POST /auth/logout`": (*_WRITES, "signed out", "signed out"),
    "ending another session": (*_WRITES, "ended", ENDED),
    "a token that is due to be replaced": (
        OUTAGE,
        OUTAGE,
        OUTAGE,
        UNTOLD,
        UNTOLD,
        "served, successor sent",
        ENDED,
    ),
    "an open WebSocket": (*((OPEN,) * 6), "closed, 4401 `unknown`"),
    "an open event stream": (*((OPEN,) * 6), "ended"),
    "`GET /auth/healthz`": _NOBODY_CARES,
    "`GET /auth/readyz`": (OUTAGE, OUTAGE, OUTAGE, SERVED, SERVED, SERVED, SERVED),
}

TABLE: Final = {request: dict(zip(State, cells, strict=True)) for request, cells in _CELLS.items()}
"""What each kind of request gets in each state."""

PAGE: Final = DOCS / "outages.md"
BEGIN: Final = "<!-- from tests/outages.py: after a change, run `python tests/outages.py` -->\n"
END: Final = "\n<!-- so far -->"


def expected(state: State) -> dict[str, str]:
    """What each kind of request gets in one state."""
    return {request: cells[state] for request, cells in TABLE.items()}


def page_as_it_should_be() -> str:
    """The page, with the table as it is here."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [(request, *cells.values()) for request, cells in TABLE.items()]
    return f"{before}{BEGIN}\n{table(('', *State), rows)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_as_it_should_be(), encoding="utf-8")
