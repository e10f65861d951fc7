"""Another password: by who is signed in, and by who has forgotten theirs."""

import asyncio

import pytest

from handstamp.core.faults import Fault
from handstamp.core.models import User
from handstamp.core.policy import HOUR
from handstamp.login.password.machines import Machines
from login.password.house import EMAIL, OTHER, PASSWORD, Guest, House


async def asked(house: House, guest: Guest, email: str = EMAIL) -> str:
    """The token of the link that somebody who forgot gets."""
    answer = await guest.send("forgot", email=email)
    assert (answer.status_code, answer.json()) == (202, {"status": "mail_sent"})
    return await house.token()


async def reasons(house: House, user: User, *session_ids: str) -> list[str | None]:
    """Why sessions are over."""
    found = [await house.store.load_session(session_id) for session_id in session_ids]
    assert all(one is not None and one.user_id == user.id for one in found)
    return [one.end_reason for one in found if one is not None]


async def test_who_forgot_it_chooses_another_and_all_sessions_end(house: House, guest: Guest) -> None:
    """It signs nobody in, tells the owner, and opens the account where guesses had closed it."""
    user = await house.person()
    session = (await guest.sign_in()).json()["session"]["id"]
    for number in range(40):
        await Guest(house, f"198.51.100.{number}").sign_in(password="guess")
    forgetful = Guest(house, "192.0.2.5")
    assert (await forgetful.sign_in()).json()["reason"] == "proof_required"
    token = await asked(house, forgetful)
    assert (await forgetful.send("reset", token=token, password=OTHER)).status_code == 204
    assert forgetful.cookies == {}
    assert await reasons(house, user, session) == ["password_changed"]
    assert (await house.mails())[0].subject == "Your password was changed"
    assert (await forgetful.sign_in()).status_code == 401
    assert (await forgetful.sign_in(password=OTHER)).status_code == 200
    assert "password_changed" in await house.events()


async def test_a_person_resets_it_by_forms(house: House, guest: Guest) -> None:
    """Following the link changes nothing; a refused password comes back as the page, with the link in it."""
    user = await house.person()
    before = await house.kept(user)
    sent = await guest.submit("forgot", email=EMAIL)
    assert (sent.status_code, "If the address is that of an account" in sent.text) == (202, True)
    token = await house.token()
    form = await guest.get(f"/auth/password/reset?token={token}")
    assert 'autocomplete="new-password"' in form.text
    assert await house.kept(user) == before
    back = await guest.submit("reset", token=token, password="password1234567")
    assert (back.status_code, token in back.text, "password1234567" in back.text) == (422, True, False)
    done = await guest.submit("reset", token=token, password=OTHER)
    assert (done.status_code, "Password changed" in done.text) == (200, True)
    assert await house.kept(user) != before


async def test_whether_there_is_an_account_is_told_to_its_owner_alone(house: House, guest: Guest) -> None:
    """The same answer and the same work; a mail to the owner, and none to anybody else (PAS-04)."""
    await house.person()
    gone = await house.person("gone@example.com")
    await house.store.disable_user(gone.id, now=house.clock())
    seen = []
    for email in (EMAIL, "nobody@example.com", "gone@example.com"):
        house.store.asked.clear()
        answer = await guest.send("forgot", email=email)
        seen.append((answer.status_code, answer.text, dict(house.store.asked)))
        await house.mails()
    assert seen[0] == seen[1] == seen[2]
    assert [mail.to for mail in await house.mails()] == [EMAIL]


async def test_a_link_is_good_once_and_void_when_the_password_is_another(house: House, guest: Guest) -> None:
    """All links that are out, and a link that was used (PAS-07)."""
    await house.person()
    first = await asked(house, guest)
    second = await asked(house, guest)
    assert (await guest.send("reset", token=first, password=OTHER)).status_code == 204
    for token in (first, second):
        again = await guest.send("reset", token=token, password=PASSWORD)
        assert (again.status_code, again.json()["reason"]) == (400, "link_unknown")
    assert (await guest.sign_in(password=OTHER)).status_code == 200


