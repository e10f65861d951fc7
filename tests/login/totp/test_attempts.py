"""How often somebody may try."""

import asyncio

import pytest

from handstamp.core.errors import RateLimited
from handstamp.core.policy import DAY, Bucket
from handstamp.login.totp.attempts import CODES, RECOVERY, Attempts
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW
from login.totp.counting import a_throttle

TWO = (Bucket(2, 10.0), Bucket(3, 1000.0))


async def test_no_more_are_let_through_than_are_left() -> None:
    """Of any number at once (MFA-05)."""
    attempts = Attempts(a_throttle(MemoryStore()), "kind", TWO)
    outcomes = await asyncio.gather(*(attempts.take("ada", now=NOW) for _ in range(50)), return_exceptions=True)
    assert outcomes.count(None) == 2
    assert {type(outcome) for outcome in outcomes} == {type(None), RateLimited}


async def test_who_does_not_give_up_waits_longer() -> None:
    """The large bucket runs dry as well."""
    attempts = Attempts(a_throttle(MemoryStore()), "kind", TWO)
    for now in (NOW, NOW, NOW + 10):
        await attempts.take("ada", now=now)
    with pytest.raises(RateLimited) as refused:
        await attempts.take("ada", now=NOW + 100)
    assert refused.value.retry_after == 900
    await attempts.take("ada", now=NOW + 1000)


async def test_a_right_one_begins_anew() -> None:
    """For people who mistype. Of a program that never stops the owner's sign-ins do not make more attempts."""
    attempts = Attempts(a_throttle(MemoryStore()), "kind", TWO)
    for _ in range(3):
        await attempts.take("ada", now=NOW)
        await attempts.forget("ada")
    with pytest.raises(RateLimited) as refused:
        await attempts.take("ada", now=NOW)
    assert refused.value.retry_after == 1000


async def test_users_and_kinds_are_counted_apart() -> None:
    """Nobody waits for somebody else."""
    store = MemoryStore()
    for kind in ("totp", "recovery"):
        for whose in (("ada",), ("grace",), ("ada", "session")):
            await Attempts(a_throttle(store), kind, TWO).take(*whose, now=NOW)
            await Attempts(a_throttle(store), kind, TWO).take(*whose, now=NOW)


async def test_the_store_is_not_told_whose_they_are() -> None:
    """A key says nothing of anybody, and is short."""
    store = MemoryStore()
    await Attempts(a_throttle(store), "totp", TWO).take("ada@example.org" * 100, now=NOW)
    assert all("ada" not in key and len(key) < 64 for key in store._full_at)


async def test_a_year_of_guessing_is_a_lottery() -> None:
    """With three codes of a million right at any time, less than 3 in 100 for a year without a pause (MFA-05)."""
    attempts, let_through, now = Attempts(a_throttle(MemoryStore()), "totp", CODES), 0, NOW
    while now < NOW + 365 * DAY:
        try:
            await attempts.take("ada", now=now)
        except RateLimited as refused:
            now += refused.retry_after
        else:
            let_through += 1
    assert 1 - (1 - 3e-6) ** let_through < 0.03


def test_nobody_is_locked_out_for_good() -> None:
    """Whatever happened, there is another attempt within the hour; of recovery codes within ten seconds."""
    assert [bucket.every for bucket in CODES] == [30, 3600]
    assert [bucket.every for bucket in RECOVERY] == [10]
