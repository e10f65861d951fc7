"""What went wrong elsewhere, tried here: on a house as it is by default, through its own routes.

A test has the name of the fault. Where a fault has its tests beside the code that it would be in, ``PROVED`` says
which, and a test holds that they are there.
"""

import ast
import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest

from handstamp.core.keys import Purpose
from handstamp.core.models import Session, User
from handstamp.core.policy import OriginPolicy
from handstamp.core.redirects import SafeRedirect
from handstamp.login.oauth import client
from login.oauth.browsing import Browser, Endpoint, Provider
from vectors import load_text
from web_world import FORM, ORIGIN, OWN, PAGE, SESSION, World, cookie

VICTIM = "kate@mail.example"
JSON = {"accept": "application/json", "content-type": "application/json"}
MANY = 50


@dataclass
class House:
    """An application with two providers, of which each believes what a test says; the rest is as by default."""

    world: World
    http: httpx2.AsyncClient
    nowhere: Provider = field(default_factory=Provider)
    other: Provider = field(default_factory=lambda: Provider("other"))

    def browser(self) -> Browser:
        """Of somebody who was never here."""
        return Browser(self.http)

    def says(self, provider: Provider, **members: Any) -> None:
        """From now on the provider says this of whoever comes."""
        provider.profile = replace(provider.profile, **members)

    async def comes(self, provider: Provider, browser: Browser | None = None) -> tuple[httpx2.Response, Browser]:
        """Somebody signs in there and comes back."""
        browser = browser or self.browser()
        state = await browser.begin(provider=provider.id)
        return await browser.finish(state, provider=provider.id), browser

    async def enters(self, provider: Provider) -> tuple[dict[str, Any], Browser]:
        """Somebody signs in there and is in: the user as the session tells it."""
        response, browser = await self.comes(provider)
        assert response.status_code == 303, response.text
        return await who(browser), browser

    async def users(self) -> tuple[User, ...]:
        """Everybody."""
        return await self.world.store.list_users()

    def sessions(self) -> dict[str, Session]:
        """All of them, by id."""
        return self.world.store._sessions


async def who(browser: Browser) -> dict[str, Any]:
    """The user of a browser's session; empty where nobody is signed in."""
    told = (await browser.get("/auth/session", accept="application/json")).json()
    return told["user"] if told["authenticated"] else {}


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[House, None]:
    """The house; nobody has signed up."""
    endpoint = Endpoint()
    monkeypatch.setattr(client, "new_client", lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(endpoint)))
    nowhere, other = Provider(), Provider("other")
    world = World(methods=[nowhere, other])
    await world.services()
    async with world.visitor() as http:
        yield House(world, http, nowhere, other)
    await world.auth.close()


# Sign-up


@pytest.mark.parametrize("claimed", [VICTIM, VICTIM.upper(), "Kate@mail.example", "\u212aate@mail.example"])
async def test_account_taken_over_because_an_unverified_email_was_linked(house: House, claimed: str) -> None:
    """Another provider claims the address, in any spelling: somebody else is made, the owner stays as they were."""
    house.says(house.nowhere, email=VICTIM, email_verified=True)
    owner, browser = await house.enters(house.nowhere)
    house.says(house.other, email=claimed, email_verified=False)
    attacker, _ = await house.enters(house.other)
    assert attacker["id"] != owner["id"]
    assert not attacker["email_verified"]
    assert await who(browser) == owner
    (login,) = await house.world.store.list_identities(owner["id"])
    assert login.issuer == house.nowhere.issuer


async def test_an_attacker_registers_the_victims_address_first(house: House) -> None:
    """And stays signed in: when the owner comes, that account loses the address, and nothing of it is the owner's."""
    house.says(house.other, email=VICTIM, email_verified=False)
    attacker, kept = await house.enters(house.other)
    house.says(house.nowhere, email=VICTIM, email_verified=True)
    owner, _ = await house.enters(house.nowhere)
    assert (owner["email"], owner["email_verified"]) == (VICTIM, True)
    told = await who(kept)
    assert owner["id"] != attacker["id"] == told["id"]
    assert told["email"] is None
    again, _ = await house.enters(house.other)
    assert (again["id"], again["email_verified"]) == (attacker["id"], False)
    assert [user.id for user in await house.world.auth.users.find(VICTIM)] == [owner["id"]]
    (login,) = await house.world.store.list_identities(owner["id"])
    assert login.issuer == house.nowhere.issuer


async def test_a_verified_address_at_a_second_provider_joins_nothing(house: House) -> None:
    """Not even there: nobody is signed in and nobody made, until the owner has signed in and said so."""
    house.says(house.nowhere, email=VICTIM, email_verified=True)
    await house.enters(house.nowhere)
    before = await house.users()
    house.says(house.other, email=VICTIM.upper(), email_verified=True)
    response, browser = await house.comes(house.other)
    assert response.status_code == 409
    assert await who(browser) == {}
    assert await house.users() == before


