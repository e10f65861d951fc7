"""What is wrong with settings, in words."""

from typing import Final

from pydantic import ValidationError

_WORDS: Final = {
    "extra_forbidden": "there is no such setting: see `handstamp config show` for the names",
    "string_pattern_mismatch": "write a path in small letters, digits, - and _, such as /auth",
}
"""What to do, where pydantic says only what is wrong. One field has a pattern: ``mount``."""


def in_words(error: ValidationError) -> str:
    """All faults, in one line. No value is repeated: it may be a secret."""
    lines: list[str] = []
    for fault in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in fault["loc"])
        message = _WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        lines.append(f"{name}: {message}" if name else message)
    return "; ".join(lines)