async def test_a_link_is_good_for_an_hour(house: House, guest: Guest) -> None:
    """After it the page says so too, and so for one that is not whole."""
    await house.person()
    token = await asked(house, guest)
    assert (await guest.get(f"/auth/password/reset?token={token[:-1]}")).status_code == 400
    house.clock.now += HOUR
    assert (await guest.get(f"/auth/password/reset?token={token}")).status_code == 400
    assert (await guest.send("reset", token=token, password=OTHER)).json()["reason"] == "link_unknown"


async def test_a_link_of_a_user_who_is_gone_does_nothing(house: House, guest: Guest) -> None:
    """Deleted or disabled meanwhile."""
    user = await house.person()
    token = await asked(house, guest)
    await house.store.disable_user(user.id, now=house.clock())
    assert (await guest.send("reset", token=token, password=OTHER)).json()["reason"] == "link_unknown"
    await house.store.delete_user(user.id)
    assert (await guest.send("reset", token=token, password=OTHER)).json()["reason"] == "link_unknown"


async def test_fifty_uses_of_one_link_change_it_once(house: House, guest: Guest) -> None:
    """Races: one-time token used twice (GHSA-392p-2q2v-4372)."""
    user = await house.person()
    token = await asked(house, guest)
    passwords = [f"{OTHER} number {number}" for number in range(30)]
    done = await asyncio.gather(*(guest.send("reset", token=token, password=one) for one in passwords))
    assert sorted(one.status_code for one in done) == [204] + [400] * 29
    (winner,) = [word for word, one in zip(passwords, done, strict=True) if one.status_code == 204]
    assert (await guest.sign_in(password=winner)).json()["user"]["id"] == user.id


async def test_two_links_at_once_change_it_once(house: House, guest: Guest) -> None:
    """Each is bound to the password that was there when it was made."""
    await house.person()
    tokens = [await asked(house, guest), await asked(house, guest)]
    done = await asyncio.gather(*(guest.send("reset", token=token, password=OTHER) for token in tokens))
    assert sorted(one.status_code for one in done) == [204, 400]


async def test_who_has_no_password_yet_chooses_one_by_mail(house: House, guest: Guest) -> None:
    """Somebody who came by a provider and has proved the address."""
    await house.person(password=None)
    token = await asked(house, guest)
    assert (await guest.send("reset", token=token, password=OTHER)).status_code == 204
    assert (await guest.sign_in(password=OTHER)).status_code == 200


async def test_who_is_signed_in_changes_it_and_is_signed_out_elsewhere(house: House, guest: Guest) -> None:
    """The session that did it stays; the owner is told (SES-08)."""
    user = await house.person()
    elsewhere = (await Guest(house).sign_in()).json()["session"]["id"]
    here = (await guest.sign_in()).json()["session"]["id"]
    done = await guest.send("change", current_password=PASSWORD, password=OTHER)
    assert done.status_code == 204
    assert await reasons(house, user, elsewhere, here) == ["password_changed", None]
    assert (await house.mails())[0].subject == "Your password was changed"
    assert (await Guest(house).sign_in(password=OTHER)).status_code == 200


async def test_a_person_changes_it_by_the_form(house: House, guest: Guest) -> None:
    """With the name there for password managers, and the password that they have asked for."""
    await house.person()
    await guest.sign_in()
    form = await guest.get("/auth/password/change")
    for token in ("username", "current-password", "new-password"):
        assert f'autocomplete="{token}"' in form.text
    back = await guest.submit("change", current_password="wrong", password=OTHER)
    assert (back.status_code, "This is not your password." in back.text) == (422, True)
    assert OTHER not in back.text
    done = await guest.submit("change", current_password=PASSWORD, password=OTHER)
    assert (done.status_code, done.headers["location"]) == (303, "/auth/account/security")