async def test_identity_keyed_by_something_that_changes(house: House) -> None:
    """A new name, user name or address makes nobody else; whoever takes over an old one is somebody else."""
    house.says(house.nowhere, subject="1", username="kate", email=VICTIM)
    kate, _ = await house.enters(house.nowhere)
    house.says(house.nowhere, name="K", username="k8", email="new@mail.example")
    assert (await house.enters(house.nowhere))[0]["id"] == kate["id"]
    house.says(house.nowhere, subject="2", name="Ada", username="kate", email=VICTIM)
    assert (await house.enters(house.nowhere))[0]["id"] != kate["id"]


async def test_identity_keyed_by_something_that_two_providers_share(house: House) -> None:
    """The same subject, name and address at another provider is another person."""
    house.says(house.other, **{name: getattr(house.nowhere.profile, name) for name in ("subject", "name", "email")})
    (one, _), (two, _) = await house.enters(house.nowhere), await house.enters(house.other)
    assert one["id"] != two["id"]


@pytest.mark.parametrize("subject", ["1 ", " 1", "01", "1\u200b", "\uff11", "1.0"])
async def test_a_subject_is_compared_letter_for_letter(house: House, subject: str) -> None:
    """Nothing that looks like the subject of another, or would be after some cleaning, is theirs."""
    one, _ = await house.enters(house.nowhere)
    house.says(house.nowhere, subject=subject)
    response, browser = await house.comes(house.nowhere)
    assert (await who(browser)).get("id") != one["id"]
    assert response.status_code < 500


# E-mail addresses

TWO_OR_ANOTHER = [
    *("kate\uff20mail.example", "\uff4bate@mail.example", "kate@mail\uff0eexample", "\u212aate@mail.example"),
    *(f"{VICTIM},eve@evil.example", f"eve@evil.example {VICTIM}", f"<{VICTIM}>", f"Kate <{VICTIM}>"),
    *("kate(eve)@mail.example", "kate@mail.example(eve)", '"kate"@mail.example', "kate@mail.example."),
    *(f"{VICTIM}\0", f"{VICTIM}\r\nBcc: eve@evil.example", f" {VICTIM}", f"{VICTIM}\u200b"),
]


@pytest.mark.parametrize("odd", TWO_OR_ANOTHER)
@pytest.mark.parametrize("first", ["owner", "attacker"])
async def test_email_parsing_that_reads_one_address_as_another(house: House, odd: str, first: str) -> None:
    """However it is spelt, and whoever comes first: it opens no account, and keeps the owner out of none."""
    house.says(house.nowhere, email=VICTIM, email_verified=True)
    house.says(house.other, email=odd, email_verified=True)
    if first == "attacker":
        await house.comes(house.other)
    owner, browser = await house.enters(house.nowhere)
    _, attacker = await house.comes(house.other)
    assert (await who(attacker)).get("id") != owner["id"]
    assert await who(browser) == owner
    assert [user.id for user in await house.world.auth.users.find(VICTIM)] == [owner["id"]]


# State


async def test_oauth_state_not_bound_to_the_browser(house: House) -> None:
    """The callback of an attacker signs nobody in who did not set out, or has set out for themselves."""
    attacker, victim = house.browser(), house.browser()
    theirs = await attacker.begin()
    assert (await victim.finish(theirs)).status_code == 400
    await victim.begin()
    assert (await victim.finish(theirs)).status_code == 400
    assert await who(victim) == {}
    assert (await house.users(), house.sessions()) == ((), {})


@pytest.mark.parametrize("planted", [False, True], ids=["a link", "a link, and the cookie planted"])
async def test_oauth_state_not_bound_to_the_browser_in_linking(house: House, *, planted: bool) -> None:
    """The login of an attacker is not linked to whoever opens their callback while signed in, though it is fresh."""
    house.says(house.other, subject="eve")
    (_, victim), (_, attacker) = await house.enters(house.nowhere), await house.enters(house.other)
    house.says(house.nowhere, subject="eve-too")
    state = await begin_link(house, attacker)
    if planted:
        victim.cookies |= {name: attacker.cookies[name] for name in attacker.flows}
    assert (await victim.finish(state)).status_code == 400
    assert len(await house.world.store.list_identities((await who(victim))["id"])) == 1


