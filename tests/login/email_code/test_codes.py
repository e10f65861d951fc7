"""Codes: six digits, five tries, ten minutes, once."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handmade import SECRET
from handstamp.core.errors import InvalidInput, LoginFailed, StoreUnavailable
from handstamp.core.keys import Purpose
from handstamp.core.policy import ThrottlePolicy
from handstamp.core.sealing import Sealer
from handstamp.login.email_code.codes import (
    LIFETIME,
    TRIES,
    Asked,
    Codes,
    code_of_link,
    link_token,
    make_code,
    typed_code,
)
from handstamp.services.challenges import Challenges
from handstamp.services.throttle import Throttle
from handstamp.testing import NOW
from world import AdverseStore

ADDRESS = "ada@example.com"
SEALER = Sealer([SECRET], Purpose.LINK)


def codes_over(store: AdverseStore) -> Codes:
    """As a process has it."""
    return Codes(throttle=Throttle(store, ThrottlePolicy(), secret=bytes(32)), challenges=Challenges(store))


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def outcome(codes: Codes, asked: Asked, code: str, *, now: float = NOW) -> str:
    """What comes of a try, in a word."""
    try:
        await codes.judge(asked, code, now=now)
    except InvalidInput as error:
        return error.faults[0].code
    except LoginFailed as error:
        return error.reason
    return "right"


def test_a_code_is_six_digits_and_random() -> None:
    """Leading zeros are kept, and codes do not repeat as they would if they were counted or timed."""
    made = [make_code(ADDRESS, now=NOW).code for _ in range(300)]
    assert all(len(code) == 6 and code.isdigit() for code in made)
    assert len(set(made)) > 290
    assert {code[0] for code in made} == set("0123456789")


def test_what_the_browser_keeps_is_not_the_code() -> None:
    """Not even before it is sealed; nor does a repr show it."""
    made = make_code(ADDRESS, now=NOW)
    assert "code=" not in repr(made)
    assert made.asked.digest not in repr(made)
    assert made.code not in made.asked.values().values()
    assert Asked.of(made.asked.values()) == made.asked


@pytest.mark.parametrize("typed", ["012345", " 012345 ", "012 345", "012-345", "0 1 2 3 4 5", "012\u00a0345"])
def test_a_code_is_taken_however_it_is_grouped(typed: str) -> None:
    """As programs for mail show it."""
    assert typed_code(typed) == "012345"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "-1e+05",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
    ],
)
def test_what_is_no_code_is_told_so(typed: str) -> None:
    """Also other digits than those of ASCII; the fault never repeats what was typed."""
    with pytest.raises(InvalidInput) as refused:
        typed_code(typed)
    assert [(fault.code, fault.pointer) for fault in refused.value.faults] == [("malformed", "/code")]


async def test_the_right_code_is_right_once() -> None:
    """The next time it is used up."""
    codes, made = codes_over(AdverseStore()), make_code(ADDRESS, now=NOW)
    assert [await outcome(codes, made.asked, made.code) for _ in range(2)] == ["right", "flow_unknown"]


async def test_a_code_lasts_ten_minutes() -> None:
    """And not one moment longer."""
    codes = codes_over(AdverseStore())
    early, late = make_code(ADDRESS, now=NOW), make_code(ADDRESS, now=NOW)
    assert await outcome(codes, early.asked, early.code, now=NOW + LIFETIME - 0.001) == "right"
    assert await outcome(codes, late.asked, late.code, now=NOW + LIFETIME) == "flow_unknown"


async def test_a_code_is_tried_five_times() -> None:
    """After that the right one is refused as well, whenever it comes."""
    codes, made = codes_over(AdverseStore()), make_code(ADDRESS, now=NOW)
    outcomes = [await outcome(codes, made.asked, wrong(made.code)) for _ in range(TRIES)]
    assert outcomes == ["wrong_code"] * 5
    for now in (NOW, NOW + 1, NOW + LIFETIME - 1):
        assert await outcome(codes, made.asked, made.code, now=now) == "code_spent"


async def test_another_code_has_tries_of_its_own() -> None:
    """Nobody uses up those of others."""
    codes, made, other = codes_over(AdverseStore()), make_code(ADDRESS, now=NOW), make_code(ADDRESS, now=NOW)
    for _ in range(TRIES):
        await outcome(codes, made.asked, wrong(made.code))
    assert await outcome(codes, other.asked, other.code) == "right"


async def test_of_fifty_who_have_the_right_code_one_gets_in() -> None:
    """In two processes at once."""
    store, made = AdverseStore(pauses=(0, 3, 1, 2)), make_code(ADDRESS, now=NOW)
    processes = codes_over(store), codes_over(store)
    outcomes = Counter(await asyncio.gather(*(outcome(processes[n % 2], made.asked, made.code) for n in range(50))))
    assert outcomes == {"right": 1, "flow_unknown": TRIES - 1, "code_spent": 50 - TRIES}


async def test_of_fifty_wrong_codes_five_are_compared() -> None:
    """However close together they come."""
    store, made = AdverseStore(pauses=(0, 3, 1, 2)), make_code(ADDRESS, now=NOW)
    processes = codes_over(store), codes_over(store)
    outcomes = Counter(
        await asyncio.gather(*(outcome(processes[n % 2], made.asked, wrong(made.code)) for n in range(50)))
    )
    assert outcomes == {"wrong_code": TRIES, "code_spent": 50 - TRIES}


async def test_the_next_code_voids_the_one_before() -> None:
    """Also where somebody has kept the cookie of that one."""
    codes, made = codes_over(AdverseStore()), make_code(ADDRESS, now=NOW)
    await codes.forget(made.asked, now=NOW + 1)
    assert await outcome(codes, made.asked, made.code, now=NOW + 2) == "flow_unknown"


async def test_one_that_is_too_old_need_not_be_forgotten() -> None:
    """Nothing is written for it."""
    store, made = AdverseStore(), make_code(ADDRESS, now=NOW)
    await codes_over(store).forget(made.asked, now=NOW + LIFETIME)
    assert store.asked["consume_challenge"] == 0


@pytest.mark.parametrize("verb", ["count_attempt", "consume_challenge"])
async def test_where_the_store_cannot_be_asked_no_code_is_taken(verb: str) -> None:
    """Neither uncounted nor unused (SES-11)."""
    store, made = AdverseStore(), make_code(ADDRESS, now=NOW)
    store.down.add(verb)
    with pytest.raises(StoreUnavailable):
        await codes_over(store).judge(made.asked, made.code, now=NOW)


async def test_the_store_learns_neither_code_nor_address() -> None:
    """What it keeps of a code says nothing of anybody."""
    store, made = AdverseStore(), make_code(ADDRESS, now=NOW)
    await codes_over(store).judge(made.asked, made.code, now=NOW)
    kept = repr((store._full_at, store._consumed))
    assert made.asked.id not in kept
    assert ADDRESS not in kept
    assert f"'{made.code}'" not in kept


def test_a_link_holds_the_code_for_the_browser_that_asked() -> None:
    """And for no other: not for one that asked for another code, and not for one that asked for none."""
    made, other = make_code(ADDRESS, now=NOW), make_code(ADDRESS, now=NOW)
    token = link_token(made, SEALER)
    assert code_of_link(token, made.asked, SEALER) == made.code
    assert code_of_link(token, other.asked, SEALER) is None
    assert code_of_link(token, None, SEALER) is None


def test_a_link_is_sealed_for_its_purpose() -> None:
    """It does not show the code, and what was sealed for something else is no link."""
    made = make_code(ADDRESS, now=NOW)
    token = link_token(made, SEALER)
    assert made.code not in token
    assert code_of_link(SEALER.seal(b"{}", context=b"reset"), made.asked, SEALER) is None
    assert code_of_link(token, made.asked, Sealer([SECRET], Purpose.STEP)) is None


@given(st.text())
def test_whatever_stands_in_a_link_is_judged_without_an_error(token: str) -> None:
    """Links are changed on their way."""
    assert code_of_link(token, make_code(ADDRESS, now=NOW).asked, SEALER) is None


@given(st.text())
def test_whatever_is_typed_is_a_code_or_a_fault(text: str) -> None:
    """And a code is six digits."""
    with suppress(InvalidInput):
        assert len(typed_code(text)) == 6
