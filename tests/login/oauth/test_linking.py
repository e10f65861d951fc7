"""Linking: what somebody who is signed in adds, what waits for its owner, and what nobody can have joined to them."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from handstamp.core.ids import new_id
from handstamp.core.models import EndReason, Profile, User
from handstamp.login.oauth.flow import FLOW_LIFETIME
from handstamp.login.oauth.pages import ConfirmationPart
from handstamp.testing import a_credential, a_profile, a_user
from handstamp.web.endpoints.security import holdings_of
from handstamp.web.represent import moment
from login.oauth.browsing import Browser, Endpoint, Provider
from web_world import FORM, OWN, PAGE, SESSION, World, cookie, sent_token

JSON = {"accept": "application/json", "content-type": "application/json"}
VICTIM = "victim@mail.example"


async def signed_in(world: World, browser: Browser, user: User | None = None) -> User:
    """Let somebody be signed in in this browser, who has a password besides."""
    user = user or await world.user()
    await world.store.add_credential(a_credential(user.id), most=10)
    browser.cookies[SESSION] = (await world.sign_in(user)).token
    return user


async def post(browser: Browser, path: str, content: str = "{}", **headers: str) -> httpx2.Response:
    """Send something, as a page of ours does; JSON unless ``headers`` say otherwise."""
    line = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    response = await browser.http.post(path, content=content, headers={**JSON, **OWN, **headers, "cookie": line})
    for one in response.headers.get_list("set-cookie"):
        name, _, rest = one.partition("=")
        if "Max-Age=0" in one:
            browser.cookies.pop(name, None)
        else:
            browser.cookies[name] = rest.partition(";")[0]
    return response


async def begun(browser: Browser, provider: str = "nowhere") -> str:
    """Set out to link; the state that the provider was given."""
    response = await post(browser, f"/auth/identities/{provider}")
    assert response.status_code == 200, response.text
    location: str = response.json()["location"]
    return parse_qs(urlsplit(location).query)["state"][0]


async def logins(world: World, user: User) -> list[str]:
    """The subjects of a user's logins at the provider."""
    return [one.subject for one in await world.store.list_identities(user.id) if "nowhere" in one.issuer]


def problem(response: httpx2.Response) -> tuple[int, str]:
    """Status and code, or reason where a sign-in failed."""
    told: dict[str, Any] = response.json()
    return response.status_code, told.get("reason") or told["code"]


# Somebody who is signed in adds a login


async def test_linking_adds_a_way_in(world: World, browser: Browser) -> None:
    """The same session goes on; whoever signs in by the new login is that user."""
    user = await signed_in(world, browser)
    other = await world.sign_in(user)
    token = browser.cookies[SESSION]
    response = await browser.finish(await begun(browser))
    assert (response.status_code, response.headers["location"]) == (303, "/auth/account/security")
    assert await logins(world, user) == ["1"]
    assert browser.cookies[SESSION] == token
    assert (await world.row(other)).ended_at is None
    stranger = Browser(browser.http)
    await stranger.finish(await stranger.begin())
    session = await stranger.ask("GET", "/auth/session", accept="application/json")
    assert session.json()["user"]["id"] == user.id
    event = next(one for one in await world.store.list_events() if one.event == "identity_linked")
    assert (event.user_id, event.detail["provider"]) == (user.id, "nowhere")


async def test_a_form_gets_a_page_with_a_link(world: World, browser: Browser) -> None:
    """Our policy lets no form be redirected elsewhere."""
    await signed_in(world, browser)
    response = await post(browser, "/auth/identities/nowhere", "", **FORM, **PAGE)
    assert response.status_code == 200
    assert 'href="https://nowhere.example/authorize?state=' in response.text
    assert "Continue to Nowhere" in response.text
    assert "form-action 'self'" in response.headers["content-security-policy"]
    assert len(browser.flows) == 1


