"""All sessions of whoever asks."""

import httpx2
import pytest

from handstamp.core.models import EndReason
from handstamp.services.sessions import Issued
from web_world import DELETE_FLAG, DELETE_SESSION, FOREIGN, FORM, OWN, PAGE, World, cookie, set_cookies

GONE = [DELETE_SESSION, DELETE_FLAG]


@pytest.fixture
async def devices(world: World) -> tuple[Issued, Issued, Issued]:
    """Two devices of one user, used one after the other, and one of somebody else."""
    user = await world.user()
    first = await world.sign_in(user, user_agent="Firefox", address="198.51.100.1")
    world.clock.now += 60
    return first, await world.sign_in(user, user_agent="Safari"), await world.sign_in()


async def test_the_list_holds_one_s_own_live_sessions(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """Last used first, with the device and address; never a token, never another user's (SES-07, SES-12)."""
    first, second, _ = devices
    response = await visitor.get("/auth/sessions", headers=cookie(second))
    listed = response.json()["sessions"]
    assert [(one["id"], one["current"], one["user_agent"], one["address"]) for one in listed] == [
        (second.session.id, True, "Safari", None),
        (first.session.id, False, "Firefox", "198.51.100.1"),
    ]
    assert set(listed[0]) == {
        *("id", "created_at", "expires_at", "amr", "aal"),
        *("last_used_at", "user_agent", "address", "current"),
    }
    assert "eyJ" not in response.text
    await world.end(first)
    assert len((await visitor.get("/auth/sessions", headers=cookie(second))).json()["sessions"]) == 1


async def test_the_page_lists_the_same(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """With a form for each, which needs no JavaScript."""
    first, second, other = devices
    html = (await visitor.get("/auth/sessions", headers=cookie(second) | PAGE)).text
    assert f"/auth/sessions/{first.session.id}/end" in html
    assert "/auth/sessions/end-others" in html
    assert other.session.id not in html
    assert "eyJ" not in html


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/sessions"),
        ("DELETE", "/auth/sessions"),
        ("DELETE", "/auth/sessions/some-id"),
        ("POST", "/auth/sessions/some-id/end"),
        ("POST", "/auth/sessions/end-others"),
    ],
)
async def test_nobody_sees_or_ends_sessions_unless_signed_in(
    visitor: httpx2.AsyncClient, method: str, path: str
) -> None:
    """401, as a problem and as a page."""
    for headers in (OWN, OWN | PAGE, OWN | cookie("garbage")):
        assert (await visitor.request(method, path, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/auth/sessions"),
        ("DELETE", "/auth/sessions?keep=current"),
        ("DELETE", "/auth/sessions/{id}"),
        ("POST", "/auth/sessions/{id}/end"),
        ("POST", "/auth/sessions/end-others"),
    ],
)
async def test_another_site_ends_nothing(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued], method: str, path: str
) -> None:
    """403 ``cross_origin`` (CSR-01)."""
    first, second, _ = devices
    address = path.format(id=first.session.id)
    response = await visitor.request(method, address, headers=cookie(second) | FOREIGN)
    assert (response.status_code, response.json()["code"]) == (403, "cross_origin")
    assert [(await world.row(one)).ended_at for one in devices] == [None, None, None]


