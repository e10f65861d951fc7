"""The plot of ``make soak``: what the process has resident over the sessions that came and went. An SVG."""

from collections.abc import Sequence
from typing import Final

from bench.scale_plot import STYLE
from bench.soak_process import Sample

_WIDTH: Final = 720
_HEIGHT: Final = 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 50, 46


def plot(samples: Sequence[Sample]) -> str:
    """Both axes begin at zero, so that a slope looks as steep as it is."""
    most_sessions, most_bytes = samples[-1].sessions, 1.1 * max(sample.resident for sample in samples)
    places = [
        (
            _LEFT + sample.sessions / most_sessions * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - sample.resident / most_bytes * (_HEIGHT - _TOP - _BOTTOM),
        )
        for sample in samples
    ]
    lines: list[str] = []
    for number in range(5):
        y = _HEIGHT - _BOTTOM - number / 4 * (_HEIGHT - _TOP - _BOTTOM)
        x = _LEFT + number / 4 * (_WIDTH - _LEFT - _RIGHT)
        size, sessions = f"{number / 4 * most_bytes / 1e6:.0f} MB", f"{number / 4 * most_sessions:,.0f}"
        lines += [
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{size}</text>',
            f'<text class="axis" x="{x:.1f}" y="{_HEIGHT - 28}" text-anchor="middle">{sessions}</text>',
        ]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    title = "Memory while sessions come and go"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{title}">\n<style>{STYLE}</style>\n'
        f'<text class="title" x="{_LEFT}" y="24">{title}</text>\n' + "\n".join(lines) + "\n"
        f'<path class="line k0" d="M{path}"/>\n'
        f'<text class="axis" x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">sessions so far</text>\n'
        "</svg>\n"
    )