async def test_changing_it_needs_a_fresh_session(house: House, guest: Guest) -> None:
    """One of fifteen minutes ago confirms first, by the password (SES-09); that is a new session (SES-02)."""
    await house.person()
    before = (await guest.sign_in()).json()["session"]["id"]
    house.clock.now += HOUR
    refused = await guest.send("change", current_password=PASSWORD, password=OTHER)
    assert (refused.status_code, refused.json()["code"]) == (401, "fresh_session_required")
    asked_for = await guest.get("/auth/reauthenticate")
    assert 'name="password"' in asked_for.text
    wrong = await guest.send("../reauthenticate", password="wrong")
    assert wrong.json()["errors"][0]["pointer"] == "/password"
    confirmed = await guest.send("../reauthenticate", password=PASSWORD)
    assert (confirmed.status_code, confirmed.json()["session"]["id"] != before) == (200, True)
    assert (await guest.send("change", current_password=PASSWORD, password=OTHER)).status_code == 204


async def test_password_managers_find_the_page(guest: Guest) -> None:
    """At the well-known address of the site; whoever is not signed in is led to sign in first."""
    found = await guest.get("/.well-known/change-password")
    assert (found.status_code, found.headers["location"]) == (302, "/auth/password/change")
    assert (await guest.get("/.well-known/other")).status_code == 404


async def test_nobody_changes_it_who_is_not_signed_in(guest: Guest) -> None:
    """Neither the page nor the change. People are led to sign in, and back."""
    assert (await guest.send("change", current_password=PASSWORD, password=OTHER)).status_code == 401
    assert (await guest.get("/auth/password/change", accept="application/json")).status_code == 401
    led = await guest.get("/auth/password/change")
    assert (led.status_code, led.headers["location"]) == (303, "/auth/login?return_to=%2Fauth%2Fpassword%2Fchange")


async def test_the_password_that_one_has_cannot_be_guessed_in_a_stolen_session(house: House, guest: Guest) -> None:
    """Five tries, then one a minute; the right one fills the bucket."""
    await house.person()
    await guest.sign_in()
    statuses = [(await guest.send("change", current_password="guess", password=OTHER)).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    house.clock.now += 61
    assert (await guest.send("change", current_password=PASSWORD, password=OTHER)).status_code == 204


async def test_who_has_none_chooses_a_first_one(house: House, guest: Guest) -> None:
    """Signed in by a provider; the page on ways in leads there. Without a name to sign in by, there is no use."""
    user = await house.person(password=None)
    guest.cookies["__Host-Http-session"] = (await house.sign_in(user)).token
    assert "You have none." in (await guest.get("/auth/account/security")).text
    assert "current_password" not in (await guest.get("/auth/password/change")).text
    assert 'name="password"' not in (await guest.get("/auth/reauthenticate")).text
    refused = await guest.send("../reauthenticate", password=PASSWORD)
    assert refused.json()["errors"][0]["code"] == "password_wrong"
    assert (await guest.send("change", password=OTHER)).status_code == 204
    assert (await Guest(house).sign_in(password=OTHER)).status_code == 200
    nameless = await house.person(email=None, password=None)
    guest.cookies["__Host-Http-session"] = (await house.sign_in(nameless)).token
    refused = await guest.send("change", password=OTHER)
    assert refused.json()["errors"][0]["code"] == "no_name"


async def test_of_two_changes_at_once_one_counts(house: House, guest: Guest) -> None:
    """And the other says so."""
    await house.person()
    await guest.sign_in()
    done = await asyncio.gather(
        *(guest.send("change", current_password=PASSWORD, password=f"{OTHER} {number}") for number in range(2))
    )
    assert sorted(one.status_code for one in done) == [204, 422]


@pytest.mark.parametrize("path", ["register", "reset", "change"])
async def test_a_leaked_password_is_refused_where_a_service_knows_it(house: House, guest: Guest, path: str) -> None:
    """Wherever a new one is chosen (PAS-02)."""

    class Leaks:
        """Knows all of them."""

        async def faults(self, _: str, *, pointer: str = "/password") -> tuple[Fault, ...]:
            """It has leaked."""
            return (Fault("password_breached", "It has leaked.", pointer),)

        async def close(self) -> None:
            """Holds no connection."""

    await house.person()
    await guest.sign_in()
    token = await asked(house, guest)
    machines = house.auth.methods[0]._machines  # type: ignore[attr-defined]  # of a password
    assert isinstance(machines, Machines)
    object.__setattr__(machines, "breach", Leaks())
    answer = await guest.send(path, email="new@example.com", token=token, current_password=PASSWORD, password=OTHER)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "password_breached")