async def test_another_device_is_put_out(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """204; it is told ``ended_elsewhere`` at its next request, and the one that asked goes on (SES-07)."""
    first, second, _ = devices
    assert (await visitor.get("/me", headers=cookie(first))).status_code == 200
    response = await visitor.delete(f"/auth/sessions/{first.session.id}", headers=cookie(second) | OWN)
    assert (response.status_code, set_cookies(response)) == (204, [])
    assert (await visitor.get("/me", headers=cookie(first))).json()["reason"] == "ended_elsewhere"
    assert (await visitor.get("/me", headers=cookie(second))).status_code == 200


async def test_ending_one_s_own_is_signing_out(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """The cookies go with it."""
    first, _, _ = devices
    response = await visitor.delete(f"/auth/sessions/{first.session.id}", headers=cookie(first) | OWN)
    assert (response.status_code, set_cookies(response)) == (204, GONE)
    assert (await world.row(first)).end_reason is EndReason.SIGNED_OUT


async def test_another_user_s_session_looks_like_a_missing_one(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """The same 404, byte for byte, in both forms; it lives on (SES-10)."""
    first, _, other = devices
    await world.end(devices[1])
    names = [other.session.id, "no-such-session", devices[1].session.id, "%00", "a" * 5000, "..%2f"]
    for method, tail, headers in (("DELETE", "", OWN), ("POST", "/end", OWN | FORM), ("POST", "/end", OWN | PAGE)):
        answers = {
            (response.status_code, response.content, tuple(set_cookies(response)))
            for name in names[:4]
            for response in [
                await visitor.request(method, f"/auth/sessions/{name}{tail}", headers=cookie(first) | headers)
            ]
        }
        assert len(answers) == 1
        assert answers.pop()[0] == 404
    for name in names[4:]:
        assert (await visitor.delete(f"/auth/sessions/{name}", headers=cookie(first) | OWN)).status_code == 404
    assert (await world.row(other)).ended_at is None


async def test_all_others_are_put_out(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """``keep=current``: the one that asks goes on, and so does everybody else's."""
    first, second, other = devices
    response = await visitor.delete("/auth/sessions?keep=current", headers=cookie(second) | OWN)
    assert (response.status_code, set_cookies(response)) == (204, [])
    reasons = [(await world.row(one)).end_reason for one in (first, second, other)]
    assert reasons == [EndReason.ENDED_ELSEWHERE, None, None]


async def test_all_are_put_out(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """The one that asks, too: its cookies go."""
    first, second, other = devices
    response = await visitor.delete("/auth/sessions", headers=cookie(second) | OWN)
    assert (response.status_code, set_cookies(response)) == (204, GONE)
    reasons = [(await world.row(one)).end_reason for one in (first, second, other)]
    assert reasons == [EndReason.SIGNED_OUT, EndReason.SIGNED_OUT, None]


async def test_any_other_wish_is_refused(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """A mistyped ``keep`` must not end everything."""
    response = await visitor.delete("/auth/sessions?keep=this", headers=cookie(devices[0]) | OWN)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert response.json()["detail"] == "keep is 'current' or left out"
    assert (await world.row(devices[1])).ended_at is None


async def test_forms_do_the_same_and_lead_back(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """303 to the list, or to the farewell after one's own (SES-07)."""
    first, second, _ = devices
    headers = cookie(second) | OWN | FORM
    one = await visitor.post(f"/auth/sessions/{first.session.id}/end", headers=headers)
    assert (one.status_code, one.headers["location"], set_cookies(one)) == (303, "/auth/sessions", [])
    third = await world.sign_in(await (await world.services()).accounts.get(first.session.user_id))
    others = await visitor.post("/auth/sessions/end-others", headers=headers)
    assert (others.status_code, others.headers["location"], set_cookies(others)) == (303, "/auth/sessions", [])
    own = await visitor.post(f"/auth/sessions/{second.session.id}/end", headers=headers)
    assert (own.status_code, own.headers["location"], set_cookies(own)) == (303, "/auth/signed-out", GONE)
    reasons = [(await world.row(each)).end_reason for each in (first, third, second)]
    assert reasons == [EndReason.ENDED_ELSEWHERE, EndReason.ENDED_ELSEWHERE, EndReason.SIGNED_OUT]


async def test_in_an_outage_nothing_is_said_to_be_ended(
    world: World, visitor: httpx2.AsyncClient, devices: tuple[Issued, Issued, Issued]
) -> None:
    """503, also where the caller is known from memory."""
    first, second, _ = devices
    await visitor.get("/me", headers=cookie(second))
    world.down()
    headers = cookie(second) | OWN
    for path in ("/auth/sessions", "/auth/sessions?keep=current", f"/auth/sessions/{first.session.id}"):
        response = await visitor.delete(path, headers=headers)
        assert (response.status_code, set_cookies(response)) == (503, [])
    assert (await visitor.get("/auth/sessions", headers=headers)).status_code == 503
