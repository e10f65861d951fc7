"""Hostile requests at every route, through the whole house and without a network."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest

from handmade import OTHER_SECRET
from handstamp.core.encoding import base64url_encode
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.tokens import SessionClaims, SessionTokens
from handstamp.login.oauth import X
from handstamp.testing import a_profile
from web_world import NOW, ORIGIN, OWN, PAGE, SESSION, TOKENS, World, cookie, set_cookies, visiting

SCRIPT = "\"'></title><script>alert(1)</script>"
PATHS = (
    *("/auth", "/auth/", "/auth/login", "/auth/account", "/auth/session", "/auth/sessions", "/auth/logout"),
    *("/auth/signed-out", "/auth/login/x", "/auth/callback/x?state=s&code=c", "/auth/sessions/end-others"),
    *("/auth/sessions/x/end", "/auth/sessions/x", "/auth/healthz", "/auth/readyz", "/auth/handstamp.css", "/me"),
)


def world() -> World:
    """An application with a way in."""
    return World(methods=[X(client_id="client", public_client=True)])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND"])
async def test_no_odd_method_changes_anything_on_any_route(method: str) -> None:
    """The row, the trail and the cookies are as before, and no route fails (CSR-04)."""
    house = world()
    issued = await house.sign_in()
    before, trail = await house.row(issued), await house.events()
    async with visiting(house) as http:
        for path in PATHS:
            response = await http.request(method, path, headers=cookie(issued) | PAGE)
            assert response.status_code < 500, path
            assert set_cookies(response) == [], path
        assert await house.row(issued) == before
        assert [event for event in await house.events() if event != "sign_in_failed"] == trail


async def test_no_page_repeats_markup_from_a_request() -> None:
    """From query, cookies, Origin, User-Agent, or a name at a provider (CSR-09)."""
    house = world()
    services = await house.services()
    profile = a_profile(name=SCRIPT, username=SCRIPT, email=f"{SCRIPT}@example.org", picture=f"https://x/{SCRIPT}")
    user = await services.accounts.sign_in(profile, now=NOW)
    issued = await house.sign_in(user, user_agent=SCRIPT, address=SCRIPT)
    odd: dict[str, Any] = {"return_to": f"/{SCRIPT}", "state": SCRIPT, "error": SCRIPT, "keep": SCRIPT, "iss": SCRIPT}
    async with visiting(house) as http:
        for path in PATHS:
            for method, headers in (("GET", {}), ("POST", {"origin": f"https://{SCRIPT}"}), ("DELETE", OWN)):
                sent = PAGE | headers | cookie(issued) | {"user-agent": SCRIPT, "referer": SCRIPT}
                if method == "DELETE" and path == "/auth/sessions":
                    sent["origin"] = "https://evil.example"
                response = await http.request(method, path.partition("?")[0], params=odd, headers=sent)
                if response.headers.get("content-type", "").startswith("text/html"):
                    assert "<script" not in response.text, (method, path)
                assert response.status_code < 500, (method, path)


async def test_a_flood_of_tokens_that_are_not_ours_reaches_neither_store_nor_memory() -> None:
    """Garbage, and tokens that are perfect but for the key, cost no read, no write and no entry."""
    house = world()
    await house.sign_in()
    foreign = SessionTokens(KeyRing.from_secrets([OTHER_SECRET], Purpose.SESSION), ORIGIN)
    async with visiting(house) as http:
        house.store.asked.clear()
        for number in range(50):
            claims = SessionClaims(
                user_id="u", session_id=f"s{number}", generation=1, issued_at=int(NOW), expires_at=int(NOW) + 60
            )
            for token in (f"garbage{number}", "a" * (number * 600), foreign.encode(claims)):
                assert (await http.get("/me", headers=cookie(token))).status_code == 401
        assert not house.store.asked
        assert len(house.auth._cache) == 0


def with_signature(token: str, signature: bytes) -> str:
    """The token with another signature, in the form that ours has."""
    return f"{token.rpartition('.')[0]}.{base64url_encode(signature)}"


async def test_no_cookie_without_our_signature_reaches_store_memory_or_trail() -> None:
    """Forged, cut, of no algorithm, past its time, twice, too long, or none of ours: a flood of each asks nothing."""
    house = world()
    token = (await house.sign_in()).token
    claims = TOKENS.decode(token, now=NOW)
    expired = TOKENS.encode(replace(claims, issued_at=int(NOW) - 20, expires_at=int(NOW) - 10))
    none = base64url_encode(b'{"alg":"none","kid":"x","typ":"session+jwt"}')
    payload = token.split(".")[1]
    many = "; ".join(f"c{number}=x" for number in range(200))
    headers = {
        "forged": [f"{SESSION}={with_signature(token, bytes([number]) * 32)}" for number in range(50)],
        "cut": [f"{SESSION}={token[:length]}" for length in range(len(token))],
        "none": [f"{SESSION}={none}.{payload}.", f"{SESSION}={none}.{payload}.x"],
        "past its time": [f"{SESSION}={expired}"],
        "twice": [f"{SESSION}={token}; {SESSION}={token}"],
        "too long": [f"{SESSION}={'x' * 4096}", f"{SESSION}={'x' * 40_000}"],
        "none of ours": [many, "x" * 4096, f"{many}; {SESSION}=x"],
    }
    async with visiting(house) as http:
        house.store.asked.clear()
        for lines in headers.values():
            for line in lines:
                assert (await http.get("/me", headers={"cookie": line})).status_code == 401, line
        assert not house.store.asked
        assert len(house.auth._cache) == 0


async def test_a_flood_of_one_unknown_session_asks_once_at_a_time() -> None:
    """However many requests come with it at once, and nothing of it is kept."""
    house = world()
    claims = TOKENS.decode((await house.sign_in()).token, now=NOW)
    unknown = TOKENS.encode(replace(claims, session_id="unknown"))
    house.store._pauses = itertools.cycle([3])
    async with visiting(house) as http:
        house.store.asked.clear()
        answers = await asyncio.gather(*(http.get("/me", headers=cookie(unknown)) for _ in range(200)))
        assert {answer.status_code for answer in answers} == {401}
        assert 0 < house.store.asked["load_session"] < 20
        assert not {"load_user", "consume_challenge", "count_attempt", "record_event"} & set(house.store.asked)
        assert len(house.auth._cache) == 0
    check = (await house.services()).check
    assert not check._load_session._lines
    assert not check._load_user._lines


async def test_a_clock_that_jumps_ahead_and_comes_back_ends_no_session() -> None:
    """For a moment everybody is idle; nothing is written, so nobody stays out."""
    house = world()
    issued = await house.sign_in()
    async with visiting(house) as http:
        assert (await http.get("/me", headers=cookie(issued))).status_code == 200
        house.clock.now += 8 * 86_400
        assert (await http.get("/me", headers=cookie(issued))).json()["reason"] == "idle"
        house.clock.now -= 8 * 86_400
        assert (await http.get("/me", headers=cookie(issued))).status_code == 200
        assert (await house.row(issued)).ended_at is None


@pytest.mark.parametrize("path", ["/AUTH/session", "//auth/session", "/auth//session", "/auth;x/session", "/me/"])
async def test_another_spelling_of_a_path_is_another_path(path: str) -> None:
    """No spelling that a proxy might normalise reaches a route that asks (FOR-05)."""
    house = world()
    issued = await house.sign_in()
    async with visiting(house) as http:
        request = http.build_request("GET", "/", headers=cookie(issued))
        request.url = request.url.copy_with(raw_path=path.encode())
        response = await http.send(request)
        assert response.status_code in {307, 404}
        assert "authenticated" not in response.text
