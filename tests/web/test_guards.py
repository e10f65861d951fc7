"""Guards: what a route may ask of its caller."""

from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import WebSocketDenialResponse

from handstamp.core.errors import ConfigurationError, Forbidden, FreshSessionRequired, SecondFactorRequired
from handstamp.core.models import Principal
from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.guards import Requirement, loaded_user_of, principal_of
from web_world import FOREIGN, OWN, PAGE, SESSION, World, cookie, me, set_cookies, starlette_application, ws

QUARTER = 15 * 60.0


async def test_a_role_comes_from_the_store(world: World, visitor: httpx2.AsyncClient) -> None:
    """403 ``forbidden`` without it; given or taken it counts at the next request (A7)."""
    user = await world.user()
    headers = cookie(await world.sign_in(user))
    accounts = (await world.services()).accounts
    refused = await visitor.get("/analyst", headers=headers)
    assert (refused.status_code, refused.json()["code"], set_cookies(refused)) == (403, "forbidden", [])
    await accounts.change_roles(user.id, add=frozenset({"analyst"}), now=world.clock())
    assert (await visitor.get("/analyst", headers=headers)).status_code == 200
    await accounts.change_roles(user.id, remove=frozenset({"analyst"}), now=world.clock())
    assert (await visitor.get("/analyst", headers=headers)).status_code == 403


async def test_a_sign_in_may_have_to_be_fresh(world: World, visitor: httpx2.AsyncClient) -> None:
    """401 ``fresh_session_required`` from fifteen minutes on, with the age that is asked for; nothing is deleted."""
    headers = cookie(await world.sign_in())
    world.clock.now += QUARTER - 1
    assert (await visitor.get("/fresh", headers=headers)).status_code == 200
    world.clock.now += 1
    refused = await visitor.get("/fresh", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "fresh_session_required")
    assert refused.json()["max_age"] == QUARTER
    assert f"{SESSION}=;" not in str(set_cookies(refused))


async def test_a_refusal_by_role_still_carries_the_successor(world: World, visitor: httpx2.AsyncClient) -> None:
    """Who was let in and refused something is signed in all the same."""
    headers = cookie(await world.sign_in())
    world.clock.now += QUARTER
    refused = await visitor.get("/analyst", headers=headers)
    assert (refused.status_code, len(set_cookies(refused))) == (403, 2)


async def test_a_browser_gets_a_page(world: World, visitor: httpx2.AsyncClient) -> None:
    """For the same refusal, with the same status."""
    refused = await visitor.get("/me", headers=PAGE)
    assert (refused.status_code, refused.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert 'href="/auth/login"' in refused.text


@pytest.mark.parametrize(("fresh", "seconds"), [("15m", 900.0), ("1h", 3600.0), (90, 90.0), (None, None)])
def test_an_age_is_a_duration(fresh: Any, seconds: float | None) -> None:
    """As people write them, or seconds."""
    assert Requirement.of(role=None, fresh=fresh, strict=False).max_age == seconds


@pytest.mark.parametrize("fresh", ["soon", "15 minutes", -1, True])
def test_an_age_that_is_none_stops_the_start(fresh: Any) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigurationError, match=r"fresh: .* is no duration: write 30s, 15m, 12h or 7d"):
        Requirement.of(role=None, fresh=fresh, strict=False)


async def test_a_requirement_is_checked_in_order(world: World) -> None:
    """The role first: signing in again would not help."""
    issued = await world.sign_in()
    principal = Principal(
        user=await (await world.services()).accounts.get(issued.session.user_id), session=issued.session
    )
    requirement = Requirement(role="admin", max_age=1.0, aal=2)
    with pytest.raises(Forbidden):
        requirement.check(principal, world.clock() + 10)
    with pytest.raises(SecondFactorRequired):
        Requirement(max_age=1.0, aal=2).check(principal, world.clock() + 10)
    with pytest.raises(FreshSessionRequired):
        Requirement(max_age=1.0).check(principal, world.clock() + 10)
    Requirement(max_age=1.0).check(principal, world.clock())


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_the_application_s_own_object_is_loaded_once_and_only_when_asked_for(
    world: World, visitor: httpx2.AsyncClient, how: str
) -> None:
    """``load_user`` may be either kind of function (B11)."""
    calls: list[str] = []

    def load(user: Any) -> Any:
        calls.append(user.id)
        return {"member": user.name}

    async def load_slowly(user: Any) -> Any:
        return load(user)

    world.auth.load_user = load if how == "sync" else load_slowly
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    assert calls == []
    response = await visitor.get("/loaded", headers=cookie(issued))
    assert response.json() == {"loaded": {"member": "Person 1"}, "same": True}
    assert calls == [issued.session.user_id]


