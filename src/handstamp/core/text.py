"""Text of strangers, made fit to be kept by every store and to be shown.

Two things can be in a Python string, come from JSON or a request, and cannot be in every store: NUL, which PostgreSQL
has no room for, and lone surrogates (RFC 8259 §8.2), which UTF-8 has no bytes for.
"""

import re
from typing import Final

_NOT_KEPT: Final = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"
_ASCII_LOWER: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def N_(text: str) -> str:  # noqa: N802  the name that tools of gettext look for
    """The same text, marked for translators: it is translated where it is shown."""
    return text


def can_be_kept(text: str) -> bool:
    """Whether every store gives a text back unchanged. What names something, and cannot be kept, names nothing."""
    return _NOT_KEPT.search(text) is None


def keepable(text: str) -> str:
    """A text with U+FFFD for each character that not every store can keep: for what is kept as evidence."""
    return _NOT_KEPT.sub(_REPLACEMENT, text)


def readable(text: str | None) -> str | None:
    """A text for people, on one line: without control characters and marks that nobody sees; None if nothing is left.

    The right-to-left override is such a mark: it would make people read another name than the one that is there.
    """
    if text is None:
        return None
    return "".join(character for character in text if character.isprintable()).strip() or None


def lower_ascii(text: str) -> str:
    """A text with the ASCII letters in lower case and all others as they are: how addresses and usernames compare.

    Every store can do it alike. For other letters the rules differ between databases, languages and years.
    """
    return text.translate(_ASCII_LOWER)
