"""The arithmetic of a bucket of attempts."""

from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.throttle import GRAIN, allowed_before, full_after, wait_for
from handstamp.testing import NOW


class Bucket:
    """A bucket as a store keeps it."""

    def __init__(self, *, burst: int, every: float) -> None:
        self.burst = burst
        self.every = every
        self.full_at = NOW

    def take(self, now: float) -> float:
        """The wait, 0.0 where an attempt was taken."""
        wait = wait_for(self.full_at, burst=self.burst, every=self.every, now=now)
        if wait == 0.0:
            self.full_at = full_after(self.full_at, every=self.every, now=now)
        return wait


def test_a_full_bucket_gives_a_burst_and_then_waits() -> None:
    """The wait is that for one attempt, however often somebody asks."""
    bucket = Bucket(burst=3, every=20.0)
    assert [bucket.take(NOW) for _ in range(5)] == [0.0, 0.0, 0.0, 20.0, 20.0]
    assert bucket.take(NOW + 15) == 5.0


def test_a_bucket_of_one_allows_one_attempt_each_interval() -> None:
    """The smallest one."""
    bucket = Bucket(burst=1, every=20.0)
    assert [bucket.take(NOW), bucket.take(NOW), bucket.take(NOW + 20), bucket.take(NOW + 20)] == [
        0.0,
        20.0,
        0.0,
        20.0,
    ]


def test_what_was_full_long_ago_counts_from_now() -> None:
    """Time does not pile up."""
    assert full_after(NOW - 1000, every=20.0, now=NOW) == NOW + 20
    assert full_after(NOW + 40, every=20.0, now=NOW) == NOW + 60


def test_a_wait_is_none_below_the_grain() -> None:
    """From the grain on it is one."""
    at = allowed_before(burst=2, every=20.0, now=NOW)
    assert at == NOW + 20 + GRAIN
    assert wait_for(at - 0.0005, burst=2, every=20.0, now=NOW) == 0.0
    assert wait_for(at + 0.0005, burst=2, every=20.0, now=NOW) >= GRAIN


@given(
    burst=st.integers(1, 50),
    every=st.floats(0.01, 10_000),
    pauses=st.lists(st.floats(0, 20_000), max_size=100),
)
def test_no_more_attempts_are_allowed_than_a_bucket_can_have(burst: int, every: float, pauses: list[float]) -> None:
    """A burst, and one for each interval that passed; and whoever waits as long as was said is allowed."""
    bucket, now, allowed = Bucket(burst=burst, every=every), NOW, 0
    for pause in pauses:
        now += pause
        wait = bucket.take(now)
        if wait:
            assert wait <= every + GRAIN
            now += wait
            assert bucket.take(now) == 0.0
        allowed += 1
    assert allowed <= burst + (now - NOW + GRAIN) / every + 1e-6
