"""What went wrong elsewhere with sign-up, reset and passwords, tried through our routes with the default settings.

Only the hashes are cheaper.
"""

import asyncio

import pytest

from handstamp.core.models import Profile
from handstamp.core.policy import OriginPolicy
from handstamp.core.redirects import SafeRedirect
from login.oauth.browsing import Provider
from login.password.house import HERE, OTHER, PASSWORD, Guest, House
from vectors import load_text

VICTIM = "kate@mail.example.org"
EVE = "eve@mail.example.org"
ELSEWHERE = "198.51.100.9"
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
    *("kate\uff20mail.example.org", "\u212aate@mail.example.org", "kate@mail\u3002example\u3002org"),
    *(f"{VICTIM},{EVE}", f"{EVE} {VICTIM}", f"{VICTIM}({EVE})", f'"{VICTIM}"@evil.example', f"Kate <{VICTIM}>"),
    *(f"{VICTIM}\r\nBcc: {EVE}", f"{VICTIM}\0", f"{VICTIM}\u200b", f"eve@{VICTIM}"),
]


async def test_an_attacker_registers_the_victims_address_first() -> None:
    """With a password of their own: there is no account before the owner comes, and then theirs does not open it."""
    house = House()
    attacker, owner = Guest(house, ELSEWHERE), Guest(house)
    assert (await attacker.send("register", email=VICTIM, password=OTHER)).status_code == 202
    assert await house.store.list_users() == ()
    assert (await attacker.sign_in(VICTIM, OTHER)).status_code == 401
    house.clock.now += 60
    await owner.send("register", email=VICTIM, password=PASSWORD)
    assert (await owner.send("confirm", token=await house.token())).status_code == 200
    assert (await attacker.sign_in(VICTIM, OTHER)).status_code == 401
    assert not attacker.is_in()
    assert len(await house.store.list_users()) == 1
    await house.auth.close()


async def test_an_owner_who_follows_the_attackers_link_has_not_the_attackers_password() -> None:
    """It is in the owner's mailbox, but asks for the password, which is the attacker's: there is no account."""
    house = House()
    attacker, owner = Guest(house, ELSEWHERE), Guest(house)
    await attacker.send("register", email=VICTIM, password=OTHER)
    link = await house.token()
    assert (await owner.send("confirm", token=link)).status_code == 422
    assert await house.store.list_users() == ()
    assert (await attacker.sign_in(VICTIM, OTHER)).status_code == 401
    await house.auth.close()


async def test_an_attacker_who_came_by_a_provider_first_keeps_no_way_in() -> None:
    """A careless provider let them claim the address: the owner signs up, and is somebody else."""
    house = House()
    claim = Profile(issuer=Provider().issuer, subject="eve", email=VICTIM)
    attacker = await (await house.services()).accounts.sign_in(claim, now=house.clock())
    owner = Guest(house)
    await owner.send("register", email=VICTIM, password=PASSWORD)
    done = await owner.send("confirm", token=await house.token())
    assert done.json()["user"]["id"] != attacker.id
    assert await house.store.list_identities(done.json()["user"]["id"]) == ()
    left = await house.auth.users.get(attacker.id)
    assert (left.email, left.email_verified) == (None, False)
    await house.auth.close()


async def test_signing_up_again_changes_nothing_of_an_account() -> None:
    """Neither by the answer nor by the mail can whoever registers a taken address set its password."""
    house = House()
    owner = await house.person(VICTIM)
    before = await house.kept(owner)
    attacker = Guest(house, ELSEWHERE)
    answer = await attacker.send("register", email=VICTIM.upper(), password=OTHER)
    assert answer.status_code == 202
    assert not [link for link in (await house.mails())[0].links if "/confirm" in link]
    assert await house.kept(owner) == before
    assert await house.store.list_users() == (owner,)
    await house.auth.close()


async def test_an_address_that_nobody_proved_resets_nothing() -> None:
    """Or whoever claims an address at a provider would have the mail of its owner."""
    house = House()
    services = await house.services()
    claim = Profile(issuer=Provider().issuer, subject="eve", email=VICTIM)
    claimant = await services.accounts.sign_in(claim, now=house.clock())
    guest = Guest(house)
    assert (await guest.send("forgot", email=VICTIM)).status_code == 202
    assert not [link for mail in await house.mails() for link in mail.links if "token=" in link]
    assert await house.store.list_credentials(claimant.id) == ()
    await house.auth.close()


async def test_user_id_taken_from_the_request_body() -> None:
    """A link resets whose it is, and a change is of whoever is signed in, whoever is named beside it."""
    house = House()
    owner, eve = await house.person(VICTIM), await house.person(EVE)
    before, named = await house.kept(owner), {"email": VICTIM, "user_id": owner.id, "id": owner.id, "sub": owner.id}
    guest = Guest(house, ELSEWHERE)
    await guest.send("forgot", email=EVE)
    assert (await guest.send("reset", token=await house.token(), password=OTHER, **named)).status_code < 500
    await guest.sign_in(EVE, OTHER)
    assert guest.is_in()
    change = {"current_password": OTHER, "password": f"{OTHER}, again"}
    assert (await guest.send("change", **change, **named)).status_code < 500
    assert await house.kept(owner) == before
    assert await house.kept(eve) != before
    await house.auth.close()


