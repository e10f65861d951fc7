"""base64url and JSON, read strictly: one value has one spelling, and no two parsers read it differently.

The general parsers are lenient where a signature is at stake: they skip foreign characters and unused bits, let
the last of two members win, guess UTF-16, and recurse as deep as the sender likes. These raise ValueError
instead, and no other exception.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 16
"""Objects and arrays inside each other. Ours nest once, a JWK Set thrice."""
MAX_INTEGER_CHARACTERS: Final = 19
"""Enough for 2⁶³ - 1. Conversion of decimal digits takes quadratic time."""

CANONICAL: Final = r"(?:[A-Za-z0-9_-]{4})*+(?:[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?+"
"""A pattern for canonical base64url: no padding, and no bit set among those that the last character has to spare.

Possessive, so that a mismatch takes linear time; therefore the longer end comes first.
"""

_canonical: Final = re.compile(CANONICAL.encode("ascii")).fullmatch
_strings_and_brackets: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL).finditer


def base64url_encode(data: bytes) -> str:
    """Encode without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def base64url_decode(text: bytes) -> bytes:
    """Decode canonical base64url without padding (RFC 7515 §2, RFC 4648 §3.5).

    Raises:
        ValueError: A character outside the alphabet, padding, an impossible length, or an unused bit that is set.
    """
    if not _canonical(text):
        raise ValueError("not canonical base64url")
    return decode_canonical(text)


def decode_canonical(text: bytes) -> bytes:
    """Decode what is known to match ``CANONICAL``."""
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def json_object(data: bytes) -> dict[str, Any]:
    """Read a JSON object in UTF-8 (RFC 8259, I-JSON where it is stricter: RFC 7493).

    Raises:
        ValueError: Not UTF-8, a byte order mark, not JSON, not an object, a member twice at any depth, deeper
            than ``MAX_DEPTH``, an integer longer than ``MAX_INTEGER_CHARACTERS``, a number without a finite value,
            or half of a surrogate pair.
    """
    value = _value(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  one class for every fault of the sender
    return value


def json_array(data: bytes) -> list[Any]:
    """Read a JSON array as strictly as ``json_object`` reads an object.

    Raises:
        ValueError: As for ``json_object``; an object is no array.
    """
    value = _value(data)
    if not isinstance(value, list):
        raise ValueError("not a JSON array")  # noqa: TRY004  one class for every fault of the sender
    return value


def _value(data: bytes) -> object:
    text = data.decode("utf-8")
    _check_depth(text)
    value: object = _decoder.decode(text)
    if "\\u" in text:
        # An escape may spell half a surrogate pair: a string that cannot be written anywhere.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the recursive parser sees it."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _strings_and_brackets(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif match[0] in "]}":
            depth -= 1


def _unique(members: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(members)
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a member twice")
    return result


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_CHARACTERS:
        raise ValueError("an integer too long to be meant")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if value - value != 0:
        raise ValueError("a number too large to be represented")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_finite,
    parse_constant=_no_constant,
)
