"""The HTTP side of a sign-in with a provider: out to it, and back."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx2
import pytest

from handmade import OTHER_SECRET, SECRET
from handstamp.core.errors import LoginFailed
from handstamp.core.ids import new_secret
from handstamp.core.keys import Purpose
from handstamp.core.models import EndReason, Profile
from handstamp.core.sealing import Sealer
from handstamp.login.oauth import routes
from handstamp.login.oauth.exchange import (
    ACCESS_DENIED,
    INVALID_RESPONSE,
    PROVIDER_ERROR,
    Exchange,
    HTTPRequest,
    require_success,
)
from handstamp.login.oauth.flow import FLOW_LIFETIME, Flow, same
from handstamp.login.oauth.method import OAuthMethod
from handstamp.login.oauth.provider import Begun
from handstamp.login.oauth.routes import MAX_FLOWS
from web_world import FORM, ORIGIN, PAGE, SESSION, World, cookie, set_cookies, status_of

FLOW = "__Host-Http-flow-"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"}


class Provider(OAuthMethod):
    """Asks one thing of one endpoint, and believes what the test says."""

    def __init__(self, provider_id: str = "nowhere") -> None:
        self.id = provider_id
        self.label = provider_id.title()
        self.issuer = f"https://{provider_id}.example"
        self.profile = Profile(issuer=self.issuer, subject="1", name="Ada", email="ada@example.com")
        self.finished: list[tuple[Flow, Mapping[str, str]]] = []
        self.begins_with_a_request = False

    def begin(self, *, callback_url: str, now: float) -> Exchange[Begun]:
        """Out to the provider."""
        if self.begins_with_a_request:
            require_success((yield HTTPRequest("POST", f"{self.issuer}/request-token")), "the request token")
        flow = Flow.start(provider=self.id, issuer=self.issuer, now=now, state=new_secret(), verifier=new_secret())
        query = urlencode({"state": flow.state, "redirect_uri": callback_url})
        return Begun(f"{self.issuer}/authorize?{query}", flow)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Who came back."""
        assert callback_url == f"{ORIGIN}/auth/callback/{self.id}"
        assert same(flow.state, parameters.get("state"))
        self.finished.append((flow, parameters))
        if "error" in parameters:
            denied = parameters["error"] == ACCESS_DENIED
            raise LoginFailed(ACCESS_DENIED if denied else PROVIDER_ERROR, "the provider said no")
        if "code" not in parameters:
            raise LoginFailed(INVALID_RESPONSE, "there is no code")
        require_success((yield HTTPRequest("POST", f"{self.issuer}/token")), "the token endpoint")
        return self.profile


class Endpoint:
    """The provider's server, without a network."""

    def __init__(self) -> None:
        self.status = 200
        self.fault: Exception | None = None
        self.asked = 0

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer, or do not."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return httpx2.Response(self.status, stream=httpx2.ByteStream(b"{}"))


class Browser:
    """Keeps cookies as a browser does, oldest first."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Navigate."""
        return await self.ask("GET", path, **headers)

    async def ask(self, method: str, path: str, **headers: str) -> httpx2.Response:
        """One request, whose answer may change the cookies."""
        line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = PAGE | NAVIGATION | {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.http.request(method, path, headers=sent | ({"cookie": line} if line else {}))
        for one in set_cookies(response):
            name, _, rest = one.partition("=")
            if "Max-Age=0" in one:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = rest.partition(";")[0]
        return response

    async def begin(self, query: str = "", provider: str = "nowhere") -> str:
        """Set out; the state that the provider was given."""
        response = await self.get(f"/auth/login/{provider}{query}")
        assert response.status_code == 302, response.text
        return parse_qs(urlsplit(response.headers["location"]).query)["state"][0]

    async def finish(self, state: str, provider: str = "nowhere", **parameters: str) -> httpx2.Response:
        """Come back."""
        query = urlencode({"state": state, "code": "c0de"} | parameters)
        return await self.get(f"/auth/callback/{provider}?{query}")

    @property
    def flows(self) -> list[str]:
        """The names of the sign-ins under way."""
        return [name for name in self.cookies if name.startswith(FLOW)]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The provider's server."""
    endpoint = Endpoint()
    monkeypatch.setattr(routes, "new_client", lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(endpoint)))
    return endpoint


