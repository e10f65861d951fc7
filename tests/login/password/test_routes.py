"""Passwords over HTTP, by programs and by people."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import Response

from handstamp.login.password import argon2id, hashing, routes
from handstamp.web import entering
from login.password.house import EMAIL, FORM, OTHER, OWN, PASSWORD, Guest, House
from login.password.samples import IMPORTED
from login.password.samples import PASSWORD as DJANGO_PASSWORD

BROWSER = "__Host-Http-browser"


async def test_who_has_a_password_signs_in_with_it(house: House, guest: Guest) -> None:
    """By address, in whatever case; the session says how, and the browser is known from then on."""
    user = await house.person()
    done = await guest.sign_in(EMAIL.upper())
    assert (done.status_code, done.json()["user"]["id"]) == (200, user.id)
    assert (done.json()["session"]["amr"], done.json()["session"]["aal"]) == (["pwd"], 1)
    assert guest.is_in()
    assert BROWSER in guest.cookies
    assert "signed_in" in await house.events()


async def test_a_person_signs_in_by_the_form(house: House, guest: Guest) -> None:
    """And goes where they wanted to go; signed in for as long as they said."""
    await house.person()
    login = await guest.get("/auth/login?return_to=/reports")
    assert 'autocomplete="username"' in login.text
    assert 'autocomplete="current-password"' in login.text
    assert 'href="/auth/password/forgot"' in login.text
    done = await guest.submit("login", email=EMAIL, password=PASSWORD, return_to="/reports", remember="1")
    assert (done.status_code, done.headers["location"]) == (303, "/reports")
    assert any("Max-Age" in line for line in done.headers.get_list("set-cookie") if "session=" in line)


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), ("nobody@example.com", PASSWORD), ("nobody", PASSWORD), ("ada", "wrong")],
)
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    house: House, guest: Guest, email: str, password: str
) -> None:
    """Byte for byte, to programs and to people, but for what was typed (PAS-04)."""
    await house.person(username="ada")
    refused = await guest.send("login", email=email, password=password)
    assert refused.status_code == 401
    assert (refused.json()["code"], refused.json()["reason"]) == ("login_failed", "wrong_password")
    assert guest.cookies == {}
    again = await guest.submit("login", email=email, password=password, return_to="/reports")
    assert again.status_code == 422
    assert "Nobody has this name and this password." in again.text
    assert f'value="{email}"' in again.text
    assert password not in again.text.replace(email, "")
    assert 'value="/reports"' in again.text
    assert guest.cookies == {}


async def test_the_work_is_the_same_whether_or_not_there_is_such_a_user(
    house: House, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes and verbs of the store are counted, rather than milliseconds (PAS-04)."""
    await house.person()
    await house.person("bare@example.com", None)
    hashes = counted_hashes(monkeypatch)
    seen = []
    for email in (EMAIL, "nobody@example.com", "bare@example.com"):
        house.store.asked.clear()
        hashes.clear()
        await guest.sign_in(email, "wrong")
        seen.append((dict(house.store.asked), list(hashes)))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][1]) == 1


