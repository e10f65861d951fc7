"""The own e-mail address: proved by a link that only its asker can use, changed with both addresses told."""

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from handstamp.core.models import Profile, User
from handstamp.services.sessions import Issued
from web_world import PAGE, World, cookie

LOOPBACK = "http://localhost:8000"
NOT_FROM_HERE = [
    {"host": "evil.example"},  # a name of a stranger's that leads here: DNS rebinding
    {"host": "evil.example:8000"},
    {"host": "tunnel.example", "x-forwarded-for": "203.0.113.7"},
    {"x-forwarded-for": "127.0.0.1"},
    {"x-real-ip": "203.0.113.7"},
    {"forwarded": "for=203.0.113.7"},
    {"via": "1.1 tunnel"},
    {"x-forwarded-host": "tunnel.example"},
    {"host": "["},
    {"host": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},  # another port of this machine
]
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    """An application whose mails are shown instead of sent."""
    world = World(origin=LOOPBACK)
    yield world
    await world.auth.close()


@pytest.fixture
async def visitor(world: World) -> AsyncGenerator[httpx2.AsyncClient]:
    """Somebody who asks it."""
    async with world.visitor(base_url=LOOPBACK) as client:
        yield client


async def somebody(world: World, email: str | None, *, verified: bool = False) -> tuple[User, Issued]:
    """A user with this address, signed in."""
    accounts = (await world.services()).accounts
    profile = Profile(issuer="https://idp.example", subject=str(email), email=email, email_verified=verified)
    user = await accounts.sign_in(profile, now=world.clock())
    return user, await world.sign_in(user)


async def mails(world: World) -> list[tuple[str, str, list[str]]]:
    """To whom, about what, with which links; the newest first."""
    outbox = world.auth._outbox
    assert outbox is not None
    while await outbox.send_due():
        pass
    return [(mail.to, mail.subject, mail.links) for mail in world.auth.development_mails or ()]


async def link_in_mail(world: World) -> str:
    """The link of the newest mail."""
    return (await mails(world))[0][2][0]


def token_of(link: str) -> str:
    """What it carries."""
    return parse_qs(urlsplit(link).query)["token"][0]


async def stored(world: World, user: User) -> tuple[str | None, bool]:
    """The address of a user, and whether it is verified."""
    found = await world.store.load_user(user.id)
    assert found is not None
    return found.email, found.email_verified


async def test_a_link_proves_the_address(world: World, visitor: httpx2.AsyncClient) -> None:
    """Opening it changes nothing (CSR-04); its button does, once."""
    user, issued = await somebody(world, "ada@example.org")
    headers = cookie(issued)
    assert (await visitor.post("/auth/email/verify/send", json={}, headers=headers)).status_code == 202
    link = await link_in_mail(world)
    asked = await visitor.get(link, headers=headers | PAGE)
    assert (asked.status_code, asked.headers["referrer-policy"]) == (200, "strict-origin")
    assert "ada@example.org" in asked.text
    assert await stored(world, user) == ("ada@example.org", False)
    done = await visitor.post("/auth/email/verify", json={"token": token_of(link)}, headers=headers)
    assert (done.status_code, done.json()["user"]["email_verified"]) == (200, True)
    assert await stored(world, user) == ("ada@example.org", True)
    again = await visitor.post("/auth/email/verify", json={"token": token_of(link)}, headers=headers)
    assert (again.status_code, again.json()["reason"]) == (400, "link_unknown")


async def test_of_fifty_who_press_at_once_one_is_first(world: World, visitor: httpx2.AsyncClient) -> None:
    """A link is used once (GHSA-7w99-5wm4-3g79)."""
    _, issued = await somebody(world, "ada@example.org")
    await visitor.post("/auth/email/verify/send", json={}, headers=cookie(issued))
    body = {"token": token_of(await link_in_mail(world))}
    answers = await asyncio.gather(
        *(visitor.post("/auth/email/verify", json=body, headers=cookie(issued)) for _ in range(50))
    )
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_a_link_is_worth_nothing_to_others(world: World, visitor: httpx2.AsyncClient) -> None:
    """Whoever has the mailbox has to be signed in to that account: a button pressed by mistake joins nothing."""
    user, issued = await somebody(world, "ada@example.org")
    _, other = await somebody(world, "grace@example.org")
    await visitor.post("/auth/email/verify/send", json={}, headers=cookie(issued))
    link = await link_in_mail(world)
    body = {"token": token_of(link)}
    assert (await visitor.post("/auth/email/verify", json=body)).status_code == 401
    refused = await visitor.post("/auth/email/verify", json=body, headers=cookie(other))
    assert (refused.status_code, refused.json()["reason"]) == (409, "link_of_another")
    led = await visitor.get(link, headers=PAGE)
    assert led.status_code == 303
    way_back = parse_qs(urlsplit(led.headers["location"]).query)["return_to"][0]
    assert token_of(way_back) == body["token"]
    assert await stored(world, user) == ("ada@example.org", False)


