"""The plot of ``make soak``: what the process has resident over the sessions that came and went. An SVG."""

from collections.abc import Sequence
from typing import Final

from bench.soak_process import Sample
from bench.svg import image, text

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
            text(size, _LEFT - 8, y + 4, "axis", "end"),
            text(sessions, x, _HEIGHT - 28, "axis", "middle"),
        ]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    title = "Memory while sessions come and go"
    body = [
        text(title, _LEFT, 24, "title"),
        *lines,
        f'<path class="line k0" d="M{path}"/>',
        text("sessions so far", _WIDTH / 2, _HEIGHT - 8, "axis", "middle"),
    ]
    return image(_WIDTH, _HEIGHT, "\n".join(body), title=title)
