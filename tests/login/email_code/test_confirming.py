"""Showing once more who one is, by a code to one's own address."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx2
import pytest

from code_world import ADA, AS_FORM, CodeWorld, wrong
from handstamp.core.models import Credential, CredentialKind, EndReason, User
from handstamp.services.sessions import Issued
from web_world import NOW, PAGE

SEND = "/auth/email-code/confirm"
CONFIRM = "/auth/reauthenticate"
HOST = "app.example.com"


async def signed_in(world: CodeWorld, http: httpx2.AsyncClient, user: User) -> Issued:
    """Somebody who signed in an hour ago."""
    issued = await world.sign_in(user)
    http.cookies.set("__Host-Http-session", issued.token, domain=HOST)
    world.clock.now += 3600
    return issued


async def given(world: CodeWorld, user: User, kind: CredentialKind) -> None:
    """A confirmed credential of a user."""
    one = Credential(id=kind.value, user_id=user.id, kind=kind, secret="s", created_at=NOW, confirmed_at=NOW)
    assert await (await world.services()).people.add_credential(one, most=1)


@dataclass
class Asking:
    """Ada, signed in an hour ago."""

    world: CodeWorld
    ada: User
    http: httpx2.AsyncClient
    session: Issued

    async def code(self) -> str:
        """One that she asked for."""
        assert (await self.http.post(SEND, json={})).status_code == 202
        return await self.world.code()

    async def confirm(self, code: str) -> httpx2.Response:
        """What comes of it, as a program is told."""
        return await self.http.post(CONFIRM, json={"email_code": code})


@pytest.fixture
async def asking() -> AsyncGenerator[Asking]:
    """Ada and her browser."""
    world = CodeWorld()
    ada = await world.person()
    async with world.browser() as http:
        yield Asking(world, ada, http, await signed_in(world, http, ada))
    await world.auth.close()


async def test_a_code_to_the_own_address_makes_the_session_fresh(asking: Asking) -> None:
    """A new one in place of the old (SES-02), and back to where they were."""
    http, world = asking.http, asking.world
    page = await http.get(f"{CONFIRM}?return_to=/fresh", headers=PAGE)
    assert 'name="email_code"' in page.text
    assert ADA in page.text
    sent = await http.post(SEND, data={"return_to": "/fresh"}, headers=AS_FORM)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{CONFIRM}?return_to=%2Ffresh")
    (mail,) = await world.mails()
    assert mail.to == ADA
    filled = {"email_code": await world.code(), "return_to": "/fresh"}
    answer = await http.post(CONFIRM, data=filled, headers=AS_FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/fresh")
    assert (await http.get("/fresh")).text == "fresh"
    assert (await world.row(asking.session)).end_reason is EndReason.REPLACED


async def test_a_program_is_led_through_it_too(asking: Asking) -> None:
    """It is told which field, and that the mail is on its way."""
    assert (await asking.http.get(CONFIRM)).json()["confirm_with"] == ["email_code"]
    assert (await asking.confirm(await asking.code())).status_code == 200
    assert (await asking.http.get("/fresh")).text == "fresh"


async def test_a_wrong_code_confirms_nothing(asking: Asking) -> None:
    """The fault is beside its field; the session is as it was."""
    bad = wrong(await asking.code())
    told = [(await asking.confirm(bad)).json()["errors"][0] for _ in range(6)]
    expected = ["wrong_code"] * 5 + ["code_spent"]
    assert [(one["code"], one["pointer"]) for one in told] == [(code, "/email_code") for code in expected]
    page = await asking.http.post(CONFIRM, data={"email_code": bad}, headers=AS_FORM)
    assert page.status_code == 422
    assert 'aria-describedby="email_code-fault"' in page.text
    assert (await asking.http.get("/fresh")).status_code == 401


async def test_without_a_code_under_way_nothing_is_confirmed(asking: Asking) -> None:
    """Nor by a code that was asked for to sign in."""
    answer = await asking.confirm("123456")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "flow_unknown")
    await asking.http.post("/auth/email-code/start", json={"email": ADA})
    assert (await asking.confirm(await asking.world.code())).status_code == 422


async def test_a_code_confirms_nobody_else(asking: Asking) -> None:
    """Whoever signs in in the same browser meanwhile needs one of their own."""
    code = await asking.code()
    issued = await asking.world.sign_in(await asking.world.person("eve@example.net"))
    asking.http.cookies.set("__Host-Http-session", issued.token, domain=HOST)
    assert (await asking.confirm(code)).status_code == 422


async def test_a_code_to_an_address_that_changed_confirms_nothing(asking: Asking) -> None:
    """It was sent to whoever has the old one."""
    code = await asking.code()
    await asking.world.store.set_email(asking.ada.id, "new@example.com")
    assert (await asking.confirm(code)).status_code == 422


@pytest.mark.parametrize("kind", [CredentialKind.TOTP, CredentialKind.PASSKEY])
async def test_who_has_something_stronger_is_not_let_off_with_a_mail(asking: Asking, kind: CredentialKind) -> None:
    """Neither before the code was sent nor after."""
    code = await asking.code()
    await given(asking.world, asking.ada, kind)
    assert (await asking.confirm(code)).status_code == 422
    assert (await asking.http.post(SEND, json={})).status_code == 403
    assert "email_code" not in (await asking.http.get(CONFIRM)).json()["confirm_with"]


@pytest.mark.parametrize("email", [None, ADA])
async def test_who_has_no_verified_address_is_offered_nothing(email: str | None) -> None:
    """There is nowhere to send it."""
    world = CodeWorld()
    user = await world.person(email, verified=False)
    async with world.browser() as http:
        await signed_in(world, http, user)
        assert (await http.get(CONFIRM)).json()["confirm_with"] == []
        assert (await http.post(SEND, json={})).status_code == 403
    assert await world.mails() == ()
    await world.auth.close()


async def test_nobody_is_sent_a_code_who_is_not_signed_in() -> None:
    """401."""
    world = CodeWorld()
    async with world.browser() as http:
        assert (await http.post(SEND, json={})).status_code == 401
    await world.auth.close()


async def test_of_fifty_confirmations_with_one_code_one_counts(asking: Asking) -> None:
    """At once."""
    code = await asking.code()
    answers = await asyncio.gather(*(asking.confirm(code) for _ in range(50)))
    assert [answer.status_code for answer in answers].count(200) == 1
    sessions = (await asking.world.services()).sessions
    assert len(await sessions.list(asking.ada.id, now=asking.world.clock())) == 1
