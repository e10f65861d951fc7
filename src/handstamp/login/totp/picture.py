"""A QR code (ISO/IEC 18004), drawn by whoever shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from handstamp.core.errors import ConfigurationError

_QUIET: Final = 4
"""Modules of white around it (§6.3.8): without them a camera does not find the code on a dark page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A square of black and white modules. It shows a secret: keep it in no file and no log."""

    size: int
    """Modules on each side, the white around it counted in."""
    path: str
    """The black ones as the data of an SVG path (SVG 2 §9.3): letters and digits and nothing else."""

    def __repr__(self) -> str:
        return f"Picture({self.size})"

    @property
    def svg(self) -> str:
        """It as an SVG document, black on white whatever the page's colours, without a style or a script."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.size} {self.size}"'
            f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{self.size}v{self.size}H0z"/>'
            f'<path fill="#000" d="{self.path}"/></svg>'
        )


def picture_of(text: str) -> Picture:
    """The QR code of a text, with error correction M: an eighth of it may be hidden by a fold or a reflection.

    Raises:
        ConfigurationError: segno is not installed.
    """
    try:
        from segno import make_qr  # noqa: PLC0415  loaded when somebody sets up an app
    except ModuleNotFoundError as error:
        raise ConfigurationError("segno is missing: pip install 'handstamp[totp]'") from error
    rows = [list(row) for row in make_qr(text, error="m", boost_error=False).matrix_iter(border=_QUIET)]
    return Picture(len(rows), "".join(_bars(rows)))


def _bars(rows: Iterable[Iterable[int]]) -> Iterator[str]:
    """A bar for each run of black modules in a row."""
    for y, row in enumerate(rows):
        x = 0
        for black, run in groupby(row):
            length = sum(1 for _ in run)
            if black:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