@pytest.mark.parametrize("token", ["", "x", "a.b", "\u00e9", "A" * 5000])
async def test_a_made_up_link_is_refused(world: World, visitor: httpx2.AsyncClient, token: str) -> None:
    """By page and by program alike."""
    _, issued = await somebody(world, "ada@example.org")
    assert (await visitor.get("/auth/email/verify", params={"token": token}, headers=PAGE)).status_code == 400
    answer = await visitor.post("/auth/email/verify", json={"token": token}, headers=cookie(issued))
    assert answer.status_code in {400, 422}


async def test_a_link_ends_after_a_day(world: World, visitor: httpx2.AsyncClient) -> None:
    """Its mail may be read by others later."""
    _, issued = await somebody(world, "ada@example.org")
    await visitor.post("/auth/email/verify/send", json={}, headers=cookie(issued))
    link = await link_in_mail(world)
    world.clock.now += 86_400
    refused = await visitor.post("/auth/email/verify", json={"token": token_of(link)}, headers=cookie(issued))
    assert refused.json()["reason"] == "link_unknown"


async def test_another_address_counts_when_it_is_proved(world: World, visitor: httpx2.AsyncClient) -> None:
    """The one before stays until then, and is told."""
    user, issued = await somebody(world, "ada@example.org", verified=True)
    answer = await visitor.post("/auth/email/change", json={"email": "ada@new.example"}, headers=cookie(issued))
    assert (answer.status_code, answer.json()) == (202, {"sent": True})
    assert await stored(world, user) == ("ada@example.org", True)
    link = await link_in_mail(world)
    await visitor.post("/auth/email/verify", json={"token": token_of(link)}, headers=cookie(issued))
    assert await stored(world, user) == ("ada@new.example", True)
    assert [(to, subject) for to, subject, _ in await mails(world)] == [
        ("ada@example.org", "Your e-mail address was changed"),
        ("ada@new.example", "Confirm your new e-mail address"),
    ]
    assert "email_verified" in await world.events()


async def test_changing_needs_a_fresh_session(world: World, visitor: httpx2.AsyncClient) -> None:
    """Of fifteen minutes (SES-09)."""
    _, issued = await somebody(world, "ada@example.org", verified=True)
    world.clock.now += 900
    refused = await visitor.post("/auth/email/change", json={"email": "ada@new.example"}, headers=cookie(issued))
    assert (refused.status_code, refused.json()["code"]) == (401, "fresh_session_required")
    assert await mails(world) == []


async def test_an_address_that_another_has_proved_is_told_so(world: World, visitor: httpx2.AsyncClient) -> None:
    """Its owner hears of it; whoever asks hears nothing: the answer is the same."""
    await somebody(world, "grace@example.org", verified=True)
    _, issued = await somebody(world, "ada@example.org")
    answer = await visitor.post("/auth/email/change", json={"email": "Grace@Example.ORG"}, headers=cookie(issued))
    assert (answer.status_code, answer.json()) == (202, {"sent": True})
    ((to, subject, _),) = await mails(world)
    assert (to, subject) == ("Grace@example.org", "You have an account already")


