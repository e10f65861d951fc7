"""One-time things are used once."""

import asyncio

import pytest

from handstamp.core.errors import StoreUnavailable
from handstamp.services.challenges import Challenges
from handstamp.testing import NOW
from world import AdverseStore

LATER = NOW + 600


async def test_of_many_callers_at_once_one_wins() -> None:
    """50 callers in two processes over one store (OAU-01)."""
    store = AdverseStore(pauses=(0, 3, 1, 2))
    processes = Challenges(store), Challenges(store)
    outcomes = await asyncio.gather(
        *(processes[number % 2].consume("flow", "value", expires_at=LATER, now=NOW) for number in range(50))
    )
    assert outcomes.count(True) == 1


async def test_a_thing_is_used_up_for_good() -> None:
    """A later caller gets False."""
    challenges = Challenges(AdverseStore())
    outcomes = [await challenges.consume("flow", "value", expires_at=LATER, now=now) for now in (NOW, NOW, LATER - 1)]
    assert outcomes == [True, False, False]


async def test_a_thing_is_worthless_from_its_expiry_on() -> None:
    """Also where nobody has used it."""
    challenges = Challenges(AdverseStore())
    assert not await challenges.consume("flow", "value", expires_at=NOW, now=NOW)
    assert await challenges.consume("flow", "other", expires_at=NOW + 0.001, now=NOW)


async def test_the_same_value_for_another_purpose_is_another_thing() -> None:
    """A purpose and a value cannot be shifted into each other either."""
    challenges = Challenges(AdverseStore())
    pairs = [("flow", "value"), ("reset", "value"), ("flowv", "alue"), ("", "flowvalue")]
    assert all([await challenges.consume(purpose, value, expires_at=LATER, now=NOW) for purpose, value in pairs])


async def test_the_store_never_sees_the_thing_itself() -> None:
    """Only a digest of it, so that a copy of the store opens nothing."""
    store = AdverseStore()
    await Challenges(store).consume("flow", "the-value-itself", expires_at=LATER, now=NOW)
    assert len(store._consumed) == 1
    assert "the-value-itself" not in repr(store._consumed)


async def test_where_the_store_cannot_be_asked_nothing_is_accepted() -> None:
    """The caller is told that nobody knows (SES-11)."""
    store = AdverseStore()
    store.down.add("consume_challenge")
    with pytest.raises(StoreUnavailable):
        await Challenges(store).consume("flow", "value", expires_at=LATER, now=NOW)
