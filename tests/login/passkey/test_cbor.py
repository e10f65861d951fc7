"""What is let through to the decoder of CBOR: what authenticators write."""

from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.login.passkey.cbor import MAX_DEPTH, check_item, end_of_item

PLAIN = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=30) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 99) | st.text(max_size=3), inner),
    max_leaves=6,
)


def depth(value: object) -> int:
    """Of lists and maps."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(PLAIN.filter(lambda value: depth(value) <= MAX_DEPTH))
def test_what_authenticators_write_passes(value: object) -> None:
    """Integers, strings, arrays, maps, false, true and null, of any length that is said."""
    data = cbor2.dumps(value)
    check_item(data)
    assert end_of_item(b"x" + data + b"more", 1) == len(data) + 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x02",
        b"\x18",
        b"\x42a",
        b"\x5b" + b"\xff" * 8,
        b"\x82\x01",
        b"\xa1\x01",
        b"\x9b" + b"\xff" * 8,
        b"\x5f\x41a\xff",
        b"\x9f\xff",
        b"\xc1\x01",
        cbor2.dumps(cbor2.CBORTag(28, [])),
        cbor2.dumps(1.5),
        cbor2.dumps(cbor2.undefined),
        b"\xf8\x14",
        b"\x1c",
        b"\x81" * (MAX_DEPTH + 1) + b"\x01",
        b"\x81" * 16_000,
    ],
)
def test_everything_else_does_not(data: bytes) -> None:
    """Tags, floats, lengths that are not said or cannot be, more depth, and what is cut off."""
    with pytest.raises(ValueError, match="the CBOR"):
        check_item(data)


@given(st.binary(max_size=200))
def test_noise_raises_nothing_else(data: bytes) -> None:
    """One error for whatever was sent."""
    with suppress(ValueError):
        check_item(data)