async def test_two_who_prove_one_address_are_not_joined(world: World, visitor: httpx2.AsyncClient) -> None:
    """The first has it; the other is told, and keeps the account as it was (CVE-2026-53516)."""
    links = []
    people = [await somebody(world, name) for name in ("ada@example.org", "eve@example.org")]
    for _, issued in people:
        await visitor.post("/auth/email/change", json={"email": "new@example.org"}, headers=cookie(issued))
        links.append(await link_in_mail(world))
    answers = [
        await visitor.post("/auth/email/verify", json={"token": token_of(link)}, headers=cookie(issued))
        for link, (_, issued) in zip(links, people, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["reason"] == "address_taken"
    assert await stored(world, people[0][0]) == ("new@example.org", True)
    assert await stored(world, people[1][0]) == ("eve@example.org", False)


async def test_whoever_claimed_an_address_without_proof_loses_it(world: World, visitor: httpx2.AsyncClient) -> None:
    """And nothing else: what a stranger prepared under it is joined to nobody (CVE-2026-41574)."""
    squatter, _ = await somebody(world, "ada@example.org")
    owner, issued = await somebody(world, None)
    await visitor.post("/auth/email/change", json={"email": "ada@example.org"}, headers=cookie(issued))
    link = await link_in_mail(world)
    await visitor.post("/auth/email/verify", json={"token": token_of(link)}, headers=cookie(issued))
    assert await stored(world, owner) == ("ada@example.org", True)
    assert await stored(world, squatter) == (None, False)
    assert (
        len(await world.store.list_identities(owner.id)) == len(await world.store.list_identities(squatter.id)) == 1
    )


async def test_the_forms_work_without_script(world: World, visitor: httpx2.AsyncClient) -> None:
    """The page, its refusal with what was typed, and the answer to the link."""
    _, issued = await somebody(world, "ada@example.org")
    headers = cookie(issued) | PAGE
    shown = await visitor.get("/auth/account/email", headers=headers)
    assert (shown.status_code, "not verified" in shown.text) == (200, True)
    refused = await visitor.post("/auth/email/change", content="email=ada%40nowhere", headers=headers | FORM)
    assert refused.status_code == 422
    assert 'value="ada@nowhere"' in refused.text
    assert "This is no e-mail address" in refused.text
    sent = await visitor.post("/auth/email/verify/send", content="", headers=headers | FORM)
    assert (sent.status_code, sent.headers["location"]) == (303, "/auth/account/email?sent=1")
    assert "We have sent a mail" in (await visitor.get(sent.headers["location"], headers=headers)).text
    link = await link_in_mail(world)
    done = await visitor.post("/auth/email/verify", content=f"token={token_of(link)}", headers=headers | FORM)
    assert (done.status_code, done.headers["location"]) == (303, "/auth/account/email")
    again = await visitor.post("/auth/email/verify/send", content="", headers=headers | FORM)
    assert again.status_code == 303
    assert len(await mails(world)) == 1
    assert (await visitor.get("/auth/account/email", headers=PAGE)).status_code == 303
    wrong = await visitor.post("/auth/email/change", json={"email": "no"}, headers=cookie(issued))
    assert wrong.json()["errors"][0]["pointer"] == "/email"


async def test_the_mails_of_development_are_for_this_machine(world: World, visitor: httpx2.AsyncClient) -> None:
    """As JSON, the newest first; a peer from elsewhere sees nothing, nor anybody where mails are sent."""
    _, issued = await somebody(world, "ada@example.org")
    await visitor.post("/auth/email/verify/send", json={}, headers=cookie(issued))
    await mails(world)
    assert (await visitor.get("/auth/dev/mails")).status_code == 404
    transport = httpx2.ASGITransport(world.app, client=("127.0.0.1", 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=LOOPBACK) as here:
        (mail,) = (await here.get("/auth/dev/mails")).json()
        assert set(mail) == {"to", "subject", "text", "html", "links"}
        for headers in NOT_FROM_HERE:
            assert (await here.get("/auth/dev/mails", headers=headers)).status_code == 404
    assert mail["to"] == "ada@example.org"
    elsewhere = World()
    async with elsewhere.visitor() as client:
        assert (await client.get("/auth/dev/mails")).status_code == 404
    assert elsewhere.auth.development_mails is None
    await elsewhere.auth.close()


async def test_nobody_is_flooded_by_somebody_who_is_signed_in(world: World, visitor: httpx2.AsyncClient) -> None:
    """Mails to an address that somebody names have the limits of all such mails, however many ask at once."""
    _, issued = await somebody(world, "eve@example.org")
    body = {"email": "victim@example.org"}
    answers = await asyncio.gather(
        *(visitor.post("/auth/email/change", json=body, headers=cookie(issued)) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} == {202, 429}
    assert len(await mails(world)) == [answer.status_code for answer in answers].count(202) == 3
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], int(refused.headers["retry-after"]) > 0) == ("rate_limited", True)
    again = [await visitor.post("/auth/email/verify/send", json={}, headers=cookie(issued)) for _ in range(9)]
    assert [answer.status_code for answer in again].count(202) == 3
