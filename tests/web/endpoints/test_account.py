"""Pages for people: the ways in, and the account."""

from typing import Final
from urllib.parse import quote

import httpx2
import pytest

from handstamp.core.models import EndReason
from handstamp.web.methods import Way
from web_world import DELETE_FLAG, DELETE_SESSION, PAGE, World, cookie, set_cookies, visiting

HOSTILE: Final = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "",
    "home",
    "/a//b",
]


class Nowhere(Way):
    """A way in that leads nowhere."""

    id = "nowhere"
    label = "<Nowhere>"


async def test_the_index_leads_on(world: World, visitor: httpx2.AsyncClient) -> None:
    """To the account, or to the ways in."""
    anonymous = await visitor.get("/auth/", headers=PAGE)
    assert (anonymous.status_code, anonymous.headers["location"]) == (303, "/auth/login")
    signed_in = await visitor.get("/auth/", headers=PAGE | cookie(await world.sign_in()))
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/auth/account")


async def test_the_account_shows_the_logged_in_flag(world: World, visitor: httpx2.AsyncClient) -> None:
    """And who it is (A10)."""
    response = await visitor.get("/auth/account", headers=PAGE | cookie(await world.sign_in()))
    assert response.status_code == 200
    assert "Person 1" in response.text
    assert "loggedIn" in response.text


async def test_the_account_of_nobody_is_the_login_page(visitor: httpx2.AsyncClient) -> None:
    """With the way back."""
    for headers in (PAGE, PAGE | cookie("garbage")):
        response = await visitor.get("/auth/account", headers=headers)
        assert response.status_code == 303
        assert response.headers["location"] == "/auth/login?return_to=%2Fauth%2Faccount"


@pytest.mark.parametrize("path", ["/auth/", "/auth/account"])
async def test_whose_session_is_over_is_told_why_before_the_cookie_is_gone(path: str) -> None:
    """401 with the ways in and the reason: a redirect would arrive without the cookie that knows it."""
    world = World(methods=[Nowhere()])
    async with visiting(world) as visitor:
        issued = await world.sign_in()
        await world.end(issued, EndReason.ENDED_ELSEWHERE)
        response = await visitor.get(path, headers=PAGE | cookie(issued))
    assert response.status_code == 401
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]
    assert "This session was ended from your list of sessions" in response.text
    assert "/auth/login/nowhere" in response.text


async def test_the_login_page_says_why_the_last_session_ended(world: World, visitor: httpx2.AsyncClient) -> None:
    """To whoever comes there with its cookie; to others it says nothing."""
    issued = await world.sign_in()
    await world.end(issued, EndReason.ADMIN)
    response = await visitor.get("/auth/login", headers=PAGE | cookie(issued))
    assert (response.status_code, 'role="status"' in response.text) == (200, True)
    assert "Those who run this site ended the session" in response.text
    for headers in (PAGE, PAGE | cookie("garbage"), PAGE | cookie(await world.sign_in())):
        assert 'role="status"' not in (await visitor.get("/auth/login", headers=headers)).text


async def test_the_ways_in_are_links_that_carry_the_choice() -> None:
    """Whether to be remembered, and the way back; the toggle keeps the way back. Labels are escaped."""
    async with visiting(World(methods=[Nowhere()])) as visitor:
        off = (await visitor.get("/auth/login?return_to=/home%3Fa%3D1")).text
        on = (await visitor.get("/auth/login?return_to=/home&remember=1")).text
        bare = (await visitor.get("/auth/login")).text
    assert 'href="/auth/login/nowhere?return_to=%2Fhome%3Fa%3D1"' in off
    assert 'href="/auth/login?return_to=%2Fhome%3Fa%3D1&amp;remember=1"' in off
    assert 'href="/auth/login/nowhere?return_to=%2Fhome&amp;remember=1"' in on
    assert 'href="/auth/login?return_to=%2Fhome"' in on
    assert 'href="/auth/login/nowhere"' in bare
    assert "&lt;Nowhere&gt;" in bare


@pytest.mark.parametrize("return_to", HOSTILE)
async def test_a_way_back_to_elsewhere_is_ignored(return_to: str) -> None:
    """No link of the page carries it (OAU-10)."""
    async with visiting(World(methods=[Nowhere()])) as visitor:
        response = await visitor.get(f"/auth/login?return_to={quote(return_to)}")
    assert 'href="/auth/login/nowhere"' in response.text


async def test_in_an_outage_people_get_a_page(world: World, visitor: httpx2.AsyncClient) -> None:
    """503 that says that they stay signed in, and the cookies do."""
    issued = await world.sign_in()
    world.down()
    for path in ("/auth/", "/auth/login", "/auth/account"):
        response = await visitor.get(path, headers=PAGE | cookie(issued))
        assert (response.status_code, set_cookies(response)) == (503, [])
        assert "you stay signed in" in response.text