async def begin_link(house: House, browser: Browser, query: str = "", **body: Any) -> str:
    """Somebody who is signed in sets out to link a login at "nowhere"; the state that the provider was given."""
    sent = JSON | OWN | {"cookie": f"{SESSION}={browser.cookies[SESSION]}"}
    begun = await house.http.post(f"/auth/identities/nowhere{query}", content=json.dumps(body), headers=sent)
    assert begun.status_code == 200, begun.text
    name, _, value = begun.headers["set-cookie"].partition(";")[0].partition("=")
    browser.cookies[name] = value
    location: str = begun.json()["location"]
    return parse_qs(urlsplit(location).query)["state"][0]


async def test_provider_mix_up(house: House) -> None:
    """What one provider answered is nothing at the callback of the other, which is not told the code."""
    browser = house.browser()
    state = await browser.begin(provider="other")
    assert (await browser.finish(state, provider="nowhere", code="of-the-other")).status_code == 400
    assert house.nowhere.finished == house.other.finished == []
    assert await who(browser) == {}


async def test_one_key_for_several_purposes(house: House) -> None:
    """What the flow's cookie says counts only where it was sealed for that; and no sealed value is a session."""
    issued, browser, sealer = await house.world.sign_in(), house.browser(), house.world.auth.sealer
    state = await browser.begin()
    (flow,) = browser.flows
    good, context = browser.cookies[flow], flow.partition("flow-")[2].encode()
    said = sealer(Purpose.FLOW).open(good, context=context)
    of_others = [sealer(purpose).seal(said, context=context) for purpose in Purpose if purpose is not Purpose.FLOW]
    for value in [*of_others, issued.token]:
        browser.cookies = {flow: value}
        assert (await browser.finish(state)).status_code == 400
    for value in [*of_others, good]:
        assert (await house.http.get("/me", headers=cookie(value))).status_code == 401
    browser.cookies = {flow: good}
    assert (await browser.finish(state)).status_code == 303


# Redirects

LINES = sorted(
    {
        line
        for name in ("openredirects.txt", "open_redirect_wordlist.txt")
        for line in load_text(f"redirects/{name}").splitlines()
        if 0 < len(line) < 1000
    }
)


async def test_open_redirect_through_return_to(house: House) -> None:
    """Each line of the lists, from setting out to the way back: it leads where ``SafeRedirect`` allows, or home."""
    policy = OriginPolicy(origin=ORIGIN)
    for line in LINES:
        allowed = SafeRedirect.parse(line, policy)
        browser = house.browser()
        response = await browser.finish(await browser.begin(f"?return_to={quote(line, safe='')}"))
        assert response.status_code == 303, line
        assert response.headers["location"] == ("/" if allowed is None else allowed.location), line


async def test_open_redirect_through_the_login_page(house: House) -> None:
    """What its links carry on is allowed, or left out."""
    policy = OriginPolicy(origin=ORIGIN)
    for line in LINES:
        page = await house.browser().get(f"/auth/login?return_to={quote(line, safe='')}")
        assert page.status_code == 200, line
        allowed = SafeRedirect.parse(line, policy)
        carried = [parse_qs(urlsplit(link).query).get("return_to") for link in links(page.text)]
        assert set(map(str, carried)) == {str(None if allowed is None else [allowed.location])}, line


def links(page: str) -> list[str]:
    """Where a page lets people set out."""
    return [
        part.partition('"')[0].replace("&amp;", "&") for part in page.split('href="') if "/auth/login/" in part[:14]
    ]


# Races


async def test_one_time_token_used_twice(house: House) -> None:
    """Fifty uses of one callback at once: one session, one user, one code spent."""
    browser = house.browser()
    state = await browser.begin()
    line = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    url = f"/auth/callback/nowhere?state={state}&code=c0de"
    answers = await asyncio.gather(*(house.http.get(url, headers=PAGE | {"cookie": line}) for _ in range(MANY)))
    assert sorted(answer.status_code for answer in answers) == [303] + [400] * (MANY - 1)
    assert (len(await house.users()), len(house.sessions()), len(house.nowhere.finished)) == (1, 1, 1)


async def test_one_person_in_many_browsers_at_once_is_one_user(house: House) -> None:
    """Fifty first sign-ins of one identity: nobody is made twice."""
    browsers = [house.browser() for _ in range(MANY)]
    states = [await browser.begin() for browser in browsers]
    await asyncio.gather(*(one.finish(state) for one, state in zip(browsers, states, strict=True)))
    assert (len(await house.users()), len(house.sessions())) == (1, MANY)


async def test_two_who_prove_one_address_at_once(house: House) -> None:
    """Of two providers that verify the same address for new people at the same moment, one makes the account."""
    for provider in (house.nowhere, house.other):
        house.says(provider, email=VICTIM, email_verified=True)
    both = await asyncio.gather(house.comes(house.nowhere), house.comes(house.other))
    assert sorted(response.status_code for response, _ in both) == [303, 409]
    assert len(await house.users()) == 1


# What the body says