@pytest.fixture
def provider() -> Provider:
    """The provider."""
    return Provider()


@pytest.fixture
async def world(endpoint: Endpoint, provider: Provider) -> AsyncGenerator[World, None]:
    """An application with two providers."""
    world = World(methods=[provider, Provider("other")])
    await world.services()
    yield world
    await world.auth.close()


@pytest.fixture
async def http(world: World) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """The way to it."""
    async with world.visitor() as client:
        yield client


@pytest.fixture
def browser(http: httpx2.AsyncClient) -> Browser:
    """Somebody's browser."""
    return Browser(http)


async def nothing_was_made(world: World) -> bool:
    """Whether the store holds no user and no session."""
    return await world.store.list_users() == () and world.store._sessions == {}


async def failures(world: World) -> list[str]:
    """The reasons of the sign-ins that failed, as the audit trail has them."""
    events = await world.store.list_events()
    return [event.detail["reason"] for event in events if event.event == "sign_in_failed"]


def logged(caplog: pytest.LogCaptureFixture) -> set[str]:
    """The reasons of the sign-ins that failed and had no flow of ours, as the log has them."""
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "handstamp.audit"]
    return {line["detail"]["reason"] for line in lines if line["event"] == "sign_in_failed"}


async def test_a_sign_in_from_end_to_end(world: World, browser: Browser, endpoint: Endpoint) -> None:
    """Out with a sealed cookie, back with a session, on to where people belong."""
    state = await browser.begin()
    assert await nothing_was_made(world)
    response = await browser.finish(state)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "private, no-store"
    assert browser.flows == []
    assert list(browser.cookies) == [SESSION, "signed_in"]
    told = (await browser.get("/auth/session")).json()
    assert (told["user"]["name"], told["user"]["email"]) == ("Ada", "ada@example.com")
    assert endpoint.asked == 1


async def test_the_way_out_is_a_redirect_that_tells_nobody_where_it_came_from(http: httpx2.AsyncClient) -> None:
    """302, kept by nobody, with a cookie of ten minutes that no script can read (COO-01, COO-07)."""
    response = await http.get("/auth/login/nowhere")
    assert response.status_code == 302
    assert response.headers["location"].startswith("https://nowhere.example/authorize?")
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "private, no-store"
    (flow,) = set_cookies(response)
    assert flow.startswith(FLOW)
    assert flow.endswith("; Path=/; SameSite=Lax; Secure; HttpOnly; Max-Age=600")


async def test_the_callback_is_built_from_the_origin(browser: Browser) -> None:
    """Never from Host."""
    response = await browser.get("/auth/login/nowhere", host="evil.example", x_forwarded_host="evil.example")
    assert f"redirect_uri={quote(f'{ORIGIN}/auth/callback/nowhere', safe='')}" in response.headers["location"]
    assert "evil.example" not in str(response.headers)


async def test_what_the_cookie_holds_is_sealed(browser: Browser) -> None:
    """Neither state nor verifier can be read from it (OAU-02)."""
    state = await browser.begin("?return_to=/readable")
    (value,) = browser.cookies.values()
    assert state not in value
    assert "readable" not in value
    assert state not in browser.flows[0]


@pytest.mark.parametrize(
    ("return_to", "location"),
    [
        ("/home?a=1#b", "/home?a=1#b"),
        (f"{ORIGIN}/home", "/home"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/%2f/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 3000, "/"),
        ("", "/"),
    ],
)
async def test_the_way_back_stays_inside(browser: Browser, return_to: str, location: str) -> None:
    """Anything else is ignored (OAU-10)."""
    state = await browser.begin(f"?return_to={quote(return_to)}")
    assert (await browser.finish(state)).headers["location"] == location


async def test_a_way_back_to_a_trusted_origin_is_kept(endpoint: Endpoint, provider: Provider) -> None:
    """It is named in the settings."""
    world = World(methods=[provider], trusted_origins=["https://admin.example.com"])
    async with world.visitor() as http:
        browser = Browser(http)
        state = await browser.begin("?return_to=https://admin.example.com/home")
        assert (await browser.finish(state)).headers["location"] == "https://admin.example.com/home"
    await world.auth.close()


