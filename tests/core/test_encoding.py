"""Strict base64url and JSON."""

import json
import re
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.encoding import (
    MAX_DEPTH,
    MAX_INTEGER_CHARACTERS,
    base64url_decode,
    base64url_encode,
    json_array,
    json_object,
)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.binary())
def test_what_was_encoded_is_decoded(data: bytes) -> None:
    """Any bytes come back."""
    assert base64url_decode(base64url_encode(data).encode()) == data


@given(st.binary(max_size=12) | st.text("AQgwZ_-=", max_size=9).map(str.encode))
def test_a_value_has_one_spelling(text: bytes) -> None:
    """What is decoded at all is spelled as the encoder spells it (JWT-06)."""
    try:
        data = base64url_decode(text)
    except ValueError:
        return
    assert base64url_encode(data).encode() == text


@pytest.mark.parametrize(
    "text",
    [
        b"A",
        b"AAAAA",
        b"QQ==",
        b"QQ=",
        b"QR",
        b"QUJ",
        b"Q+/=",
        b"QU JD",
        b"QUJD\n",
        b"\nQUJD",
        b"QUJD\0",
        b"QU\xc3\xa4",
    ],
    ids=repr,
)
def test_other_spellings_are_refused(text: bytes) -> None:
    """Impossible lengths, padding, unused bits, another alphabet, white space, NUL, non-ASCII (JWT-05, JWT-06)."""
    with pytest.raises(ValueError, match="canonical"):
        base64url_decode(text)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values))
def test_a_json_object_is_read(value: dict[str, Any]) -> None:
    """Whatever the standard encoder writes within the limits is read, escaped or not."""
    if len(re.findall(r"[\[{]", repr(value))) > MAX_DEPTH:
        return
    for ensure_ascii in (True, False):
        assert json_object(json.dumps(value, ensure_ascii=ensure_ascii).encode("utf-8")) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":"\n"}',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"\\u0062":2}}',
        b'{"a":[{"b":1,"b":2}]}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":' + b"9" * (MAX_INTEGER_CHARACTERS + 1) + b"}",
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-le"),
        "{}".encode("utf-32"),
    ],
    ids=lambda data: repr(data[:40]),
)
def test_what_another_parser_could_read_otherwise_is_refused(data: bytes) -> None:
    """Duplicates at any depth, other encodings, numbers without a value, no object (JWT-07, JWT-08, JWT-09)."""
    with pytest.raises(ValueError):  # noqa: PT011  one class for every fault; the wording is nobody's contract
        json_object(data)


def test_the_largest_integer_and_a_surrogate_pair_are_read() -> None:
    """The limits refuse nothing that is valid."""
    assert json_object(b'{"a":9223372036854775807,"b":"\\ud83d\\udd90"}') == {"a": 2**63 - 1, "b": "🖐"}


def test_depth_is_counted_before_the_parser_recurses() -> None:
    """A hundred thousand arrays are an ordinary refusal (JWT-12)."""
    with pytest.raises(ValueError, match="nested deeper"):
        json_object(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_depth_is_exact() -> None:
    """As deep as the limit is read, one deeper is refused."""
    assert json_object(b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}")
    with pytest.raises(ValueError, match="nested deeper"):
        json_object(b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}")


def test_a_json_array_is_read_as_strictly() -> None:
    """An object is none, and what is wrong in an object is wrong in an array."""
    assert json_array(b'[{"a": 1}, "\\u00e4", []]') == [{"a": 1}, "ä", []]
    for data in (b"{}", b"1", b"", b'[{"a": 1, "a": 2}]', b"[NaN]", b'["\\ud800"]', b"[1", b"[" * (MAX_DEPTH + 1)):
        with pytest.raises(ValueError, match=r"."):
            json_array(data)


def test_brackets_in_strings_and_side_by_side_are_not_depth() -> None:
    """Only what is inside something else counts."""
    value = {"a": '\\"' + "[{" * 50, "b": [[] for _ in range(50)]}
    assert json_object(json.dumps(value).encode()) == value


@given(st.binary())
def test_no_other_exception_leaves(data: bytes) -> None:
    """Arbitrary bytes raise ValueError or are read (JWT-17)."""
    for read in (base64url_decode, json_object):
        try:
            read(data)
        except ValueError:
            continue


def test_a_bad_last_character_takes_linear_time() -> None:
    """The pattern does not try again: a long input that fails at its end is refused like any other."""
    with pytest.raises(ValueError, match="canonical"):
        base64url_decode(urlsafe_b64encode(bytes(3_000_000)) + b"!")
