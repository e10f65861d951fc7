"""Which addresses may stand in a page. Escaping keeps them inside their attribute; it does not judge them."""

from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SPACE_AND_CONTROLS: Final = frozenset(map(chr, (*range(0x21), 0x7F)))
"""Browsers drop some of these inside an address, so that what was judged is not what is followed."""


def is_link(href: str) -> bool:
    """Whether ``href`` is a path of this site, or an absolute http(s) address."""
    if href.startswith("/"):
        return _is_clean(href) and not href.startswith("//")
    return _absolute(href) is not None


def is_picture(src: str) -> bool:
    """Whether a page may show the picture at ``src``: https, or http on loopback."""
    parts = _absolute(src)
    return parts is not None and (parts.scheme == "https" or parts.hostname in _LOOPBACK)


def path_segment(text: str) -> str:
    """``text`` as one segment of a path: slashes are encoded too."""
    return quote(text, safe="")


def _absolute(address: str) -> SplitResult | None:
    if not _is_clean(address):
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} and host else None


def _is_clean(address: str) -> bool:
    return "\\" not in address and _SPACE_AND_CONTROLS.isdisjoint(address)
