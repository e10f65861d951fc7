"""The session that asks: who is there, and signing out."""

import httpx2
import pytest

from handstamp.core.models import EndReason
from web_world import (
    DELETE_FLAG,
    DELETE_SESSION,
    FOREIGN,
    FORM,
    NOW,
    OWN,
    PAGE,
    SESSION,
    World,
    cookie,
    set_cookies,
    token_of,
)


async def test_the_session_is_told_to_its_owner(world: World, visitor: httpx2.AsyncClient) -> None:
    """User and session as the store has them, never a token (B7, SES-12)."""
    issued = await world.sign_in(await world.user("writer", "analyst"))
    response = await visitor.get("/auth/session", headers=cookie(issued))
    assert response.status_code == 200
    told = response.json()
    assert told["authenticated"] is True
    assert told["user"]["roles"] == ["analyst", "writer"]
    assert told["session"]["id"] == issued.session.id
    assert issued.token not in response.text


@pytest.mark.parametrize(
    ("headers", "deleted"),
    [({}, []), ({"cookie": f"{SESSION}=a; {SESSION}=b"}, []), (cookie("garbage"), [DELETE_SESSION, DELETE_FLAG])],
    ids=["no cookie", "two", "garbage"],
)
async def test_without_a_session_there_is_no_reason(
    visitor: httpx2.AsyncClient, headers: dict[str, str], deleted: list[str]
) -> None:
    """200: a view that asks whether somebody is signed in has made no mistake."""
    response = await visitor.get("/auth/session", headers=headers)
    assert (response.status_code, response.json()) == (200, {"authenticated": False, "reason": None})
    assert set_cookies(response) == deleted


async def test_asking_for_the_session_rotates_as_any_request(world: World, visitor: httpx2.AsyncClient) -> None:
    """It is a request like any other."""
    issued = await world.sign_in()
    world.clock.now += 900
    assert len(set_cookies(await visitor.get("/auth/session", headers=cookie(issued)))) == 2


async def test_signing_out_ends_the_session_and_takes_the_cookies_back(
    world: World, visitor: httpx2.AsyncClient
) -> None:
    """204; the same token is refused from the next request on, with the reason (SES-01, COO-06)."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    response = await visitor.post("/auth/logout", headers=cookie(issued) | OWN)
    assert (response.status_code, response.content) == (204, b"")
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]
    assert response.headers["clear-site-data"] == '"cache"'
    assert (await visitor.get("/me", headers=cookie(issued))).json()["reason"] == "signed_out"
    assert (await world.events()).count("session_ended") == 1


async def test_signing_out_from_a_form_leads_to_the_farewell(world: World, visitor: httpx2.AsyncClient) -> None:
    """303, and the page there says that it is done."""
    for headers in (FORM, PAGE):
        issued = await world.sign_in()
        response = await visitor.post("/auth/logout", headers=cookie(issued) | OWN | headers)
        assert (response.status_code, response.headers["location"]) == (303, "/auth/signed-out")
        assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]
        assert (await world.row(issued)).end_reason is EndReason.SIGNED_OUT
    assert "You are signed out" in (await visitor.get("/auth/signed-out")).text


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_asking_to_sign_out_changes_nothing(world: World, visitor: httpx2.AsyncClient, method: str) -> None:
    """A link from elsewhere only shows the button (CSR-04)."""
    issued = await world.sign_in()
    response = await visitor.request(method, "/auth/logout", headers=cookie(issued) | PAGE)
    assert set_cookies(response) == []
    assert (await world.row(issued)).ended_at is None
    if method == "GET":
        assert '<form method="post" action="/auth/logout">' in response.text


@pytest.mark.parametrize(
    "headers",
    [FOREIGN, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
    ids=str,
)
async def test_another_site_cannot_sign_anybody_out(
    world: World, visitor: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """With our cookie or, as a cross-site form has none, without it: 403, and nothing is deleted (CSR-05)."""
    issued = await world.sign_in()
    for more in (cookie(issued), cookie("garbage"), {}):
        response = await visitor.post("/auth/logout", headers=headers | FORM | more)
        assert (response.status_code, response.json()["code"]) == (403, "cross_origin")
        assert set_cookies(response) == []
    assert (await world.row(issued)).ended_at is None


@pytest.mark.parametrize("value", ["garbage", None])
async def test_signing_out_without_a_session_takes_the_cookies_back(
    world: World, visitor: httpx2.AsyncClient, value: str | None
) -> None:
    """There is nothing to end; the answer is the same."""
    response = await visitor.post("/auth/logout", headers=OWN | (cookie(value) if value else {}))
    assert (response.status_code, set_cookies(response)) == (204, [DELETE_SESSION, DELETE_FLAG])
    assert await world.events() == []


async def test_signing_out_with_an_expired_token_takes_the_cookies_back(
    world: World, visitor: httpx2.AsyncClient
) -> None:
    """It is authentic, and there is nothing left to end."""
    issued = await world.sign_in()
    world.clock.now = issued.session.expires_at
    response = await visitor.post("/auth/logout", headers=OWN | cookie(issued))
    assert (response.status_code, set_cookies(response)) == (204, [DELETE_SESSION, DELETE_FLAG])


async def test_an_old_token_signs_out_too(world: World, visitor: httpx2.AsyncClient) -> None:
    """Whatever its generation: nobody is kept in by a token that came late."""
    issued = await world.sign_in()
    for generation in (1, 9):
        response = await visitor.post(
            "/auth/logout", headers=OWN | cookie(token_of(issued, generation=generation, issued_at=int(NOW)))
        )
        assert response.status_code == 204
    assert (await world.row(issued)).end_reason is EndReason.SIGNED_OUT


async def test_with_two_cookies_nobody_is_signed_out(world: World, visitor: httpx2.AsyncClient) -> None:
    """Nobody knows which one counts: 401, and neither is deleted (COO-02)."""
    issued = await world.sign_in()
    headers = OWN | {"cookie": f"{SESSION}={issued.token}; {SESSION}=x"}
    response = await visitor.post("/auth/logout", headers=headers)
    assert (response.status_code, response.json()["code"], set_cookies(response)) == (401, "unauthenticated", [])


async def test_in_an_outage_nobody_believes_to_be_signed_out(world: World, visitor: httpx2.AsyncClient) -> None:
    """503, and the cookies are kept: whoever is told so must be out."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    world.down()
    for headers in ({}, FORM, PAGE):
        response = await visitor.post("/auth/logout", headers=OWN | cookie(issued) | headers)
        assert (response.status_code, set_cookies(response)) == (503, [])
        assert "clear-site-data" not in response.headers
    world.store.down = set()
    assert (await visitor.get("/me", headers=cookie(issued))).status_code == 200
