"""Identifiers and other random values."""

from base64 import urlsafe_b64decode
from unittest.mock import patch
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.ids import new_id, new_secret, new_session_id

NOW = 1_800_000_000.0


def unpadded(text: str) -> bytes:
    """The bytes behind base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_an_id_is_a_uuid_of_version_7() -> None:
    """Version and variant are those of RFC 9562 §5.7, in the usual spelling."""
    text = new_id(NOW)
    value = UUID(text)
    assert (value.version, value.variant) == (7, RFC_4122)
    assert str(value) == text


@pytest.mark.parametrize("bits", [0, 1, (1 << 62) - 1, 1 << 62, (1 << 74) - 1])
def test_random_bits_stay_out_of_version_and_variant(bits: int) -> None:
    """Also where all of them are 0 or 1; and none of the 74 is lost."""
    with patch("handstamp.core.ids.secrets.randbits", return_value=bits) as randbits:
        value = UUID(new_id(NOW))
    randbits.assert_called_once_with(74)
    assert (value.version, value.variant) == (7, RFC_4122)
    assert (value.int >> 64 & 0xFFF) << 62 | value.int & ((1 << 62) - 1) == bits


@given(st.floats(0, 2**38))
def test_an_id_begins_with_its_milliseconds(now: float) -> None:
    """48 bits of them, which last until the year 10889."""
    assert UUID(new_id(now)).int >> 80 == int(now * 1000)


def test_ids_of_later_milliseconds_sort_behind_earlier_ones() -> None:
    """As text, which is how a store sorts them."""
    ids = [new_id(NOW + step / 1000) for step in range(0, 5000, 7)]
    assert ids == sorted(ids)


def test_ids_of_one_millisecond_differ() -> None:
    """74 random bits see to it."""
    assert len({new_id(NOW) for _ in range(10_000)}) == 10_000


def test_a_session_id_is_128_random_bits() -> None:
    """22 characters of base64url (SES-04)."""
    ids = {new_session_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(one) for one in ids} == {22}
    assert {len(unpadded(one)) for one in ids} == {16}


def test_a_secret_is_256_random_bits() -> None:
    """43 characters of base64url."""
    values = {new_secret() for _ in range(1000)}
    assert len(values) == 1000
    assert {len(one) for one in values} == {43}
    assert {len(unpadded(one)) for one in values} == {32}


def test_each_bit_of_session_ids_and_secrets_varies() -> None:
    """No bit is always 0 or always 1."""
    for make in (new_session_id, new_secret):
        values = [int.from_bytes(unpadded(make())) for _ in range(200)]
        all_bits = (1 << (8 * len(unpadded(make())))) - 1
        ones, zeros = 0, 0
        for value in values:
            ones |= value
            zeros |= ~value & all_bits
        assert ones == zeros == all_bits
