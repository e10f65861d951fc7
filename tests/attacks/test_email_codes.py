"""Codes by mail under fire, on every store, in two processes at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import InvalidInput, LoginFailed, StoreUnavailable
from handstamp.core.ids import new_id
from handstamp.login.email_code.codes import TRIES, Asked, Codes, make_code
from handstamp.login.email_code.owners import make_owner, owner_of
from handstamp.testing import NOW
from places import Place
from web_world import HandClock

pytestmark = pytest.mark.network
MANY = 50


@pytest.fixture
async def processes(place: Place) -> AsyncIterator[Sequence[Auth]]:
    """Two processes on one store; those of memory are one."""
    made = Auth(place.database, sessions=place.sessions, clock=HandClock(), secret=SECRET)
    auths = [made, made]
    if place.is_shared:
        auths[1] = Auth(place.database, sessions=place.sessions, clock=HandClock(), secret=SECRET)
    for auth in auths:
        await auth.open()
    yield auths
    for auth in auths:
        await auth.close()


def codes_of(auth: Auth) -> Codes:
    """As a process judges them."""
    assert auth.services is not None
    return Codes(throttle=auth.services.throttle, challenges=auth.services.challenges)


async def outcome(codes: Codes, asked: Asked, code: str) -> str:
    """What comes of a try, in a word; who is told to come again does."""
    while True:
        try:
            await codes.judge(asked, code, now=NOW)
        except StoreUnavailable:
            await asyncio.sleep(0.05)
        except InvalidInput as error:
            return error.faults[0].code
        except LoginFailed as error:
            return error.reason
        else:
            return "right"


async def test_of_fifty_with_the_right_code_one_gets_in(processes: Sequence[Auth]) -> None:
    """The others are told that it is used or spent (GHSA-392p-2q2v-4372)."""
    made = make_code("ada@example.com", now=NOW)
    codes = [codes_of(auth) for auth in processes]
    outcomes = Counter(await asyncio.gather(*(outcome(codes[n % 2], made.asked, made.code) for n in range(MANY))))
    assert outcomes["right"] == 1
    assert outcomes["right"] + outcomes["flow_unknown"] + outcomes["code_spent"] == MANY


async def test_of_fifty_wrong_codes_five_are_compared(processes: Sequence[Auth]) -> None:
    """However many processes they come to (CVE-2026-110861); the right one is refused after them."""
    made = make_code("ada@example.com", now=NOW)
    bad = f"{(int(made.code) + 1) % 1_000_000:06}"
    codes = [codes_of(auth) for auth in processes]
    outcomes = Counter(await asyncio.gather(*(outcome(codes[n % 2], made.asked, bad) for n in range(MANY))))
    assert outcomes["wrong_code"] <= TRIES
    assert outcomes["wrong_code"] + outcomes["code_spent"] == MANY
    assert await outcome(codes[0], made.asked, made.code) == "code_spent"


async def test_of_many_who_prove_one_address_at_once_all_are_one(processes: Sequence[Auth]) -> None:
    """Codes in as many browsers, typed at the same time: one account."""
    address = f"{new_id(NOW)}@example.com"

    async def prove(auth: Auth) -> str:
        assert auth.services is not None
        while True:
            try:
                user = await make_owner(address, auth.services.people, auth.services.audit, now=NOW)
            except StoreUnavailable:
                await asyncio.sleep(0.05)
                continue
            assert user is not None
            return user.id

    ids = {*await asyncio.gather(*(prove(processes[n % 2]) for n in range(20)))}
    assert len(ids) == 1
    owner = await owner_of(address, processes[0].store)
    assert owner is not None
    assert {owner.id} == ids
