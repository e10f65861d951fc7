"""A look at CBOR before it is decoded: only what authenticators may write (CTAP 2.1 §8, canonical CBOR).

The general decoder knows far more than they use: tags that stand for dates, regular expressions and shared
references, lengths that are not said beforehand, and any depth. What a stranger sends does not get that far.
"""

from typing import Final, NoReturn

MAX_DEPTH: Final = 4
"""Maps and arrays inside each other (CTAP 2.1 §8: "the depth of nested CBOR structures … at most four levels")."""

_LENGTH_BYTES: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_FALSE_TRUE_NULL: Final = (20, 21, 22)


def end_of_item(data: bytes, start: int = 0, *, depth: int = 0) -> int:
    """Where the CBOR item that begins at ``start`` ends.

    Raises:
        ValueError: It ends too early, is nested too deep, or is something that no authenticator writes.
    """
    kind, argument, position = _head(data, start)
    if kind in {_UNSIGNED, _NEGATIVE}:
        return position
    if kind in {_BYTES, _TEXT}:
        if argument > len(data) - position:
            _refuse("ends too early")
        return position + argument
    if kind == _SIMPLE:
        if data[start] & 0x1F not in _FALSE_TRUE_NULL:
            _refuse("holds what no authenticator writes")
        return position
    if kind == _TAG:
        _refuse("holds a tag")
    if depth >= MAX_DEPTH:
        _refuse(f"is nested deeper than {MAX_DEPTH}")
    for _ in range(argument * (2 if kind == _MAP else 1)):  # each item takes a byte, or this ends at the first
        position = end_of_item(data, position, depth=depth + 1)
    return position


def check_item(data: bytes) -> None:
    """See that this is one CBOR item and nothing else.

    Raises:
        ValueError: It is not.
    """
    if end_of_item(data) != len(data):
        _refuse("goes on after its end")


def _head(data: bytes, start: int) -> tuple[int, int, int]:
    """Major type, argument, and where the head ends (RFC 8949 §3)."""
    if start >= len(data):
        _refuse("ends too early")
    kind, short = data[start] >> 5, data[start] & 0x1F
    if short < min(_LENGTH_BYTES):
        return kind, short, start + 1
    size = _LENGTH_BYTES.get(short)
    if size is None:
        _refuse("does not say how long it is")
    end = start + 1 + size
    if end > len(data):
        _refuse("ends too early")
    return kind, int.from_bytes(data[start + 1 : end], "big"), end


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"the CBOR {what}")
