"""What the plots have in common: SVG without a library, readable in light and dark."""

from html import escape
from typing import Final

_STYLE: Final = """
  svg { background: #fff; }
  text { font: 12px system-ui, sans-serif; fill: #33373f; }
  .title { font-size: 15px; font-weight: 600; }
  .axis { fill: #6a707c; font-size: 11px; }
  .grid { stroke: #e3e5ea; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .k0 { stroke: #1f5fbf; } .k0:is(text, circle, rect) { fill: #1f5fbf; stroke: none; }
  .k1 { stroke: #b3470f; } .k1:is(text, circle, rect) { fill: #b3470f; stroke: none; }
  .k2 { stroke: #1d7a46; } .k2:is(text, circle, rect) { fill: #1d7a46; stroke: none; }
  .k3 { stroke: #7a3fb0; } .k3:is(text, circle, rect) { fill: #7a3fb0; stroke: none; }
  .rest { fill: #c3c8d2; }
  .lead { stroke-width: 0.7; opacity: 0.6; fill: none; }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181d; }
    text { fill: #dfe2e8; } .axis { fill: #9aa1ae; } .grid { stroke: #2d313a; }
    .k0 { stroke: #7fb0ff; } .k0:is(text, circle, rect) { fill: #7fb0ff; }
    .k1 { stroke: #ff9d66; } .k1:is(text, circle, rect) { fill: #ff9d66; }
    .k2 { stroke: #6fd39b; } .k2:is(text, circle, rect) { fill: #6fd39b; }
    .k3 { stroke: #c79bf2; } .k3:is(text, circle, rect) { fill: #c79bf2; }
    .rest { fill: #4a505d; }
  }
"""


def image(width: float, height: float, body: str, *, title: str) -> str:
    """The whole file."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{_STYLE}</style>\n{body}\n</svg>\n'
    )


def text(content: str, x: float, y: float, kind: str = "", anchor: str = "start") -> str:
    """A line of text that begins at a place, or ends there, or has its middle there."""
    marked = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}"{placed}>{escape(content)}</text>'


def bar(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A filled rectangle."""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"/>'