async def test_whoever_asked_for_nothing_goes_where_the_settings_say(endpoint: Endpoint, provider: Provider) -> None:
    """``after_sign_in``."""
    world = World(methods=[provider], after_sign_in="/dashboard")
    async with world.visitor() as http:
        browser = Browser(http)
        assert (await browser.finish(await browser.begin())).headers["location"] == "/dashboard"
    await world.auth.close()


async def test_a_way_back_that_no_cookie_can_hold_is_refused(browser: Browser) -> None:
    """400 rather than a cookie that browsers drop without a word: quotes take two bytes each when sealed."""
    response = await browser.get(f"/auth/login/nowhere?return_to=/{'%22' * 2000}")
    assert (response.status_code, "Return_to is too long." in response.text) == (400, True)
    assert browser.cookies == {}
    assert (await browser.get(f"/auth/login/nowhere?return_to=/{'a' * 2000}")).status_code == 302


@pytest.mark.parametrize(("query", "persistent"), [("?remember=1", True), ("?remember=yes", False), ("", False)])
async def test_who_wants_to_be_remembered_is(
    world: World,
    browser: Browser,
    query: str,
    persistent: bool,  # noqa: FBT001  a table
) -> None:
    """Max-Age until the absolute limit, or for as long as the browser runs."""
    response = await browser.finish(await browser.begin(query))
    assert [("Max-Age" in line) for line in set_cookies(response) if "=;" not in line] == [persistent] * 2
    (session,) = world.store._sessions.values()
    assert session.persistent is persistent


async def test_the_session_knows_where_it_came_from(world: World, browser: Browser) -> None:
    """For the list of sessions."""
    await browser.finish(await browser.begin(), user_agent="x")
    (session,) = world.store._sessions.values()
    assert session.address == "203.0.113.7"
    assert session.user_agent is not None


async def test_the_trail_tells_who_came_in(world: World, browser: Browser) -> None:
    """Signed up once, signed in twice, each with user and address (LOG-01)."""
    await browser.finish(await browser.begin())
    await browser.finish(await browser.begin())
    events = await world.store.list_events()
    names = sorted(event.event for event in events)
    assert names == ["session_ended", *["session_started"] * 2, *["signed_in"] * 2, "signed_up"]
    signed_in = next(event for event in events if event.event == "signed_in")
    assert (signed_in.detail["method"], signed_in.address) == ("nowhere", "203.0.113.7")
    assert signed_in.session_id in world.store._sessions


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"},
        {"sec_fetch_mode": "cors", "sec_fetch_dest": "empty"},
        {"sec_fetch_dest": "iframe"},
        {"sec_fetch_mode": "no-cors"},
    ],
    ids=str,
)
async def test_nothing_but_a_navigation_sets_out(browser: Browser, headers: dict[str, str]) -> None:
    """An image, a script or a frame gets 400 and no cookie."""
    response = await browser.get("/auth/login/nowhere", **headers)
    assert (response.status_code, browser.cookies) == (400, {})


async def test_head_begins_and_ends_nothing(world: World, browser: Browser, provider: Provider) -> None:
    """Link checkers and previews ask so."""
    assert (await browser.ask("HEAD", "/auth/login/nowhere")).status_code == 400
    assert browser.cookies == {}
    state = await browser.begin()
    response = await browser.ask("HEAD", f"/auth/callback/nowhere?state={state}&code=c0de")
    assert (response.status_code, provider.finished) == (400, [])
    assert (await browser.finish(state)).status_code == 303


async def test_a_browser_has_at_most_five_sign_ins_under_way(browser: Browser) -> None:
    """The oldest makes room; the newest five can be finished."""
    states = [await browser.begin() for _ in range(MAX_FLOWS + 2)]
    assert len(browser.flows) == MAX_FLOWS
    assert (await browser.finish(states[1])).status_code == 400
    assert (await browser.finish(states[2])).status_code == 303
    assert (await browser.finish(states[-1])).status_code == 303


