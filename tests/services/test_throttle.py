"""Limits: guessing is slow for strangers, parallel or not, and locks no owner out."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from handstamp.core.errors import LoginFailed, RateLimited, StoreUnavailable
from handstamp.core.policy import DAY, HOUR, MINUTE, Bucket, Limits, ThrottlePolicy
from handstamp.services.throttle import PROOF_REQUIRED, Attempt, Throttle
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW
from world import AdverseStore

SECRET = b"s" * 32
OWNER = "Owner@Example.com"
HOME = "192.0.2.1"
SMALL = ThrottlePolicy(
    sign_in=Limits(pair=Bucket(3, 30.0), network=Bucket(6, 2.0), account=Bucket(5, MINUTE)),
    known=Bucket(4, MINUTE),
    mail=Limits(pair=Bucket(2, MINUTE), network=Bucket(4, 10.0), account=Bucket(3, 300.0)),
    failures=8,
    known_failures=5,
)


def throttle(store: MemoryStore | None = None, policy: ThrottlePolicy = SMALL, secret: bytes = SECRET) -> Throttle:
    """One over a store."""
    return Throttle(store or MemoryStore(), policy, secret=secret)


async def outcome(attempt: Awaitable[object]) -> str:
    """What came of a try."""
    try:
        await attempt
    except RateLimited:
        return "wait"
    except LoginFailed as error:
        return error.reason
    return "in"


async def tries(
    one: Throttle,
    count: int,
    *,
    account: str = OWNER,
    address: Callable[[int], str] = lambda _: HOME,
    now: float = NOW,
) -> list[str]:
    """Several tries, one after the other."""
    return [
        await outcome(one.admit("password", account=account, address=address(number), now=now))
        for number in range(count)
    ]


def elsewhere(number: int) -> str:
    """Another network each time."""
    return f"198.51.100.{number}"


async def test_one_network_that_guesses_at_one_account_waits() -> None:
    """As many tries as the bucket has, then one each thirty seconds."""
    one = throttle()
    assert await tries(one, 5) == ["in", "in", "in", "wait", "wait"]
    with pytest.raises(RateLimited) as refused:
        await one.admit("password", account=OWNER, address=HOME, now=NOW + 10)
    assert refused.value.retry_after == 20
    assert await tries(one, 2, now=NOW + 30) == ["in", "wait"]


async def test_a_network_that_waits_keeps_nobody_else_out() -> None:
    """What is refused by the narrowest bucket takes nothing out of the wider ones."""
    one = throttle()
    await tries(one, 500)
    assert await tries(one, 2, address=elsewhere) == ["in", "in"]
    assert await tries(one, 3, account="other@example.com") == ["in", "in", "in"]


async def test_a_network_that_tries_many_accounts_waits() -> None:
    """One password at a thousand accounts (credential stuffing)."""
    one = throttle()
    outcomes = [(await tries(one, 1, account=f"{number}@example.com"))[0] for number in range(8)]
    assert outcomes == ["in"] * 6 + ["wait"] * 2


async def test_addresses_of_one_ipv6_network_are_one() -> None:
    """Its owner has 2^64 of them."""
    one = throttle()
    assert await tries(one, 4, address=lambda number: f"2001:db8::{number}") == ["in"] * 3 + ["wait"]


async def test_an_account_that_many_networks_guess_at_asks_for_another_proof() -> None:
    """Waiting would let them keep its owner out for good."""
    assert await tries(throttle(), 7, address=elsewhere) == ["in"] * 5 + [PROOF_REQUIRED] * 2


async def test_a_browser_that_signed_in_before_has_a_bucket_of_its_own() -> None:
    """Whatever strangers do, the owner's browser does not notice."""
    one = throttle()
    await tries(one, 50, address=elsewhere)
    attempt = await one.admit("password", account=OWNER, address=HOME, now=NOW, known="browser")
    await one.passed(attempt)
    outcomes = [
        await outcome(one.admit("password", account=OWNER, address=HOME, now=NOW, known="browser")) for _ in range(5)
    ]
    assert outcomes == ["in"] * 4 + ["wait"]


async def test_failures_in_a_row_end_in_another_proof_however_slowly_they_come() -> None:
    """One each hour from new networks: no bucket is ever empty but that one."""
    one = throttle()
    outcomes: list[str] = []
    for number in range(10):
        at = NOW + number * HOUR
        outcomes.append(await outcome(one.admit("password", account=OWNER, address=elsewhere(number), now=at)))
    assert outcomes == ["in"] * 8 + [PROOF_REQUIRED] * 2


async def test_failures_of_known_browsers_are_counted_over_all_of_them() -> None:
    """Whoever has stolen one cannot guess on with it for ever."""
    one = throttle()
    outcomes = [
        await outcome(one.admit("password", account=OWNER, address=HOME, now=NOW + number * HOUR, known=f"{number}"))
        for number in range(6)
    ]
    assert outcomes == ["in"] * 5 + [PROOF_REQUIRED]