async def test_a_link_for_one_page_is_none_for_another() -> None:
    """A sign-up does not reset, a reset does not sign up, and neither is changed by a letter."""
    house = House()
    await house.person(VICTIM)
    guest = Guest(house)
    await guest.send("forgot", email=VICTIM)
    reset = await house.token()
    house.clock.now += 1
    await guest.send("register", email=EVE, password=OTHER)
    signs_up = await house.token()
    assert signs_up != reset
    for path, token in (("confirm", reset), ("reset", signs_up), ("reset", reset[:-4] + "AAAA"), ("reset", "x")):
        answer = await guest.send(path, token=token, password=OTHER)
        assert 400 <= answer.status_code < 500, path
    assert not guest.is_in()
    assert len(await house.store.list_users()) == 1
    await house.auth.close()


async def test_one_time_token_used_twice() -> None:
    """Fifty resets with one link at once: one password is the new one, and the others are told that theirs is not.

    Or that there was no room for their hash (503): so many at once are more than may wait.
    """
    house = House()
    await house.person(VICTIM)
    guests = [Guest(house, f"198.51.100.{number}") for number in range(MANY)]
    await guests[0].send("forgot", email=VICTIM)
    token = await house.token()
    answers = await asyncio.gather(
        *(guest.send("reset", token=token, password=f"{OTHER} {number}") for number, guest in enumerate(guests))
    )
    done = [number for number, answer in enumerate(answers) if answer.status_code == 204]
    assert len(done) == 1
    assert {answer.status_code for answer in answers} <= {204, 400, 503}
    assert (await Guest(house).sign_in(VICTIM, f"{OTHER} {done[0]}")).status_code == 200
    assert (await guests[1].send("reset", token=token, password=f"{OTHER} again")).status_code == 400
    await house.auth.close()


async def test_rate_limit_passed_by_parallel_requests() -> None:
    """Fifty guesses at once from as many networks: twenty are judged, and the owner's known browser is let in."""
    house = House()
    await house.person(VICTIM)
    owner = Guest(house)
    await owner.sign_in(VICTIM)
    guests = [Guest(house, f"198.51.100.{number}") for number in range(MANY)]
    answers = await asyncio.gather(*(guest.sign_in(VICTIM, f"guess {number}") for number, guest in enumerate(guests)))
    judged = [answer for answer in answers if answer.status_code == 401]
    assert 0 < len(judged) <= 20
    assert {answer.status_code for answer in answers} <= {401, 403, 429}
    assert (await owner.sign_in(VICTIM)).status_code == 200
    await house.auth.close()


@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("path", ["register", "forgot"])
async def test_email_parsing_that_reads_one_address_as_another(spelt: str, path: str) -> None:
    """No mail leaves, the field is named, and the form comes back without the password (CVE-2022-35924)."""
    house = House()
    await house.person(VICTIM)
    guest = Guest(house)
    told = await guest.send(path, email=spelt, password=OTHER)
    assert (told.status_code, told.json()["errors"][0]["pointer"]) == (422, "/email")
    again = await guest.submit(path, email=spelt, password=OTHER)
    assert again.status_code == 422
    assert OTHER not in again.text
    assert await house.mails() == ()
    assert len(await house.store.list_users()) == 1
    await house.auth.close()


@pytest.mark.parametrize("spelt", SPELT)
async def test_a_sign_in_that_reads_one_address_as_another(spelt: str) -> None:
    """With the owner's very password, a name that only looks like theirs is nobody's."""
    house = House()
    await house.person(VICTIM)
    guest = Guest(house)
    assert 400 <= (await guest.sign_in(spelt)).status_code < 500
    assert not guest.is_in()
    await house.auth.close()


async def test_open_redirect_through_return_to() -> None:
    """Each line of the lists: the sign-in leads where ``SafeRedirect`` allows, or home."""
    house = House()
    await house.person(VICTIM)
    policy = OriginPolicy(origin=HERE)
    for line in LINES:
        allowed = SafeRedirect.parse(line, policy)
        done = await Guest(house).submit("login", email=VICTIM, password=PASSWORD, return_to=line)
        assert done.status_code == 303, line
        assert done.headers["location"] == ("/" if allowed is None else allowed.location), line
    await house.auth.close()


async def test_session_fixation() -> None:
    """The session of an attacker in the victim's browser is over when the victim has signed in, and is not theirs."""
    house = House()
    await house.person(VICTIM)
    await house.person(EVE)
    attacker, victim = Guest(house, ELSEWHERE), Guest(house)
    await attacker.sign_in(EVE)
    victim.cookies |= attacker.cookies
    await victim.sign_in(VICTIM)
    assert (await victim.get("/auth/session", "application/json")).json()["user"]["email"] == VICTIM
    planted = (await attacker.get("/auth/session", "application/json")).json()
    assert (planted["authenticated"], planted["reason"]) == (False, "replaced")
    await house.auth.close()