async def test_cookies_that_only_look_like_flows_are_left_alone(browser: Browser) -> None:
    """Whatever a client sends behind the prefix, it breaks nothing and is not sent back."""
    browser.cookies = {f'{FLOW}"{number}(': "x" for number in range(10)} | {FLOW: "x", f"{FLOW}short": "x"}
    response = await browser.get("/auth/login/nowhere")
    assert (response.status_code, len(set_cookies(response))) == (302, 1)


async def test_two_tabs_both_finish(world: World, browser: Browser) -> None:
    """Each finds its own flow; the second session replaces the first."""
    first, second = await browser.begin("?return_to=/one"), await browser.begin("?return_to=/two")
    assert (await browser.finish(second)).headers["location"] == "/two"
    assert (await browser.finish(first)).headers["location"] == "/one"
    reasons = [session.end_reason for session in world.store._sessions.values()]
    assert reasons == [EndReason.REPLACED, None]
    assert len(await world.store.list_users()) == 1


async def test_two_tabs_that_finish_at_once_both_get_in(world: World, browser: Browser) -> None:
    """Neither has the other's session yet; both are good."""
    first, second = await browser.begin(), await browser.begin()
    answers = await asyncio.gather(browser.finish(first), browser.finish(second))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(await world.store.list_users()) == 1


async def test_of_two_uses_of_one_callback_at_once_one_gets_in(world: World, browser: Browser) -> None:
    """The flow's id is used up in the store before the code is exchanged (OAU-01)."""
    state = await browser.begin()
    other = Browser(browser.http)
    other.cookies = dict(browser.cookies)
    answers = await asyncio.gather(browser.finish(state), other.finish(state))
    assert sorted(answer.status_code for answer in answers) == [303, 400]
    assert len(world.store._sessions) == 1


async def test_a_session_that_was_presented_before_is_replaced(world: World, browser: Browser) -> None:
    """Always a new id; a planted session of somebody else never becomes the user's (SES-02, SES-03)."""
    planted = await world.sign_in()
    browser.cookies[SESSION] = planted.token
    await browser.finish(await browser.begin())
    assert browser.cookies[SESSION] != planted.token
    assert (await world.row(planted)).end_reason is EndReason.REPLACED
    told = (await browser.get("/auth/session")).json()
    assert told["session"]["id"] != planted.session.id
    assert told["user"]["id"] != planted.session.user_id


async def test_a_bad_cookie_does_not_stand_in_the_way(browser: Browser) -> None:
    """Garbage is replaced; two cookies are left for the next request to sort out."""
    browser.cookies[SESSION] = "garbage"
    assert (await browser.finish(await browser.begin())).status_code == 303
    assert browser.cookies[SESSION] != "garbage"


async def bad_no_cookie(world: World, browser: Browser) -> httpx2.Response:
    """Another browser began."""
    state = await browser.begin()
    browser.cookies.clear()
    return await browser.finish(state)


async def bad_foreign_cookie(world: World, browser: Browser) -> httpx2.Response:
    """The flow of an attacker, whose browser it was sealed for under another name."""
    own, other = await browser.begin(), await browser.begin()
    del other
    values = list(browser.cookies.items())
    browser.cookies[values[0][0]] = values[1][1]
    return await browser.finish(own)


async def bad_garbage_cookie(world: World, browser: Browser) -> httpx2.Response:
    """The cookie was changed."""
    state = await browser.begin()
    name = browser.flows[0]
    browser.cookies[name] = f"{browser.cookies[name][:-2]}AA"
    return await browser.finish(state)


async def bad_other_secret(world: World, browser: Browser) -> httpx2.Response:
    """Sealed by somebody else, or for another purpose."""
    state = await browser.begin()
    name = browser.flows[0]
    sealers = Sealer([OTHER_SECRET], Purpose.FLOW), Sealer([SECRET], Purpose.PROVIDER_TOKEN)
    responses: list[httpx2.Response] = []
    for sealer in sealers:
        browser.cookies[name] = sealer.seal(b"{}", context=name.removeprefix(FLOW).encode())
        responses.append(await browser.finish(state))
    assert [one.status_code for one in responses] == [400, 400]
    return responses[0]


async def bad_members(world: World, browser: Browser) -> httpx2.Response:
    """Sealed by us, before an upgrade that changed the members."""
    state = await browser.begin()
    name = browser.flows[0]
    key = name.removeprefix(FLOW).encode()
    browser.cookies[name] = world.auth.sealer(Purpose.FLOW).seal(b'{"id": "1"}', context=key)
    return await browser.finish(state)