def test_by_default_a_name_has_fifty_failures_in_a_row_and_an_account_has_two_names() -> None:
    """NIST SP 800-63B-4 §3.2.2: at most 100."""
    policy = ThrottlePolicy()
    assert 2 * (policy.failures + policy.known_failures) <= 100
    assert policy.again >= 30 * DAY


async def test_a_sign_in_forgets_the_failures_before_it() -> None:
    """The owner who types it wrong twice and then right begins anew, each time."""
    one = throttle()
    for number in range(10):
        now = NOW + 20 * number
        assert await tries(one, 2, now=now) == ["in", "in"]
        await one.passed(await one.admit("password", account=OWNER, address=HOME, now=now))


async def test_who_has_an_account_does_not_fill_the_bucket_of_their_network() -> None:
    """Or a guesser would sign in to their own between guesses at others."""
    one = throttle()
    for _ in range(6):
        await one.passed(await one.admit("password", account="mine@example.com", address=HOME, now=NOW))
    assert await tries(one, 1) == ["wait"]


async def test_another_proof_opens_the_account_again() -> None:
    """The owner has read a mail, and signs in with the password next time."""
    one = throttle()
    await tries(one, 50, address=elsewhere)
    await tries(one, 50)
    assert await tries(one, 1, address=lambda _: "203.0.113.1") == [PROOF_REQUIRED]
    await one.proved("password", account=OWNER.lower(), address=HOME)
    assert await tries(one, 1, now=NOW + 60) == ["in"]


async def test_letters_in_another_case_are_the_same_account() -> None:
    """Or each spelling would have a bucket."""
    one = throttle()
    assert await tries(one, 3) == ["in"] * 3
    assert await tries(one, 1, account=OWNER.upper()) == ["wait"]


async def test_each_purpose_is_counted_apart() -> None:
    """Guesses at codes do not slow down passwords."""
    one = throttle()
    await tries(one, 5)
    assert await outcome(one.admit("totp", account=OWNER, address=HOME, now=NOW)) == "in"


async def test_fifty_tries_at_once_pass_no_limit() -> None:
    """Races: rate limit passed by parallel requests (GHSA-7w99-5wm4-3g79, CVE-2026-110861)."""
    one = throttle(AdverseStore(pauses=(0, 3, 1)))
    outcomes = await asyncio.gather(
        *(outcome(one.admit("password", account=OWNER, address=HOME, now=NOW)) for _ in range(50))
    )
    assert outcomes.count("in") == 3


async def test_mails_to_an_address_are_few_whoever_asks() -> None:
    """From one network, and from many."""
    one = throttle()

    async def ask(address: str) -> str:
        return await outcome(one.admit_mail("forgot", account=OWNER, address=address, now=NOW))

    assert [await ask(HOME) for _ in range(3)] == ["in", "in", "wait"]
    assert [await ask(elsewhere(number)) for number in range(2)] == ["in", "wait"]


async def test_a_bucket_of_ones_own_is_counted_and_filled() -> None:
    """Five tries of one code."""
    one, bucket = throttle(), Bucket(2, 600.0)
    for _ in range(2):
        await one.admit_within(bucket, "code", "id", now=NOW)
    with pytest.raises(RateLimited):
        await one.admit_within(bucket, "code", "id", now=NOW)
    await one.admit_within(bucket, "code", "other", now=NOW)
    await one.forget_within("code", "id")
    await one.admit_within(bucket, "code", "id", now=NOW)


async def test_the_store_learns_no_address_and_no_account() -> None:
    """Keys are digests under a secret: the same try under another secret has others."""
    kept: dict[bytes, set[str]] = {}

    class Watched(MemoryStore):
        """Writes down what it is asked for."""

        async def count_attempt(self, key: str, *, burst: int, every: float, now: float) -> float:
            """As ever."""
            kept[secret].add(key)
            return await super().count_attempt(key, burst=burst, every=every, now=now)

    for secret in (b"a" * 32, b"b" * 32):
        kept[secret] = set()
        await tries(throttle(Watched(), secret=secret), 1)
    first, second = kept.values()
    assert len(first) == len(second) == 4
    assert not first & second
    assert all(len(key) == 24 and "example" not in key for key in first | second)


async def test_parts_that_contain_a_separator_name_no_other_bucket() -> None:
    """What somebody types cannot fill or empty the bucket of somebody else."""
    one, bucket = throttle(), Bucket(1, 60.0)
    for about in (("a", "b"), ("ab",), ("a1:b",), ("a", "b", ""), ("1:a1:b",)):
        await one.admit_within(bucket, "code", *about, now=NOW)


async def test_where_the_store_cannot_be_asked_nobody_may_try() -> None:
    """An outage is no way around a limit."""
    store = AdverseStore()
    store.down = {"count_attempt"}
    with pytest.raises(StoreUnavailable):
        await throttle(store).admit("password", account=OWNER, address=HOME, now=NOW)


def test_a_try_does_not_show_what_it_was_counted_by() -> None:
    """Its keys stay out of logs."""
    assert repr(Attempt(("key",))) == "Attempt()"
