"""What went wrong elsewhere with addresses that people type and mails that they get, tried through our routes."""

import asyncio
import re

import httpx2
import pytest

from code_world import AS_FORM, FINISH, START, CodeWorld, session_of
from handstamp.core.models import Profile
from handstamp.core.policy import OriginPolicy
from handstamp.core.redirects import SafeRedirect
from login.oauth.browsing import Provider
from vectors import load_text
from web_world import ORIGIN

VICTIM = "kate@mail.example.org"
MANY = 50
LINES = sorted(
    {
        line
        for name in ("openredirects.txt", "open_redirect_wordlist.txt")
        for line in load_text(f"redirects/{name}").splitlines()
        if 0 < len(line) < 1000
    }
)
SPELT = [
    *("kate\uff20mail.example.org", "\uff4bate@mail.example.org", "\u212aate@mail.example.org"),
    *(f"{VICTIM},eve@evil.example", f"eve@evil.example,{VICTIM}", f"{VICTIM} eve@evil.example", f"eve@{VICTIM}"),
    *(f"{VICTIM}(eve@evil.example)", f'"{VICTIM}"@evil.example', f'"eve@evil.example" <{VICTIM}>', f"<{VICTIM}>"),
    *(f"{VICTIM}\r\nBcc: eve@evil.example", f"{VICTIM}%0d%0aBcc: eve@evil.example", f"{VICTIM}\0@evil.example"),
    *(f"{VICTIM}\u200b", "kate@mail\u3002example\u3002org", "kate@ma\u00adil.example.org", "kate@[127.0.0.1]"),
]


def house() -> CodeWorld:
    """Whoever proves an address that is nobody's gets an account; the rest is as by default."""
    return CodeWorld(sign_up=True)


async def enters(world: CodeWorld, http: httpx2.AsyncClient, address: str = VICTIM) -> str:
    """Somebody reads their mail and signs in by the code; the user's id."""
    assert (await http.post(START, json={"email": address})).status_code == 202
    answer = await http.post(FINISH, json={"code": await world.code()})
    assert answer.status_code == 200, answer.text
    user_id: str = answer.json()["user"]["id"]
    return user_id


async def test_an_attacker_registers_the_victims_address_first() -> None:
    """At a provider that proves nothing, and waits: the owner comes by mail, to an account of their own."""
    world = house()
    careless = Provider()
    claim = Profile(issuer=careless.issuer, subject="eve", email=VICTIM)
    attacker = await (await world.services()).accounts.sign_in(claim, now=world.clock())
    waiting = await world.sign_in(attacker)
    async with world.browser() as http:
        owner = await enters(world, http)
        assert owner != attacker.id
        assert await world.store.list_identities(owner) == ()
        assert (await http.get("/auth/session")).json()["user"]["email"] == VICTIM
    row = await world.row(waiting)
    assert row.user_id == attacker.id
    left = await world.auth.users.get(attacker.id)
    assert (left.email, left.email_verified) == (None, False)
    await world.auth.close()


async def test_an_attacker_who_asks_for_a_code_first_has_nothing() -> None:
    """Asking makes no account; the owner's later code works in the owner's browser alone."""
    world = house()
    async with world.browser(address="198.51.100.9") as attacker, world.browser() as victim:
        await attacker.post(START, json={"email": VICTIM})
        assert await world.store.list_users() == ()
        assert len(await world.mails()) == 1  # has left, so that the next one is the newest
        assert (await victim.post(START, json={"email": VICTIM})).status_code == 202
        code = await world.code()
        stolen = await attacker.post(FINISH, json={"code": code})
        assert stolen.status_code >= 400
        assert session_of(attacker) is None
        assert (await victim.post(FINISH, json={"code": code})).status_code == 200
    await world.auth.close()


async def test_the_address_taken_from_the_request_body() -> None:
    """Who is signed in is whose address the code went to, whatever stands beside the code."""
    world = house()
    victim = await world.person(VICTIM)
    async with world.browser() as http:
        await http.post(START, json={"email": "eve@mail.example.org"})
        named = {"email": VICTIM, "user_id": victim.id, "address": VICTIM, "sub": victim.id}
        answer = await http.post(FINISH, json={"code": await world.code(), **named})
        assert answer.status_code in {200, 422}
        if answer.status_code == 200:
            assert answer.json()["user"]["email"] == "eve@mail.example.org"
    services = await world.services()
    assert await services.sessions.list(victim.id, now=world.clock()) == ()
    await world.auth.close()