async def bad_twice_in_one_request(world: World, browser: Browser) -> httpx2.Response:
    """Two cookies of one name: nobody knows which one counts (COO-02)."""
    state = await browser.begin()
    name = browser.flows[0]
    line = f"{name}={browser.cookies[name]}; {name}=x"
    return await browser.http.get(f"/auth/callback/nowhere?state={state}&code=c", headers=PAGE | {"cookie": line})


async def bad_other_provider(world: World, browser: Browser) -> httpx2.Response:
    """Mix-up: one provider's answer at the other's callback (OAU-04)."""
    return await browser.finish(await browser.begin(), provider="other")


async def bad_expired(world: World, browser: Browser) -> httpx2.Response:
    """Ten minutes later."""
    state = await browser.begin()
    world.clock.now += FLOW_LIFETIME
    return await browser.finish(state)


async def bad_wrong_state(world: World, browser: Browser) -> httpx2.Response:
    """A state that was never given."""
    await browser.begin()
    return await browser.finish(new_secret())


async def bad_no_state(world: World, browser: Browser) -> httpx2.Response:
    """None at all."""
    await browser.begin()
    return await browser.get("/auth/callback/nowhere?code=c0de")


async def bad_empty_state(world: World, browser: Browser) -> httpx2.Response:
    """An empty one is none."""
    await browser.begin()
    return await browser.finish("")


async def bad_repeated(world: World, browser: Browser) -> httpx2.Response:
    """A parameter twice: nobody knows which one counts (RFC 6749 §3.1)."""
    state = await browser.begin()
    return await browser.get(f"/auth/callback/nowhere?state={state}&code=one&code=two")


async def bad_denied(world: World, browser: Browser) -> httpx2.Response:
    """The person said no."""
    return await browser.finish(await browser.begin(), error="access_denied")


async def bad_error(world: World, browser: Browser) -> httpx2.Response:
    """The provider could not."""
    return await browser.finish(await browser.begin(), error="server_error")


async def bad_no_code(world: World, browser: Browser) -> httpx2.Response:
    """Neither a code nor an error."""
    state = await browser.begin()
    return await browser.get(f"/auth/callback/nowhere?state={state}")


BAD: dict[str, tuple[Any, int, str]] = {
    "no cookie": (bad_no_cookie, 400, "flow_unknown"),
    "another flow's cookie": (bad_foreign_cookie, 400, "flow_unknown"),
    "a changed cookie": (bad_garbage_cookie, 400, "flow_unknown"),
    "a cookie under another key": (bad_other_secret, 400, "flow_unknown"),
    "a cookie of other members": (bad_members, 400, "flow_unknown"),
    "the cookie twice": (bad_twice_in_one_request, 400, "flow_unknown"),
    "another provider's flow": (bad_other_provider, 400, "flow_unknown"),
    "an expired flow": (bad_expired, 400, "flow_unknown"),
    "a wrong state": (bad_wrong_state, 400, "flow_unknown"),
    "no state": (bad_no_state, 400, "flow_unknown"),
    "an empty state": (bad_empty_state, 400, "flow_unknown"),
    "a parameter twice": (bad_repeated, 502, "invalid_response"),
    "access denied": (bad_denied, 403, "access_denied"),
    "an error": (bad_error, 502, "provider_error"),
    "no code": (bad_no_code, 502, "invalid_response"),
}


@pytest.mark.parametrize(("visit", "status", "reason"), BAD.values(), ids=BAD)
async def test_a_bad_callback_creates_nothing(
    world: World, browser: Browser, caplog: pytest.LogCaptureFixture, visit: Any, status: int, reason: str
) -> None:
    """A page that says what happened and leads back; no user, no session, and trail or log has it (OAU-01)."""
    caplog.set_level("INFO", "handstamp.audit")
    response = await visit(world, browser)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert 'href="/auth/login"' in response.text
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "private, no-store"
    assert "c0de" not in response.text
    assert SESSION not in browser.cookies
    assert await nothing_was_made(world)
    assert set(await failures(world)) | logged(caplog) == {reason}


