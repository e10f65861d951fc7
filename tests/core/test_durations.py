"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("30", 30),
        ("30s", 30),
        ("30 s", 30),
        (" 15m ", 900),
        ("12h", 43200),
        ("7d", 604800),
        ("1.5h", 5400),
        ("0.125s", 0.125),
        ("999999999", 999_999_999),
        (900, 900),
        (2.5, 2.5),
    ],
)
def test_a_duration_is_read_as_seconds(text: str | float, seconds: float) -> None:
    """A number with s, m, h or d behind it; without a unit it is seconds."""
    assert parse_duration(text) == seconds


WRONG = (
    *("", "s", "-1", "-1s", "+1", "1w", "1M", "1 0s", "1m30s", "1,5h", ".5h", "1.", "1.2345s", "1e3", "nan", "inf"),
    *("1234567890s", "\u0661m", "1m\n2", "1  s"),  # one of them a digit of another script
    *(True, False, -1, -0.5, float("nan"), float("inf"), 1e300),
)


@pytest.mark.parametrize("text", WRONG)
def test_anything_else_is_refused_with_what_to_write(text: str | float) -> None:
    """Digits of other scripts, signs, two units and booleans included."""
    with pytest.raises(ValueError, match="write 30s, 15m, 12h or 7d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (1, "1s"),
        (0.001, "0.001s"),
        (90, "90s"),
        (900, "15m"),
        (5400, "90m"),
        (43200, "12h"),
        (86400, "1d"),
        (30 * 86400, "30d"),
        (100_000, "100000s"),
        (1_234_567, "1234567s"),
        (1000.125, "1000.125s"),
        (1_234_567 * 86400, "1234567d"),
    ],
)
def test_a_duration_is_written_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    """Without an exponent and without loss, however long it is."""
    assert format_duration(seconds) == text


@given(st.integers(0, 999_999_999_999))
def test_what_is_written_reads_as_the_same_number(milliseconds: int) -> None:
    """To the millisecond, up to 31 years."""
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds
