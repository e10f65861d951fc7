"""What the suites cannot know of attempts in Redis: the server must not give them back by itself."""

import pytest
from redis import Redis

from handstamp.stores.redis import RedisStore
from handstamp.stores.redis.keys import ATTEMPTS, ROOT
from handstamp.testing import NOW

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]


async def test_attempts_are_not_first_in_line_when_the_server_is_full(redis_store: RedisStore, shell: Redis) -> None:
    """What expires is evicted by each policy; attempts do not, and neither do leases: they are swept."""
    await redis_store.count_attempt("key", burst=2, every=1.0, now=NOW)
    await redis_store.take_lease("work", holder="a", until=NOW + 1, now=NOW)
    assert shell.ttl(ATTEMPTS) == -1
    assert shell.ttl(f"{ROOT}leases") == -1


async def test_times_keep_all_their_digits(redis_store: RedisStore, shell: Redis) -> None:
    """On their way through the script too."""
    now = 1_800_000_000.123_456_7
    await redis_store.count_attempt("key", burst=2, every=1.0, now=now)
    assert shell.zscore(ATTEMPTS, "key") == now + 1.0


async def test_attempts_that_were_evicted_are_given_back(redis_store: RedisStore, shell: Redis) -> None:
    """Nobody is locked out by it, and nobody let in."""
    await redis_store.count_attempt("key", burst=1, every=8.0, now=NOW)
    assert await redis_store.count_attempt("key", burst=1, every=8.0, now=NOW) == 8.0
    shell.delete(ATTEMPTS)
    assert await redis_store.count_attempt("key", burst=1, every=8.0, now=NOW) == 0.0
