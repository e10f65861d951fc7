"""Conformance of a throttle store."""

import pytest

from handstamp.core.protocols import ThrottleStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW

_BURST = 5
_EVERY = 0.1  # of which no sum is exact


async def _waits(store: ThrottleStore, key: str, count: int, *, now: float = NOW) -> list[float]:
    return [await store.count_attempt(key, burst=_BURST, every=_EVERY, now=now) for _ in range(count)]


class ThrottleSuite(ConformanceSuite):
    """Every sentence of ``ThrottleStore``."""

    # count_attempt

    async def test_a_bucket_holds_as_many_attempts_as_was_said(
        self, store: ThrottleStore, peer: ThrottleStore
    ) -> None:
        """Take an attempt out of the bucket: 0.0 if there was one, and after ``burst`` there is none."""
        assert await _waits(store, "key", _BURST - 1) == [0.0] * (_BURST - 1)
        assert await _waits(peer, "key", 1) == [0.0]
        assert (await _waits(store, "key", 1))[0] > 0
        assert (await _waits(peer, "key", 1))[0] > 0

    async def test_buckets_are_told_apart_by_their_keys(self, store: ThrottleStore) -> None:
        """Each key has a bucket."""
        await _waits(store, "key", _BURST + 1)
        assert await _waits(store, "other key", 1) == [0.0]

    async def test_one_attempt_comes_back_after_each_interval(self, store: ThrottleStore) -> None:
        """One more comes every ``every`` seconds, and an empty bucket is full after ``burst`` of them."""
        await _waits(store, "key", _BURST)
        later = NOW + 2 * _EVERY
        assert await _waits(store, "key", 2, now=later) == [0.0, 0.0]
        assert (await _waits(store, "key", 1, now=later))[0] > 0
        much_later = later + _BURST * _EVERY
        assert await _waits(store, "key", _BURST, now=much_later) == [0.0] * _BURST

    async def test_a_full_bucket_never_overflows(self, store: ThrottleStore) -> None:
        """It holds ``burst`` attempts, however long nobody took one."""
        await _waits(store, "key", 1)
        assert await _waits(store, "key", _BURST, now=LATER) == [0.0] * _BURST
        assert (await _waits(store, "key", 1, now=LATER))[0] > 0

    async def test_a_refused_attempt_says_how_long_it_takes(self, store: ThrottleStore) -> None:
        """Else it is how many seconds have to pass until there is one again: then, and no earlier."""
        for _ in range(3):
            assert await store.count_attempt("key", burst=3, every=8.0, now=NOW) == 0.0
        assert await store.count_attempt("key", burst=3, every=8.0, now=NOW) == pytest.approx(8.0)
        assert await store.count_attempt("key", burst=3, every=8.0, now=NOW + 6) == pytest.approx(2.0)
        assert await store.count_attempt("key", burst=3, every=8.0, now=NOW + 8) == 0.0

    async def test_a_refused_attempt_is_not_counted(self, store: ThrottleStore) -> None:
        """Nothing is counted: whoever asks again and again waits no longer for it."""
        waits = await _waits(store, "key", _BURST + 10)
        assert waits[_BURST:] == [pytest.approx(_EVERY, abs=0.001)] * 10
        assert await _waits(store, "key", 1, now=NOW + _EVERY) == [0.0]

    async def test_a_wait_below_a_millisecond_is_none(self, store: ThrottleStore) -> None:
        """A wait of less than a millisecond is none; a longer one is one."""
        await store.count_attempt("key", burst=1, every=8.0, now=NOW)
        assert await store.count_attempt("key", burst=1, every=8.0, now=NOW + 7.998) == pytest.approx(0.002, rel=0.01)
        assert await store.count_attempt("key", burst=1, every=8.0, now=NOW + 7.9995) == 0.0

    async def test_many_callers_get_as_many_attempts_as_there_are(
        self, store: ThrottleStore, peer: ThrottleStore
    ) -> None:
        """Of any number of callers at once, as many are allowed as the bucket has attempts: new, or used before."""

        async def count(through: ThrottleStore, _number: int) -> float:
            return await through.count_attempt("key", burst=_BURST, every=_EVERY, now=NOW)

        async def count_later(through: ThrottleStore, _number: int) -> float:
            return await through.count_attempt("key", burst=_BURST, every=_EVERY, now=NOW + 3 * _EVERY)

        assert (await race(store, peer, count)).count(0.0) == _BURST
        assert (await race(store, peer, count_later)).count(0.0) == 3
        assert CALLERS > _BURST

    # forget_attempts

    async def test_forgetting_fills_the_bucket(self, store: ThrottleStore, peer: ThrottleStore) -> None:
        """Fill the bucket of a key, and of no other."""
        await _waits(store, "key", _BURST)
        await _waits(store, "other key", _BURST)
        await store.forget_attempts("key")
        assert await _waits(peer, "key", _BURST) == [0.0] * _BURST
        assert (await _waits(store, "other key", 1))[0] > 0

    async def test_forgetting_what_is_not_there_is_no_error(self, store: ThrottleStore) -> None:
        """One that is full is not an error."""
        await store.forget_attempts("key")
        assert await _waits(store, "key", 1) == [0.0]

    # purge_attempts

    async def test_purge_forgets_keys_whose_bucket_is_full(self, store: ThrottleStore) -> None:
        """Forget keys whose bucket is full again, from that very moment on; give how many."""
        await store.count_attempt("key", burst=2, every=8.0, now=NOW)
        await store.count_attempt("other key", burst=2, every=16.0, now=NOW)
        assert await store.purge_attempts(now=NOW + 7, limit=10) == 0
        assert await store.purge_attempts(now=NOW + 8, limit=10) == 1
        assert await store.purge_attempts(now=NOW + 8, limit=10) == 0

    async def test_purge_gives_no_attempt_back(self, store: ThrottleStore) -> None:
        """A bucket that is not full stays as it is."""
        await _waits(store, "key", _BURST)
        assert await store.purge_attempts(now=NOW + _EVERY, limit=10) == 0
        assert await _waits(store, "key", 1, now=NOW + _EVERY) == [0.0]
        assert (await _waits(store, "key", 1, now=NOW + _EVERY))[0] > 0

    async def test_purge_of_attempts_stops_at_its_limit(self, store: ThrottleStore) -> None:
        """Forget at most ``limit`` keys."""
        for number in range(5):
            await store.count_attempt(f"key-{number}", burst=2, every=8.0, now=NOW)
        forgotten = [await store.purge_attempts(now=LATER, limit=2) for _ in range(4)]
        assert forgotten == [2, 2, 1, 0]