def counted_hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the memory of each Argon2 that is computed."""
    done: list[int] = []
    derive = argon2id.derive

    def counted(password: str, salt: bytes, parameters: argon2id.Parameters) -> bytes:
        done.append(parameters.memory)
        return derive(password, salt, parameters)

    monkeypatch.setattr(argon2id, "derive", counted)
    monkeypatch.setattr(hashing, "derive", counted)
    return done


async def test_a_username_signs_in_and_one_of_two_users_does_not(house: House, guest: Guest) -> None:
    """Names come from providers, and nobody has proved theirs."""
    await house.person(username="ada")
    assert (await guest.sign_in("Ada")).status_code == 200
    await house.person("eve@example.com", OTHER, username="ADA")
    assert (await guest.sign_in("ada")).status_code == 401
    assert (await guest.sign_in("ada", OTHER)).status_code == 401


async def test_an_address_that_nobody_proved_and_an_id_sign_nobody_in(house: House, guest: Guest) -> None:
    """Both are no names."""
    user = await house.person("ada@example.com")
    await house.store.set_email(user.id, EMAIL)
    assert (await guest.sign_in()).status_code == 401
    assert (await guest.sign_in(user.id)).status_code == 401


async def test_a_disabled_user_hears_of_it_after_the_password_alone(house: House, guest: Guest) -> None:
    """Whoever does not know the password learns nothing."""
    user = await house.person()
    await house.store.disable_user(user.id, now=house.clock())
    assert (await guest.sign_in(password="wrong")).json()["reason"] == "wrong_password"
    assert (await guest.sign_in()).json()["reason"] == "user_disabled"
    assert not guest.is_in()


async def test_each_sign_in_is_a_new_session_in_place_of_the_one_before(house: House, guest: Guest) -> None:
    """Session fixation (CVE-2022-25896, CVE-2023-29019; SES-02)."""
    await house.person()
    first = (await guest.sign_in()).json()["session"]["id"]
    second = (await guest.sign_in()).json()["session"]["id"]
    assert first != second
    ended = await house.store.load_session(first)
    assert ended is not None
    assert ended.end_reason == "replaced"


async def test_an_imported_hash_becomes_a_new_one_at_sign_in(house: House, guest: Guest) -> None:
    """One that Django wrote; of several sign-ins at once each comes in."""
    user = await house.person(password=None)
    await house.keep(user, IMPORTED["Django 5.2 PBKDF2"])
    guests = [Guest(house, f"192.0.2.{number}") for number in range(4)]
    done = await asyncio.gather(*(one.sign_in(password=DJANGO_PASSWORD) for one in guests))
    assert [one.status_code for one in done] == [200] * 4
    after = await house.kept(user)
    assert after.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await guest.sign_in(password=DJANGO_PASSWORD)).status_code == 200
    assert await house.kept(user) == after


async def test_guesses_are_slowed_down_and_the_owner_is_not(house: House, guest: Guest) -> None:
    """One network waits; many get another proof asked for; a browser that has signed in does not notice."""
    await house.person()
    await guest.sign_in()
    stranger = Guest(house, "198.51.100.1")
    statuses = [(await stranger.sign_in(password="guess")).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    waiting = await stranger.submit("login", email=EMAIL, password="guess")
    assert (waiting.status_code, int(waiting.headers["retry-after"])) == (429, 30)
    assert "Try again in 30 seconds." in waiting.text
    for number in range(30):
        await Guest(house, f"192.0.2.{number}").sign_in(password="guess")
    asked = await Guest(house, "203.0.113.99").sign_in()
    assert (asked.status_code, asked.json()["reason"]) == (403, "proof_required")
    shown = await Guest(house, "203.0.113.99").submit("login", email=EMAIL, password=PASSWORD)
    assert (shown.status_code, "choose a new one by e-mail" in shown.text) == (422, True)
    assert (await guest.sign_in()).status_code == 200


async def test_fifty_guesses_at_once_pass_no_limit(house: House) -> None:
    """Races: rate limit passed by parallel requests (GHSA-7w99-5wm4-3g79, CVE-2026-110861)."""
    await house.person()
    done = await asyncio.gather(*(Guest(house).sign_in(password="guess") for _ in range(50)))
    assert sorted(one.status_code for one in done) == [401] * 5 + [429] * 45


async def test_a_session_that_began_beside_a_reset_is_ended(
    house: House, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password was checked before the change, the session would begin after it."""
    user = await house.person()
    honest = entering.enter

    async def slowly(*args: Any, **kwargs: Any) -> Response:
        (credential,) = await house.store.list_credentials(user.id)
        await house.store.swap_credential(credential, replace(credential, secret="$another"))
        return await honest(*args, **kwargs)

    monkeypatch.setattr(routes, "enter", slowly)
    assert (await guest.sign_in()).status_code == 401
    assert await house.store.list_sessions(user.id, now=house.clock()) == ()


@pytest.mark.parametrize("path", ["register", "login", "forgot", "reset", "change", "confirm"])
async def test_what_another_site_caused_is_refused(guest: Guest, path: str) -> None:
    """Whatever it carries (CSR-05)."""
    for origin in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await guest.post(
            f"/auth/password/{path}", json={"email": EMAIL, "password": PASSWORD}, headers=origin
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize("path", ["register", "login", "forgot", "reset", "confirm"])
async def test_what_cannot_be_read_is_refused(guest: Guest, path: str) -> None:
    """Ten megabytes, another type, no JSON, nothing in it, and fields of the wrong kind."""
    url = f"/auth/password/{path}"
    assert (await guest.post(url, content=b"x" * 10_000_000, headers=OWN | FORM)).status_code == 413
    assert (await guest.post(url, content=b"<a/>", headers=OWN | {"content-type": "text/xml"})).status_code == 415
    assert (
        await guest.post(url, content=b"{", headers=OWN | {"content-type": "application/json"})
    ).status_code == 400
    missing = await guest.send(path)
    assert missing.status_code == 422
    assert {one["code"] for one in missing.json()["errors"]} == {"missing"}
    wrong = await guest.send(path, email=["a"], password={"$ne": ""}, token=1)
    assert wrong.status_code == 422
    assert {one["code"] for one in wrong.json()["errors"]} == {"wrong_type"}