async def test_an_object_of_none_counts_as_loaded(world: World) -> None:
    """None is an answer, not a reason to ask again."""
    calls: list[str] = []
    world.auth.load_user = lambda user: calls.append(user.id)
    caller = _request(world, cookie(await world.sign_in()))
    assert await loaded_user_of(caller) is None
    assert await loaded_user_of(caller) is None
    assert len(calls) == 1


async def test_nobody_is_loaded_for_nobody(world: World, visitor: httpx2.AsyncClient) -> None:
    """The refusal comes first."""
    world.auth.load_user = lambda _: pytest.fail("nobody is there")
    assert (await visitor.get("/loaded")).status_code == 401


async def test_without_load_user_there_is_nothing_to_load(world: World) -> None:
    """The message says what to do."""
    with pytest.raises(ConfigurationError, match="give Auth a load_user"):
        await loaded_user_of(_request(world, cookie(await world.sign_in())))


async def test_a_guard_without_installation_says_what_is_missing() -> None:
    """Not a KeyError."""
    with pytest.raises(ConfigurationError, match=r"call install\(app, auth\) first"):
        await principal_of(Request({"type": "http", "method": "GET", "headers": []}))


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        (OWN, 401, "unauthenticated"),
        (OWN | cookie("garbage"), 401, "invalid_token"),
        (FOREIGN | cookie("garbage"), 403, "cross_origin"),
        (cookie("garbage"), 403, "cross_origin"),
        ({"sec-fetch-site": "cross-site"} | cookie("garbage"), 403, "cross_origin"),
    ],
)
def test_a_refused_handshake_is_a_denial_response(headers: dict[str, str], status: int, code: str) -> None:
    """With the status and the problem, where the server knows how; no Origin with our cookie is refused, too."""
    with World().handshaker() as client:
        with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/ws", headers=headers):
            pytest.fail("it was let in")
        assert refused.value.status_code == status
        assert refused.value.json()["code"] == code
        assert "set-cookie" not in refused.value.headers


def test_a_handshake_of_another_site_is_refused_with_a_good_cookie() -> None:
    """Cross-site WebSocket hijacking."""
    world = World()
    with world.handshaker() as client:
        assert client.portal is not None
        issued = client.portal.call(world.sign_in)
        for headers in (FOREIGN, {}, {"origin": "null"}):
            with (
                pytest.raises(WebSocketDenialResponse) as refused,
                client.websocket_connect("/ws", headers=cookie(issued) | headers),
            ):
                pytest.fail("it was let in")
            assert refused.value.status_code == 403


async def test_a_server_without_denial_responses_closes(world: World) -> None:
    """Before accept: the client sees a bare 403."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b"", "subprotocols": []}
    await world.app(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4401, "reason": "unauthenticated"}]


def test_a_mounted_application_answers_with_the_right_status() -> None:
    """It has handlers of its own and does not know ours: the status, the headers and the code still arrive."""

    def build() -> Starlette:
        app = starlette_application()
        app.router.routes.append(Mount("/sub", app=Starlette(routes=[Route("/me", me), WebSocketRoute("/ws", ws)])))
        return app

    with World(build).handshaker() as client:
        response = client.get("/sub/me", headers=cookie("garbage"))
        assert (response.status_code, response.text) == (401, "invalid_token")
        assert response.headers["www-authenticate"] == f'Cookie cookie-name="{SESSION}"'
        assert f"{SESSION}=;" in response.headers["set-cookie"]


def _request(world: World, headers: dict[str, str]) -> Request:
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": lines}
    scope[SCOPE_KEY] = Caller(world.auth, scope)
    return Request(scope)