@pytest.mark.parametrize(("visit", "status", "reason"), BAD.values(), ids=BAD)
async def test_a_program_gets_the_same_as_a_problem(
    world: World, browser: Browser, visit: Any, status: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``login_failed`` with the reason (RFC 9457)."""
    monkeypatch.setitem(PAGE, "accept", "application/json")
    problem = (await visit(world, browser)).json()
    assert (problem["status"], problem["code"], problem["reason"]) == (status, "login_failed", reason)
    assert "detail" not in problem


async def test_a_callback_works_once(world: World, browser: Browser, provider: Provider) -> None:
    """Again with the same cookie, by the back button or by whoever saw the address: 400, nothing is exchanged."""
    state = await browser.begin()
    kept = dict(browser.cookies)
    assert (await browser.finish(state)).status_code == 303
    again = Browser(browser.http)
    again.cookies = kept
    assert (await again.finish(state)).status_code == 400
    assert (len(provider.finished), len(world.store._sessions)) == (1, 1)
    assert again.cookies == {}


@pytest.mark.parametrize("visit", [bad_denied, bad_error, bad_no_code, bad_expired])
async def test_a_flow_that_failed_is_taken_back(world: World, browser: Browser, visit: Any) -> None:
    """Its cookie goes with the answer."""
    await visit(world, browser)
    assert browser.flows == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (httpx2.ConnectError("refused"), 503),
        (httpx2.ReadTimeout("slow"), 503),
        (TimeoutError(), 503),
        (503, 503),
        (429, 503),
        (400, 502),
        (302, 502),
    ],
    ids=str,
)
async def test_a_provider_that_does_not_answer_creates_nothing(
    world: World, browser: Browser, endpoint: Endpoint, fault: Exception | int, status: int
) -> None:
    """503 where it is down or slow, 502 where it answers nonsense; the way back is there."""
    state = await browser.begin()
    if isinstance(fault, int):
        endpoint.status = fault
    else:
        endpoint.fault = fault
    response = await browser.finish(state)
    assert (response.status_code, 'href="/auth/login"' in response.text) == (status, True)
    assert await nothing_was_made(world)
    assert await failures(world) == ["provider_unavailable" if status == 503 else "provider_error"]


async def test_a_provider_that_is_down_when_somebody_sets_out(
    caplog: pytest.LogCaptureFixture, world: World, browser: Browser, endpoint: Endpoint, provider: Provider
) -> None:
    """OAuth 1.0a asks before the redirect: 503 with a page, and no cookie."""
    caplog.set_level("INFO", "handstamp.audit")
    provider.begins_with_a_request = True
    assert await browser.begin()
    browser.cookies.clear()
    endpoint.status = 500
    response = await browser.get("/auth/login/nowhere")
    assert (response.status_code, browser.cookies) == (503, {})
    assert 'href="/auth/login"' in response.text
    assert (await failures(world), logged(caplog)) == ([], {"provider_unavailable"})


async def test_a_disabled_user_is_told_so(world: World, browser: Browser) -> None:
    """403, no session, and what was told to the browser does not name the account."""
    await browser.finish(await browser.begin())
    (user,) = await world.store.list_users()
    await (await world.services()).accounts.disable(user.id, now=world.clock())
    browser.cookies.clear()
    response = await browser.finish(await browser.begin())
    assert (response.status_code, "This account is disabled" in response.text) == (403, True)
    assert SESSION not in browser.cookies
    assert [session.end_reason for session in world.store._sessions.values()] == [EndReason.USER_DISABLED]
    assert await failures(world) == ["user_disabled"]


async def test_one_person_is_one_user_and_an_equal_address_joins_nobody(
    world: World, browser: Browser, provider: Provider
) -> None:
    """(issuer, subject) and nothing else (OAU-07)."""
    await browser.finish(await browser.begin())
    await browser.finish(await browser.begin())
    assert len(await world.store.list_users()) == 1
    provider.profile = replace(provider.profile, subject="2")
    await browser.finish(await browser.begin())
    users = await world.store.list_users()
    assert [user.email for user in users] == ["ada@example.com"] * 2


async def test_in_an_outage_the_flow_may_be_tried_again(world: World, browser: Browser, provider: Provider) -> None:
    """503, nothing exchanged, and the cookie is kept: the same callback works a moment later."""
    state = await browser.begin()
    world.down()
    response = await browser.finish(state)
    assert (response.status_code, len(browser.flows), provider.finished) == (503, 1, [])
    world.store.down = set()
    assert (await browser.finish(state)).status_code == 303


async def test_setting_out_needs_no_store(world: World, browser: Browser) -> None:
    """What has to survive is in the cookie."""
    world.down()
    assert await browser.begin()


async def test_a_form_post_answer_is_sent_on_as_get(world: World, browser: Browser, provider: Provider) -> None:
    """303, changing nothing: it comes from another site and without our cookies (SameSite=Lax)."""
    state = await browser.begin()
    content = urlencode({"state": state, "code": "c0de"})
    posted = await browser.http.post(
        "/auth/callback/nowhere", content=content, headers=FORM | PAGE | {"origin": "https://nowhere.example"}
    )
    assert (posted.status_code, set_cookies(posted), provider.finished) == (303, [], [])
    assert posted.headers["location"] == f"/auth/callback/nowhere?{content}"
    assert posted.headers["referrer-policy"] == "no-referrer"
    assert await nothing_was_made(world)
    assert (await browser.get(posted.headers["location"])).status_code == 303
    assert len(provider.finished) == 1


async def test_a_form_post_answer_is_not_taken_with_a_session(world: World, browser: Browser) -> None:
    """It does not look at the cookie, so that another site cannot make it do anything."""
    issued = await world.sign_in()
    headers = FORM | cookie(issued) | {"origin": "https://evil.example"}
    response = await browser.http.post("/auth/callback/nowhere", content="state=x", headers=headers)
    assert (response.status_code, set_cookies(response)) == (303, [])


@pytest.mark.parametrize(
    "content",
    [b"state=one&state=two", b"state=\xff", b"a" * 20_000, b"state=%ff"],
    ids=["twice", "not ASCII", "too long", "not UTF-8"],
)
async def test_a_form_that_cannot_be_read_is_refused(browser: Browser, content: bytes) -> None:
    """400, whatever it was."""
    response = await browser.http.post("/auth/callback/nowhere", content=content, headers=FORM | PAGE)
    assert (response.status_code, 'href="/auth/login"' in response.text) == (400, True)


async def test_a_long_form_post_answer_is_sent_on_too(browser: Browser) -> None:
    """A code with an ID token beside it is longer than a return_to may be."""
    content = urlencode({"state": "s", "code": "c", "id_token": "t" * 3000})
    posted = await browser.http.post("/auth/callback/nowhere", content=content, headers=FORM | PAGE)
    assert (posted.status_code, posted.headers["location"]) == (303, f"/auth/callback/nowhere?{content}")


@pytest.mark.parametrize(
    "query", [b"state=\xff\xfe&code=1", b"state=%ff&code=1", b"&&&", b"=", b"state=" + b"a" * 9000]
)
async def test_a_query_of_raw_octets_is_a_bad_callback(world: World, query: bytes) -> None:
    """Never a fault of ours."""
    assert await status_of(world.app, "/auth/callback/nowhere", query) in {400, 502}


async def test_a_bad_callback_before_the_store_is_open_is_a_bad_callback(
    endpoint: Endpoint, provider: Provider
) -> None:
    """Nothing is opened for it."""
    world = World(methods=[provider])
    async with world.visitor() as http:
        assert (await Browser(http).finish("never-given")).status_code == 400
    assert world.auth.services is None


async def test_an_unknown_provider_is_not_there(browser: Browser) -> None:
    """404."""
    for path in ("/auth/login/unknown", "/auth/callback/unknown?state=x"):
        assert (await browser.get(path)).status_code == 404


def test_each_event_loop_has_connections_of_its_own(endpoint: Endpoint, provider: Provider) -> None:
    """Test clients run each request on a loop of its own, and a connection belongs to one."""
    provider.begins_with_a_request = True
    client = World(methods=[provider]).handshaker()
    for _ in range(2):
        assert client.get("/auth/login/nowhere", follow_redirects=False).status_code == 302
    assert endpoint.asked == 2
