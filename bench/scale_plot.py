"""The plot: time until the answer over the number of sessions, a panel for each store. An SVG, without a library."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from bench.svg import image

Line = Sequence[tuple[int, float]]
"""Sessions, and seconds."""

_WIDTH: Final = 400
"""Of a panel, with its labels."""
_HEIGHT: Final = 470
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 112, 52, 46
_APART: Final = 13
"""From one label to the next, at least."""


@dataclass(frozen=True, slots=True)
class _Axes:
    """From sessions and seconds to the place in a panel, both by their logarithm."""

    sizes: tuple[float, float]
    seconds: tuple[float, float]

    def x(self, size: float) -> float:
        low, high = (math.log10(end) for end in self.sizes)
        return _LEFT + (math.log10(size) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, seconds: float) -> float:
        low, high = (math.log10(end) for end in self.seconds)
        return _HEIGHT - _BOTTOM - (math.log10(seconds) - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def plot(panels: Mapping[str, Mapping[str, Line]], *, title: str) -> str:
    """An SVG that can be read in light and dark.

    Args:
        panels: By the name of a store, by the name of an operation, its line. All times are above 0.
        title: What is shown.
    """
    points = [point for lines in panels.values() for line in lines.values() for point in line]
    axes = _Axes(_sizes([size for size, _ in points]), _decades([seconds for _, seconds in points]))
    width = _WIDTH * len(panels)
    body = "\n".join(
        f'<g transform="translate({_WIDTH * number} 0)">\n' + "\n".join(_panel(name, lines, axes)) + "\n</g>"
        for number, (name, lines) in enumerate(panels.items())
    )
    return image(width, _HEIGHT, body, title=title)


def _panel(name: str, lines: Mapping[str, Line], axes: _Axes) -> Iterator[str]:
    right = _WIDTH - _RIGHT
    yield f'<text class="title" x="{_LEFT}" y="22">{escape(name)}</text>'
    yield f'<text class="axis" x="{_LEFT}" y="40">time until the answer</text>'
    yield f'<text class="axis" x="{(_LEFT + right) / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">sessions</text>'
    for seconds in _powers(*axes.seconds):
        y = axes.y(seconds)
        yield f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_time(seconds)}</text>'
    for size in sorted({size for line in lines.values() for size, _ in line}):
        yield (
            f'<text class="axis" x="{axes.x(size):.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
            f'text-anchor="middle">{_count(size)}</text>'
        )
    ends = sorted(((axes.y(line[-1][1]), operation) for operation, line in lines.items()), reverse=True)
    order = {operation: number for number, operation in enumerate(lines)}
    for (end, operation), label in zip(ends, _spread([y for y, _ in ends]), strict=True):
        kind, line = f"k{order[operation] % 4}", lines[operation]
        places = [(axes.x(size), axes.y(seconds)) for size, seconds in line]
        yield f'<path class="line {kind}" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
        yield from (f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
        yield f'<path class="lead {kind}" d="M{places[-1][0] + 4:.1f} {end:.1f} L{right + 18} {label:.1f}"/>'
        yield f'<text class="{kind}" x="{right + 21}" y="{label + 4:.1f}">{escape(operation)}</text>'


def _spread(places: Sequence[float]) -> list[float]:
    """Where the labels go: beside their lines, from the lowest up, none over another and none below the axis."""
    labels: list[float] = []
    for place in places:
        labels.append(min(place, labels[-1] - _APART) if labels else place)
    return labels


def _sizes(sizes: Sequence[float]) -> tuple[float, float]:
    low, high = min(sizes), max(sizes)
    return (low, high) if low < high else (low / 10, high * 10)


def _decades(seconds: Sequence[float]) -> tuple[float, float]:
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _powers(low: float, high: float) -> list[float]:
    return [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)]


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.99:
            return f"{seconds / size:g} {unit}"
    return f"{seconds / 1e-6:g} µs"


def _count(size: int) -> str:
    for unit, factor in (("million", 1_000_000), ("thousand", 1_000)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return str(size)