@pytest.mark.parametrize("spelt", SPELT)
async def test_email_parsing_that_reads_one_address_as_another(spelt: str) -> None:
    """No mail leaves, to the one address or the other; the field is named, and nobody is made (CVE-2022-35924)."""
    world = house()
    await world.person(VICTIM)
    async with world.browser() as http:
        told = await http.post(START, json={"email": spelt})
        assert (told.status_code, told.json()["errors"][0]["pointer"]) == (422, "/email")
        assert (await http.post(START, data={"email": spelt}, headers=AS_FORM)).status_code == 422
        assert (await http.post(FINISH, json={"code": "123456"})).status_code == 400
    assert await world.mails() == ()
    assert len(await world.store.list_users()) == 1
    await world.auth.close()


@pytest.mark.parametrize("spelt", ["Kate@MAIL.example.org", f" {VICTIM} ", f"\t{VICTIM}\n"])
async def test_one_address_in_another_case_or_among_spaces_is_one_account(spelt: str) -> None:
    """Or whoever writes it otherwise would be somebody else; the mail goes to that one address."""
    world = house()
    owner = await world.person(VICTIM)
    async with world.browser() as http:
        assert await enters(world, http, spelt) == owner.id
    (mail,) = await world.mails()
    assert mail.to.lower() == VICTIM
    await world.auth.close()


async def test_open_redirect_through_return_to() -> None:
    """Each line of the lists, from the form to the way back: it leads where ``SafeRedirect`` allows, or home."""
    world = house()
    await world.person(VICTIM)
    policy = OriginPolicy(origin=ORIGIN)
    for line in LINES:
        allowed = SafeRedirect.parse(line, policy)
        world.clock.now += 3600  # mails to one address have a limit
        async with world.browser() as http:
            await http.post(START, data={"email": VICTIM, "return_to": line}, headers=AS_FORM)
            answer = await http.post(FINISH, data={"code": await world.code()}, headers=AS_FORM)
            assert answer.status_code == 303, line
            assert answer.headers["location"] == ("/" if allowed is None else allowed.location), line
    await world.auth.close()


async def test_one_time_token_used_twice() -> None:
    """The code and the link of one mail, fifty times at once: one session."""
    world = house()
    async with world.browser() as http:
        await http.post(START, json={"email": VICTIM})
        ways = [{"code": await world.code()}, {"token": await world.token()}]
        answers = await asyncio.gather(*(http.post(FINISH, json=ways[number % 2]) for number in range(MANY)))
    assert [answer.status_code for answer in answers].count(200) == 1
    (owner,) = await world.store.list_users()
    services = await world.services()
    assert len(await services.sessions.list(owner.id, now=world.clock())) == 1
    await world.auth.close()


async def test_two_who_prove_one_address_at_once() -> None:
    """The owner in two browsers is one user, however close together."""
    world = house()
    async with world.browser() as one, world.browser() as two:
        codes: list[str] = []
        for http in (one, two):
            await http.post(START, json={"email": VICTIM})
            codes.append(await world.code())
        answers = await asyncio.gather(
            *(http.post(FINISH, json={"code": code}) for http, code in zip((one, two), codes, strict=True))
        )
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    assert len(await world.store.list_users()) == 1
    await world.auth.close()


@pytest.mark.parametrize("known", [True, False])
async def test_rate_limit_passed_by_parallel_requests(*, known: bool) -> None:
    """Fifty askings at once, each from a browser and a network of its own: the mailbox gets five mails, no more.

    It is the same for an address that has no account, so that the limit tells nobody.
    """
    world = house()
    if known:
        await world.person(VICTIM)
    browsers = [world.browser(address=f"198.51.100.{number}") for number in range(MANY)]
    answers = await asyncio.gather(*(http.post(START, json={"email": VICTIM}) for http in browsers))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * (MANY - 5)
    assert len(await world.mails()) == 5
    for http in browsers:
        await http.aclose()
    await world.auth.close()


async def test_guesses_that_are_spread_over_many_codes() -> None:
    """Whoever asks for a new code after each five tries has no more of them than the limit on mails gives."""
    world = house()
    await world.person(VICTIM)
    tried = 0
    async with world.browser() as http:
        for _ in range(MANY):
            if (await http.post(START, json={"email": VICTIM})).status_code != 202:
                break
            code = await world.code()
            bad = f"{(int(code) + 1) % 1_000_000:06}"
            while (await http.post(FINISH, json={"code": bad})).status_code == 422:
                tried += 1
    assert 0 < tried <= 25
    await world.auth.close()


async def test_whether_an_account_exists_is_in_no_answer() -> None:
    """Status, body and headers are the same, cookies by length too; the mail tells its reader alone."""
    told = []
    for known in (True, False):
        world = CodeWorld()
        if known:
            await world.person(VICTIM)
        async with world.browser() as http:
            answer = await http.post(START, json={"email": VICTIM})
            headers = [(name, re.sub(r"=[^;]{20,}", "=…", value)) for name, value in answer.headers.items()]
            told.append((answer.status_code, answer.text, headers, len(str(answer.headers))))
        await world.auth.close()
    assert told[0] == told[1]