async def test_the_way_back_of_a_link_stays_inside(world: World, browser: Browser) -> None:
    """What another site would like is not taken."""
    await signed_in(world, browser)
    for wanted, location in (("/profile", "/profile"), ("https://evil.example/", "/auth/account/security")):
        sent = await post(browser, "/auth/identities/nowhere", f'{{"return_to": "{wanted}"}}')
        state = parse_qs(urlsplit(sent.json()["location"]).query)["state"][0]
        assert (await browser.finish(state)).headers["location"] == location


@pytest.mark.parametrize(
    ("headers", "content", "expected"),
    [
        ({"origin": "https://evil.example"}, "{}", (403, "cross_origin")),
        ({"content-type": "text/plain"}, "{}", (415, "unsupported_media_type")),
        ({}, "{" + " " * 20_000 + "}", (413, "too_large")),
        ({}, "[]", (400, "invalid_request")),
    ],
)
async def test_what_another_site_or_a_broken_program_sends_links_nothing(
    world: World, browser: Browser, headers: dict[str, str], content: str, expected: tuple[int, str]
) -> None:
    """No flow is begun (CSR-05, CSR-08)."""
    await signed_in(world, browser)
    assert problem(await post(browser, "/auth/identities/nowhere", content, **headers)) == expected
    assert browser.flows == []


async def test_linking_needs_a_fresh_session(world: World, browser: Browser) -> None:
    """And somebody who is signed in."""
    assert problem(await post(browser, "/auth/identities/nowhere")) == (401, "unauthenticated")
    await signed_in(world, browser)
    world.clock.now += 15 * 60
    assert problem(await post(browser, "/auth/identities/nowhere")) == (401, "fresh_session_required")


async def test_oauth_state_not_bound_to_the_session_in_linking(world: World, browser: Browser) -> None:
    """A callback that an attacker began does not link their login to the victim (CVE-2025-68481).

    Neither in the victim's browser, which lacks the cookie; nor with the cookie planted, for it names the session.
    """
    attacker, victim = Browser(browser.http), browser
    await signed_in(world, attacker)
    user = await signed_in(world, victim)
    state = await begun(attacker)
    assert problem(await finish_as_program(victim, state)) == (400, "flow_unknown")
    victim.cookies |= {name: attacker.cookies[name] for name in attacker.flows}
    assert problem(await finish_as_program(victim, state)) == (400, "flow_unknown")
    assert await logins(world, user) == []


async def finish_as_program(browser: Browser, state: str) -> httpx2.Response:
    """Come back, and be told in JSON."""
    return await browser.get(f"/auth/callback/nowhere?state={state}&code=c0de", accept="application/json")


@pytest.mark.parametrize("how", ["signed out", "ended", "another session", "too late"])
async def test_a_link_ends_with_the_session_that_began_it(world: World, browser: Browser, how: str) -> None:
    """Also where the same user has signed in anew (SES-02)."""
    user = await signed_in(world, browser)
    state = await begun(browser)
    if how == "signed out":
        del browser.cookies[SESSION]
    elif how == "ended":
        await world.store.end_sessions(user.id, reason=EndReason.ADMIN, now=world.clock())
    elif how == "another session":
        browser.cookies[SESSION] = (await world.sign_in(user)).token
    else:
        world.clock.now += FLOW_LIFETIME
    assert problem(await finish_as_program(browser, state)) == (400, "flow_unknown")
    assert await logins(world, user) == []


async def test_a_sign_in_is_no_link_and_a_link_no_sign_in(world: World, browser: Browser) -> None:
    """What a flow is for is in the flow: whoever is signed in and signs in is somebody else then."""
    user = await signed_in(world, browser)
    await browser.finish(await browser.begin())
    session = (await browser.ask("GET", "/auth/session", accept="application/json")).json()
    assert session["user"]["id"] != user.id
    assert await logins(world, user) == []


