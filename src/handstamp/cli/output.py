"""What commands print: tables for people, JSON for scripts."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

_WIDEST: Final = 10_000
_NARROWEST: Final = 16
"""Characters that a column which wraps keeps on the narrowest terminal."""


def printable(text: str) -> str:
    """Text of strangers, fit for a terminal: what steers one or cannot be seen is shown as an escape (CWE-150)."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def print_json(value: object) -> None:
    """One JSON document, in ASCII."""
    typer.echo(json.dumps(value, indent=2))


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, wraps: frozenset[str] = frozenset()
) -> None:
    """A table: lined on a terminal, plain columns and one line a row elsewhere.

    Args:
        headings: Of the columns.
        rows: Cells, as many as there are headings.
        wraps: Headings of the columns that may be broken on a narrow terminal. All others, ids above all, stay
            whole, so that they can be copied; the terminal's own wrapping comes first.
    """
    from rich import box  # noqa: PLC0415  rich takes 40 ms, and most commands print no table
    from rich.console import Console  # noqa: PLC0415  the same
    from rich.measure import Measurement  # noqa: PLC0415  the same
    from rich.table import Table  # noqa: PLC0415  the same
    from rich.text import Text  # noqa: PLC0415  the same

    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for heading in headings:
        may_wrap = heading in wraps
        table.add_column(heading, no_wrap=not may_wrap, overflow="fold", min_width=_NARROWEST if may_wrap else None)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    needs = Measurement.get(console, console.options.update(width=_WIDEST), table)
    console.width = max(console.width, needs.minimum) if console.is_terminal else needs.maximum
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())
