"""Signing up: an account is made for who has shown that the address is theirs, and for nobody else."""

import asyncio

import pytest

from handstamp.core.models import Profile
from handstamp.core.policy import DAY
from login.password.house import EMAIL, OTHER, PASSWORD, Guest, House
from login.password.test_routes import counted_hashes


async def test_somebody_signs_up_and_is_signed_in_by_the_link(house: House, guest: Guest) -> None:
    """Nobody is signed in, and nobody is there, before the link is followed."""
    done = await guest.send("register", email=EMAIL, password=PASSWORD)
    assert (done.status_code, done.json()) == (202, {"status": "mail_sent"})
    assert not guest.is_in()
    assert await house.store.list_users() == ()
    assert (await guest.sign_in()).status_code == 401
    (mail,) = await house.mails()
    assert (mail.to, mail.subject) == (EMAIL, "Confirm your e-mail address")
    token = await house.token()
    confirmed = await guest.send("confirm", token=token)
    assert (confirmed.json()["user"]["email"], confirmed.json()["user"]["email_verified"]) == (EMAIL, True)
    assert guest.is_in()
    assert (await Guest(house).sign_in()).status_code == 200
    assert "signed_up" in await house.events()


async def test_a_person_signs_up_by_forms(house: House, guest: Guest) -> None:
    """Following the link changes nothing by itself: mail programs follow links too."""
    register = await guest.get("/auth/register")
    assert 'autocomplete="new-password"' in register.text
    assert "At least 15 characters" in register.text
    sent = await guest.submit("register", email=EMAIL, password=PASSWORD)
    assert (sent.status_code, "Look into your mails" in sent.text) == (202, True)
    token = await house.token()
    asked = await guest.get(f"/auth/password/confirm?token={token}")
    assert (asked.status_code, 'name="password"' in asked.text) == (200, False)
    assert await house.store.list_users() == ()
    done = await guest.submit("confirm", token=token)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert guest.is_in()


async def test_a_refused_form_comes_back_with_the_message_and_without_the_password(guest: Guest) -> None:
    """What was typed stays, but for secrets; JSON names fields by pointers."""
    back = await guest.submit("register", email=EMAIL, password="short")
    assert back.status_code == 422
    assert f'value="{EMAIL}"' in back.text
    assert "short" not in back.text
    assert 'aria-describedby="password-fault password-hint"' in back.text
    told = await guest.send("register", email="no address", password=PASSWORD)
    assert [(one["pointer"], one["code"]) for one in told.json()["errors"]] == [("/email", "no_address")]
    told = await guest.send("register", email=EMAIL, password="ada@example.com ada")
    assert told.json()["errors"][0]["code"] == "password_too_personal"


async def test_in_another_browser_the_link_asks_for_the_password(house: House, guest: Guest) -> None:
    """The owner of the address follows the link by mistake, and makes nothing.

    Account taken over because an attacker registers the victim's address first and keeps a way in (CVE-2026-53516,
    CVE-2026-41574).
    """
    mallory = guest
    await mallory.send("register", email=EMAIL, password=PASSWORD)
    owner, token = Guest(house), await house.token()
    page = await owner.get(f"/auth/password/confirm?token={token}")
    assert 'name="password"' in page.text
    missing = await owner.send("confirm", token=token)
    assert missing.json()["errors"][0]["pointer"] == "/password"
    back = await owner.submit("confirm", token=token, password="whatever the owner has")
    assert (back.status_code, "This is not the password that was chosen." in back.text) == (422, True)
    assert await house.store.list_users() == ()
    assert (await owner.send("confirm", token=token, password=PASSWORD)).status_code == 200


async def test_who_prepared_an_account_under_an_address_gains_nothing(house: House, guest: Guest) -> None:
    """Nothing of the stranger's is joined to the owner's, whichever of the two came first (incidents, row 1)."""
    mallory, owner = guest, Guest(house, "192.0.2.2")
    accounts = (await house.services()).accounts
    profile = Profile(issuer="https://careless.example", subject="mallory", email=EMAIL, email_verified=False)
    prepared = await accounts.sign_in(profile, now=house.clock())
    await mallory.send("register", email=EMAIL, password=PASSWORD)
    mallorys = await house.token()
    await owner.send("register", email=EMAIL, password=OTHER)
    done = await owner.send("confirm", token=await house.token())
    assert done.json()["user"]["id"] != prepared.id
    assert (await house.store.load_user(prepared.id)).email is None  # type: ignore[union-attr]  # it is there
    late = await mallory.send("confirm", token=mallorys)
    assert (late.status_code, late.json()["reason"]) == (400, "link_unknown")
    assert not mallory.is_in()
    assert (await mallory.sign_in()).status_code == 401
    assert (await owner.sign_in(password=OTHER)).status_code == 200
    assert len(await house.store.list_users()) == 2