async def test_user_id_taken_from_the_request_body(house: House) -> None:
    """Linking is for the session's user, whoever is named in the body or the query."""
    victim, _ = await house.enters(house.nowhere)
    house.says(house.other, subject="eve")
    attacker, browser = await house.enters(house.other)
    house.says(house.nowhere, subject="eve-too")
    named = {"user_id": victim["id"], "id": victim["id"], "sub": victim["id"]}
    state = await begin_link(house, browser, f"?user_id={victim['id']}", **named)
    assert (await browser.finish(state)).status_code == 303
    assert len(await house.world.store.list_identities(victim["id"])) == 1
    assert len(await house.world.store.list_identities(attacker["id"])) == 2


@pytest.mark.parametrize("parameters", [{"error": "access_denied"}, {"error": "server_error"}, {"error": ""}])
async def test_an_error_object_counted_as_signed_in(house: House, parameters: dict[str, str]) -> None:
    """An error beside a code that would do is an error."""
    browser = house.browser()
    response = await browser.finish(await browser.begin(), **parameters)
    assert response.status_code >= 400
    assert await who(browser) == {}
    assert house.sessions() == {}


async def test_session_fixation(house: House) -> None:
    """A session that an attacker planted is not the one that the victim is in after signing in."""
    planted = await house.world.sign_in()
    victim = house.browser()
    victim.cookies[SESSION] = planted.token
    await house.comes(house.nowhere, victim)
    assert victim.cookies[SESSION] != planted.token
    assert (await house.http.get("/me", headers=cookie(planted))).status_code == 401


async def test_sign_out_of_another_site_or_with_another_type(house: House) -> None:
    """Nothing that another site can send changes anything (CSR-05, CSR-08)."""
    _, browser = await house.enters(house.nowhere)
    line = {"cookie": f"{SESSION}={browser.cookies[SESSION]}"}
    for path in ("/auth/logout", "/auth/identities/other", "/auth/link"):
        for kind in (FORM, JSON, {"content-type": "text/plain"}):
            sent = {**kind, **line, "origin": "https://evil.example"}
            assert (await house.http.post(path, content="{}", headers=sent)).status_code in {403, 415}, path
    assert await who(browser) != {}


# Faults whose tests are beside the code

PROVED: dict[str, tuple[str, ...]] = {
    "an id that is undefined": ("login/oauth/test_claims.py::test_nobody_is_no_subject",),
    "the issuer is not checked": (
        "login/oauth/test_discovery.py::test_a_document_of_another_issuer_is_refused",
        "login/oauth/test_id_token.py::test_a_wrong_claim_is_refused",
        "login/oauth/test_microsoft.py::test_issuer_not_checked",
    ),
    "state that is not bound, in every way": (
        "login/oauth/test_routes.py::test_a_bad_callback_creates_nothing",
        "login/oauth/test_linking.py::test_oauth_state_not_bound_to_the_session_in_linking",
        "attacks/test_processes.py::test_the_answer_of_one_provider_is_none_at_the_callback_of_another",
    ),
    "an address that is taken over, in every order": (
        "login/oauth/test_linking.py::test_account_taken_over_by_an_unverified_email_of_a_provider",
        "login/oauth/test_linking.py::test_an_attacker_registers_the_victims_address_first",
        "login/password/test_registering.py::test_who_prepared_an_account_under_an_address_gains_nothing",
    ),
    "one key for several purposes": (
        "core/test_sealing.py::test_a_value_sealed_for_one_purpose_is_worthless_for_another",
    ),
    "open redirects": ("core/test_redirects.py::test_vector_stays_on_the_origin",),
    "a one-time thing that is used twice": (
        "services/test_challenges.py::test_of_many_callers_at_once_one_wins",
        "login/email_code/test_routes.py::test_of_fifty_who_send_the_right_code_one_is_signed_in",
        "login/password/test_registering.py::test_fifty_uses_of_one_link_make_one_account",
        "attacks/test_processes.py::test_of_many_uses_of_a_callback_at_once_in_two_processes_one_gets_in",
    ),
    "a limit that is passed by many at once": (
        "login/email_code/test_routes.py::test_of_fifty_wrong_codes_five_are_compared",
        "login/password/test_routes.py::test_fifty_guesses_at_once_pass_no_limit",
        "attacks/test_incidents_by_mail.py::test_rate_limit_passed_by_parallel_requests",
    ),
    "addresses that are two or another one": ("core/test_emails.py::test_email_that_is_two_or_another_one",),
}


@pytest.mark.parametrize("fault", PROVED)
def test_each_fault_has_its_tests(fault: str) -> None:
    """A test that is renamed or removed is missed here."""
    for test in PROVED[fault]:
        path, _, name = test.partition("::")
        tree = ast.parse((Path(__file__).parents[1] / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