async def test_a_login_of_another_user_is_not_linked(world: World, browser: Browser) -> None:
    """It says so, joins nothing, and the flow is over."""
    owner = Browser(browser.http)
    await owner.finish(await owner.begin())
    user = await signed_in(world, browser)
    assert problem(await finish_as_program(browser, await begun(browser))) == (409, "identity_taken")
    assert await logins(world, user) == []
    assert browser.flows == []


async def test_linking_at_once_gives_the_login_to_one(world: World, http: httpx2.AsyncClient) -> None:
    """Of many users who come back with one login at the same moment."""
    browsers = [Browser(http) for _ in range(20)]
    users = [await signed_in(world, one) for one in browsers]
    states = [await begun(one) for one in browsers]
    answers = await asyncio.gather(*(one.finish(state) for one, state in zip(browsers, states, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 19
    assert sorted([await logins(world, user) for user in users]) == [[]] * 19 + [["1"]]


# The list, and taking one away


async def test_the_logins_are_listed_and_never_a_token(world: World, browser: Browser) -> None:
    """Provider, issuer, times, and an id that says nothing."""
    user = await signed_in(world, browser)
    await browser.finish(await begun(browser))
    told = (await browser.ask("GET", "/auth/identities", accept="application/json")).json()["identities"]
    assert [one["provider"] for one in told] == [None, "nowhere"]
    assert told[1] == {
        "id": told[1]["id"],
        "provider": "nowhere",
        "issuer": "https://nowhere.example",
        "linked_at": moment(world.clock()),
        "last_used_at": moment(world.clock()),
        "must_sign_in_again": None,
    }
    assert len({one["id"] for one in told}) == 2
    assert user.id not in str(told)


async def test_unlinking_takes_the_login(world: World, browser: Browser) -> None:
    """By JSON or by a form; whoever signs in by it then is somebody new."""
    user = await signed_in(world, browser)
    for form in (False, True):
        await browser.finish(await begun(browser))
        told = (await browser.ask("GET", "/auth/identities", accept="application/json")).json()["identities"]
        path = f"/auth/identities/{told[-1]['id']}"
        if form:
            response = await post(browser, f"{path}/unlink", "", **FORM, **PAGE)
            assert (response.status_code, response.headers["location"]) == (303, "/auth/account/security")
        else:
            assert (await browser.ask("DELETE", path, **OWN)).status_code == 204
        assert await logins(world, user) == []
        assert (await browser.ask("DELETE", path, accept="application/json", **OWN)).status_code == 404
    events = [one.event for one in await world.store.list_events() if one.user_id == user.id]
    assert events.count("identity_unlinked") == 2


async def test_the_last_way_in_cannot_be_unlinked(world: World, browser: Browser) -> None:
    """It is kept, and the answer says why."""
    browser.cookies[SESSION] = (await world.sign_in()).token
    (told,) = (await browser.ask("GET", "/auth/identities", accept="application/json")).json()["identities"]
    refused = await browser.ask("DELETE", f"/auth/identities/{told['id']}", accept="application/json", **OWN)
    assert problem(refused) == (409, "last_way_in")


async def test_nobody_unlinks_the_login_of_another(world: World, browser: Browser) -> None:
    """It looks as if there were none (SES-10); nor does another site, nor an old session."""
    await signed_in(world, browser)
    (theirs,) = (await browser.ask("GET", "/auth/identities", accept="application/json")).json()["identities"]
    path, asked = f"/auth/identities/{theirs['id']}", {"accept": "application/json"}
    assert problem(await browser.ask("DELETE", path, origin="https://evil.example", **asked)) == (403, "cross_origin")
    stranger = Browser(browser.http)
    await signed_in(world, stranger)
    assert problem(await stranger.ask("DELETE", path, **asked, **OWN)) == (404, "not_found")
    world.clock.now += 15 * 60
    assert problem(await browser.ask("DELETE", path, **asked, **OWN)) == (401, "fresh_session_required")


async def test_of_many_who_unlink_the_last_two_at_once_one_stays(world: World, browser: Browser) -> None:
    """Ways in are counted in the same step."""
    user = await world.user()
    await world.store.link_identity(a_profile(), user_id=user.id, now=world.clock())
    browser.cookies[SESSION] = (await world.sign_in(user)).token
    told = (await browser.ask("GET", "/auth/identities", accept="application/json")).json()["identities"]
    gone = await asyncio.gather(
        *(browser.ask("DELETE", f"/auth/identities/{told[number % 2]['id']}", **OWN) for number in range(20))
    )
    assert [answer.status_code for answer in gone].count(204) == 1
    assert len(await world.store.list_identities(user.id)) == 1


# A login that waits for its owner


async def waiting(world: World, browser: Browser, provider: Provider) -> User:
    """A victim whose verified address a new login says, in their browser; not signed in."""
    victim = await signed_up(world)
    provider.profile = replace(provider.profile, email=VICTIM.upper(), email_verified=True)
    response = await finish_as_program(browser, await browser.begin())
    assert problem(response) == (409, "sign_in_to_link")
    assert sent_token(response) is None
    return victim


async def signed_up(world: World) -> User:
    """The victim, whose address is verified, and who has a password."""
    user = a_user(email=VICTIM, email_verified=True)
    await world.store.add_user(user)
    await world.store.add_credential(a_credential(user.id), most=1)
    return user


async def test_a_verified_address_of_an_account_leads_to_sign_in_to_link(
    world: World, browser: Browser, provider: Provider
) -> None:
    """Nobody is made, nobody is joined; after the owner has signed in and said so, it is theirs."""
    victim = await waiting(world, browser, provider)
    assert await world.store.list_users() == (victim,)
    assert await logins(world, victim) == []
    as_program = await browser.ask("GET", "/auth/link", accept="application/json")
    assert problem(as_program) == (401, "unauthenticated")
    asked = await browser.get("/auth/link")
    assert (asked.status_code, asked.headers["location"]) == (303, "/auth/login?return_to=%2Fauth%2Flink")
    await signed_in(world, browser, victim)
    asked = await browser.get("/auth/link")
    assert asked.status_code == 200
    assert f"You are signed in as {VICTIM}." in asked.text
    assert await logins(world, victim) == []
    assert (await browser.ask("GET", "/auth/link", accept="application/json")).json() == {"provider": "nowhere"}
    linked = await post(browser, "/auth/link", "", **FORM, **PAGE)
    assert (linked.status_code, linked.headers["location"]) == (303, "/auth/account/security")
    assert await logins(world, victim) == ["1"]
    assert problem(await post(browser, "/auth/link")) == (400, "flow_unknown")


async def test_people_are_told_to_sign_in_to_link(world: World, browser: Browser, provider: Provider) -> None:
    """A page, at an address that holds a code and so tells nobody where it came from."""
    await signed_up(world)
    provider.profile = replace(provider.profile, email=VICTIM, email_verified=True)
    response = await browser.finish(await browser.begin())
    assert response.status_code == 409
    assert "You already have an account" in response.text
    assert 'href="/auth/login?return_to=%2Fauth%2Flink"' in response.text
    assert response.headers["referrer-policy"] == "no-referrer"
    assert VICTIM not in response.text


async def test_what_waits_is_linked_to_nobody_else(world: World, browser: Browser, provider: Provider) -> None:
    """Whoever signs in with another account in that browser cannot have it."""
    await waiting(world, browser, provider)
    stranger = await signed_in(world, browser)
    assert problem(await browser.ask("GET", "/auth/link", accept="application/json")) == (403, "another_user")
    assert problem(await post(browser, "/auth/link")) == (403, "another_user")
    assert await logins(world, stranger) == []


async def test_what_waits_is_bound_to_its_browser_and_its_time(
    world: World, browser: Browser, provider: Provider
) -> None:
    """Another browser of the owner's knows nothing of it; after ten minutes nobody does."""
    victim = await waiting(world, browser, provider)
    elsewhere = Browser(browser.http)
    await signed_in(world, elsewhere, victim)
    assert problem(await post(elsewhere, "/auth/link")) == (400, "flow_unknown")
    world.clock.now += 600
    await signed_in(world, browser, victim)
    assert problem(await post(browser, "/auth/link")) == (400, "flow_unknown")
    assert await logins(world, victim) == []


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site", "origin": ""}]
)
async def test_no_other_site_links_what_waits(
    world: World, browser: Browser, provider: Provider, headers: dict[str, str]
) -> None:
    """A button of another site does nothing (CSR-05)."""
    victim = await waiting(world, browser, provider)
    await signed_in(world, browser, victim)
    assert problem(await post(browser, "/auth/link", **headers)) == (403, "cross_origin")
    assert await logins(world, victim) == []


async def test_what_waits_is_linked_once(world: World, browser: Browser, provider: Provider) -> None:
    """Of fifty at once one links; the owner's answer in JSON names it."""
    victim = await waiting(world, browser, provider)
    await signed_in(world, browser, victim)
    line = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = (browser.http.post("/auth/link", content="{}", headers={**JSON, **OWN, "cookie": line}) for _ in range(50))
    answers = await asyncio.gather(*sent)
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert winner["provider"] == "nowhere"
    assert await logins(world, victim) == ["1"]


# Showing anew who one is, at the provider


async def test_who_confirms_at_the_provider_has_a_new_session(
    world: World, browser: Browser, provider: Provider
) -> None:
    """In place of the old one, as persistent as that, and fresh (SES-02)."""
    user = await signed_in(world, browser)
    await browser.finish(await begun(browser))
    world.clock.now += 3600
    before = browser.cookies[SESSION]
    state = await browser.begin("?reauthenticate=1&return_to=/danger")
    assert provider.anew == [False, True]
    response = await browser.finish(state)
    assert (response.status_code, response.headers["location"]) == (303, "/danger")
    assert browser.cookies[SESSION] != before
    session = (await browser.ask("GET", "/auth/session", accept="application/json")).json()
    assert session["user"]["id"] == user.id
    assert (await browser.ask("GET", "/fresh")).status_code == 200
    assert (await browser.http.get("/auth/session", headers=cookie(before))).json()["authenticated"] is False


async def test_who_confirms_as_somebody_else_is_refused(world: World, browser: Browser, endpoint: Endpoint) -> None:
    """Nobody is made, nobody is joined, and the session is as it was."""
    del endpoint
    user = await signed_in(world, browser)
    users = await world.store.list_users()
    world.clock.now += 3600
    state = await browser.begin("?reauthenticate=1")
    assert problem(await finish_as_program(browser, state)) == (403, "another_user")
    assert await world.store.list_users() == users
    assert await logins(world, user) == []
    assert problem(await browser.ask("GET", "/fresh", accept="application/json"))[1] == "fresh_session_required"


async def test_confirming_is_for_who_is_signed_in(world: World, browser: Browser) -> None:
    """In the session that set out."""
    response = await browser.get("/auth/login/nowhere?reauthenticate=1", accept="application/json")
    assert problem(response) == (401, "unauthenticated")
    user = await signed_in(world, browser)
    state = await browser.begin("?reauthenticate=1")
    browser.cookies[SESSION] = (await world.sign_in(user)).token
    assert problem(await finish_as_program(browser, state)) == (400, "flow_unknown")


async def test_who_can_confirm_at_the_provider_is_shown_how(
    world: World, browser: Browser, provider: Provider
) -> None:
    """Where they have a login there."""
    user = await signed_in(world, browser)
    principal = await (await world.services()).check.authenticate(
        browser.cookies[SESSION].encode(), now=world.clock()
    )
    assert principal.principal.user == user
    holdings = await holdings_of(world.auth, principal.principal)
    assert provider.confirmation_part(holdings) is None
    await browser.finish(await begun(browser))
    part = provider.confirmation_part(await holdings_of(world.auth, principal.principal))
    assert part == ConfirmationPart(provider="nowhere", label="Nowhere")


# The parts on the page about ways in


async def test_the_page_about_ways_in_has_the_logins(world: World, browser: Browser) -> None:
    """With what can be done, while the session is fresh."""
    await signed_in(world, browser)
    empty = (await browser.get("/auth/account/security")).text
    assert ("Link Nowhere" in empty, "Unlink" in empty) == (True, False)
    await browser.finish(await begun(browser))
    full = (await browser.get("/auth/account/security")).text
    assert ("Link another Nowhere login" in full, "Unlink" in full) == (True, True)
    world.clock.now += 15 * 60
    stale = (await browser.get("/auth/account/security")).text
    assert ("Linked since" in stale, "Unlink" in stale, "Link another" in stale) == (True, False, False)


# Row 1 of what went wrong elsewhere, in every order


async def test_account_taken_over_by_an_unverified_email_of_a_provider(
    world: World, browser: Browser, provider: Provider
) -> None:
    """CVE-2026-53516: an attacker's provider claims the victim's address; it joins nothing."""
    victim = await signed_up(world)
    provider.profile = replace(provider.profile, email=VICTIM, email_verified=False)
    await browser.finish(await browser.begin())
    assert await logins(world, victim) == []
    assert await world.store.load_user(victim.id) == victim
    (attacker,) = [one for one in await world.store.list_users() if one.id != victim.id]
    assert (attacker.email, attacker.email_verified) == (VICTIM, False)


async def prepared_by_password(world: World) -> User:
    """An attacker who registered the victim's address first, with a password."""
    attacker = a_user(email=VICTIM)
    await world.store.add_user(attacker)
    await world.store.add_credential(a_credential(attacker.id), most=1)
    return attacker


async def prepared_by_provider(world: World) -> User:
    """An attacker who registered the victim's address first, at a provider that proves nothing."""
    claim = Profile(issuer="https://careless.example", subject="eve", email=VICTIM)
    return await (await world.services()).accounts.sign_in(claim, now=world.clock())


async def comes_by_provider(world: World, provider: Provider, browser: Browser) -> None:
    """The victim, by a provider that has proved the address."""
    del world
    provider.profile = replace(provider.profile, email=VICTIM, email_verified=True)
    assert (await browser.finish(await browser.begin())).status_code == 303


async def comes_by_proof(world: World, provider: Provider, browser: Browser) -> None:
    """The victim, with an account of their own, by whatever was mailed to the address: a link or a code."""
    del provider, browser
    victim = a_user(id=new_id(world.clock() + 1))
    await world.store.add_user(victim)
    assert await world.store.claim_email(victim.id, VICTIM, now=world.clock()) is not None


@pytest.mark.parametrize("prepared", [prepared_by_password, prepared_by_provider])
@pytest.mark.parametrize("comes", [comes_by_provider, comes_by_proof])
async def test_an_attacker_registers_the_victims_address_first(
    world: World, browser: Browser, provider: Provider, prepared: Any, comes: Any
) -> None:
    """CVE-2026-41574: whoever proves it gets an account of their own; the older one loses only the address."""
    attacker = await prepared(world)
    logins, secrets = await ways_in(world, attacker)
    await comes(world, provider, browser)
    (victim,) = await (await world.services()).accounts.find(VICTIM)
    assert victim.id != attacker.id
    assert await world.store.load_user(attacker.id) == replace(attacker, email=None)
    assert await ways_in(world, attacker) == (logins, secrets)
    theirs = await ways_in(world, victim)
    assert not theirs[0] & logins
    assert not theirs[1] & secrets


async def ways_in(world: World, user: User) -> tuple[set[str], set[str]]:
    """By what a user can sign in: subjects of logins, ids of credentials."""
    identities = await world.store.list_identities(user.id)
    return {one.subject for one in identities}, {one.id for one in await world.store.list_credentials(user.id)}