async def test_a_taken_address_is_answered_alike_and_its_owner_is_told(
    house: House, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answer, cookies and work; the difference is in the mail alone (PAS-04)."""
    await house.person()
    hashes = counted_hashes(monkeypatch)
    seen = []
    for email in (EMAIL, "new@example.com"):
        visitor = Guest(house)
        house.store.asked.clear()
        hashes.clear()
        done = await visitor.send("register", email=email, password=PASSWORD)
        seen.append((done.status_code, done.json(), sorted(visitor.cookies), dict(house.store.asked), list(hashes)))
        await house.mails()
    assert seen[0] == seen[1]
    assert [mail.subject for mail in reversed(await house.mails())] == [
        "You have an account already",
        "Confirm your e-mail address",
    ]


async def test_fifty_uses_of_one_link_make_one_account(house: House, guest: Guest) -> None:
    """Races: one-time token used twice (GHSA-392p-2q2v-4372)."""
    await guest.send("register", email=EMAIL, password=PASSWORD)
    token, cookies = await house.token(), dict(guest.cookies)
    guests = [Guest(house) for _ in range(50)]
    for one in guests:
        one.cookies = dict(cookies)
    done = await asyncio.gather(*(one.send("confirm", token=token) for one in guests))
    assert sorted(one.status_code for one in done) == [200] + [400] * 49
    assert len(await house.store.list_users()) == 1


async def test_two_who_have_shown_one_address_at_once_do_not_both_have_it(house: House, guest: Guest) -> None:
    """Two links to one mailbox, followed at once: one account, and none of the other is left."""
    guests, tokens = [guest, Guest(house)], []
    for one in guests:
        await one.send("register", email=EMAIL, password=PASSWORD)
        tokens.append(await house.token())
    done = await asyncio.gather(
        *(one.send("confirm", token=token) for one, token in zip(guests, tokens, strict=True))
    )
    assert sorted(one.status_code for one in done) == [200, 400]
    assert len(await house.store.list_users()) == 1


async def test_a_link_is_good_for_a_day_and_for_its_page(house: House, guest: Guest) -> None:
    """One that is too old, another's, or made up is told so."""
    await house.person("ben@example.com")
    await guest.send("register", email=EMAIL, password=PASSWORD)
    token = await house.token()
    await guest.send("forgot", email="ben@example.com")
    other = await house.token()
    for wrong in (other, token[:-4] + "AAAA", "x", "ü" * 10):
        answer = await guest.send("confirm", token=wrong)
        assert (answer.status_code, answer.json()["reason"]) == (400, "link_unknown")
        assert (await guest.get("/auth/password/confirm?token=x")).status_code == 400
    assert (await guest.send("reset", token=token, password=OTHER)).json()["reason"] == "link_unknown"
    house.clock.now += DAY
    assert (await guest.send("confirm", token=token)).json()["reason"] == "link_unknown"


async def test_the_password_of_a_link_cannot_be_guessed(house: House, guest: Guest) -> None:
    """Five tries, then one a minute."""
    await guest.send("register", email=EMAIL, password=PASSWORD)
    stranger, token = Guest(house), await house.token()
    statuses = [(await stranger.send("confirm", token=token, password="guess")).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


async def test_mails_to_one_address_are_few(house: House, guest: Guest) -> None:
    """Whether there is such an account or not."""
    await house.person()
    for email in (EMAIL, "nobody@example.com"):
        statuses = [(await guest.send("register", email=email, password=PASSWORD)).status_code for _ in range(4)]
        assert statuses == [202] * 3 + [429]
        form = await guest.submit("register", email=email, password=PASSWORD)
        assert (form.status_code, "There were too many attempts." in form.text) == (429, True)


@pytest.mark.parametrize(
    "email",
    [
        "ada\uff20example.com",
        "ada@example.com,eve@example.com",
        "ada@example.com\neve@example.com",
        "ada@example.com (eve@evil.example)",
        '"ada@example.com> "@evil.example',
        "<ada@example.com>",
        "ada@[127.0.0.1]",
        "\uff41da@example.com",
        "ad\u0430@example.com",
        "ada@example.com\x00@evil.example",
    ],
)
async def test_an_address_that_could_be_read_as_another_is_none(house: House, guest: Guest, email: str) -> None:
    """E-mail parsing: full-width @, two addresses in one, comments.

    CVE-2026-73420, GHSA-5jpx-9hw9-2fx4, CVE-2022-35924, CVE-2026-40574.
    """
    for path in ("register", "forgot"):
        answer = await guest.send(path, email=email, password=PASSWORD)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/email")
    assert await house.mails() == ()
