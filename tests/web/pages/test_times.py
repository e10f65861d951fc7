"""Times in words."""

import pytest

from handstamp.web.pages import times

NOW = 1_795_450_800.0


def test_iso_is_utc_to_the_second() -> None:
    """Fractions are dropped, not rounded."""
    assert times.iso(NOW + 0.9) == "2026-11-23T16:20:00Z"


def test_day_has_no_leading_zero() -> None:
    """A day is written as people write it."""
    assert times.day(NOW - 20 * 86400) == "3 November 2026"


def test_moment_names_its_zone() -> None:
    """A time of day without a zone would mislead."""
    assert times.moment(NOW) == "23 November 2026, 16:20 UTC"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (-30, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86400, "1 day ago"),
        (8 * 86400, "8 days ago"),
        (14 * 86400 - 1, "13 days ago"),
        (14 * 86400, "9 November 2026"),
    ],
)
def test_ago_counts_in_the_largest_unit(age: float, words: str) -> None:
    """The largest whole unit, and the date where counting says little."""
    assert times.ago(NOW - age, NOW) == words


def test_a_language_writes_times_in_its_own_way() -> None:
    """Dates, counts and lists are those of its speakers."""
    assert times.day(NOW, "de") == "23. November 2026"
    assert times.moment(NOW - 8 * 3600, "de") == "23. November 2026, 08:20 UTC"
    assert times.ago(NOW - 5 * 86400, NOW, "de") == "vor 5 Tagen"
    assert times.ago(NOW, NOW, "de", {"just now": "gerade eben"}.__getitem__) == "gerade eben"
    assert times.listed(["a", "b", "c"], "de") == "a, b und c"
    assert times.listed(["a", "b", "c"]) == "a, b and c"
