"""The plot: CPU per request, a bar for each contender, and who still lets a signed-out cookie in."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.svg import bar, image, text

_WIDTH: Final = 1080
_LEFT, _RIGHT, _TOP, _BOTTOM = 350, 270, 76, 40
_ROW, _BAR = 27, 15


@dataclass(frozen=True, slots=True)
class Bar:
    """A contender. Seconds of CPU per request."""

    name: str
    ours: bool
    unprotected: float
    added: float
    verdict: str
    """What a signed-out cookie met."""
    let_in: bool
    """That was the open door."""


def plot(bars: Sequence[Bar], *, title: str) -> str:
    """An SVG that can be read in light and dark; the shortest bars are above, by group."""
    ordered = sorted(bars, key=lambda one: (not one.ours, one.unprotected + one.added))
    height = _TOP + _ROW * len(ordered) + _BOTTOM
    top = max((one.unprotected + one.added) * 1e6 for one in ordered)
    step = _step(top)
    scale = (_WIDTH - _LEFT - _RIGHT) / (step * math.ceil(top / step))
    lines = [*_legend(title), *_grid(top, step, scale, height)]
    for number, one in enumerate(ordered):
        lines += _row(one, _TOP + _ROW * number, scale)
    return image(_WIDTH, height, "\n".join(lines), title=title)


def _legend(title: str) -> Iterator[str]:
    yield text(title, 16, 24, "title")
    for x, kind, what in (
        (16, "rest", "the same answer, unprotected"),
        (240, "k0", "added by handstamp"),
        (410, "k3", "added by another"),
    ):
        yield bar(x, 39, 12, 12, kind)
        yield text(what, x + 18, 49)
    yield text("after sign-out the old cookie is", _WIDTH - _RIGHT + 70, 49, "axis")


def _grid(top: float, step: float, scale: float, height: float) -> Iterator[str]:
    for number in range(math.ceil(top / step) + 1):
        x = _LEFT + number * step * scale
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{height - _BOTTOM}"/>'
        yield text(f"{number * step:g}", x, height - _BOTTOM + 16, "axis", "middle")
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield text("CPU of the server per request, µs", middle, height - _BOTTOM + 32, "axis", "middle")


def _row(one: Bar, y: float, scale: float) -> Iterator[str]:
    base, total = one.unprotected * 1e6 * scale, (one.unprotected + one.added) * 1e6 * scale
    yield text(one.name, _LEFT - 8, y + _BAR - 3, anchor="end")
    yield bar(_LEFT, y, min(base, total), _BAR, "rest")
    yield bar(_LEFT + base, y, total - base, _BAR, "k0" if one.ours else "k3")
    yield text(f"{_micros(one.unprotected)} + {_micros(one.added)}", _LEFT + total + 6, y + _BAR - 3, "axis")
    yield text(one.verdict, _WIDTH - _RIGHT + 70, y + _BAR - 3, "k1" if one.let_in else "k2")


def _micros(seconds: float) -> str:
    micros = seconds * 1e6
    return f"{micros:.1f}" if abs(micros) < 100 else f"{micros:.0f}"


def _step(top: float) -> float:
    """Between lines: 1, 2 or 5 times a power of ten, so that there are at most eight."""
    power: float = 10.0 ** math.floor(math.log10(top / 8))
    return next(power * factor for factor in (1, 2, 5, 10) if top / (power * factor) <= 8)
