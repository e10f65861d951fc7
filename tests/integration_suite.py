"""What every integration does, whatever its framework. A framework's own test file says how its routes are written.

Each of its applications has ``/me`` (current user), ``/feed`` (optional user), ``/analyst`` (``require`` of a role),
``/fresh`` (``require(fresh="15m")``), ``/vault`` (``require(aal=2)``), ``/strict`` (``require(strict=True)``),
``/loaded`` (the application's own object, twice), ``/sync`` (a plain function), ``/class`` (a method, where there are
such endpoints), ``/sub/me`` (in a mounted application), ``/teapot`` (an exception with a handler of its own), a
catch-all route, the WebSocket ``/ws``.
"""

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from handstamp.core.errors import ConfigurationError
from web_world import DELETE_FLAG, DELETE_SESSION, FOREIGN, ORIGIN, OWN, PAGE, World, cookie, set_cookies

QUARTER = 15 * 60.0


class Teapot(Exception):  # noqa: N818  named as in RFC 2324
    """An exception of the application."""


class IntegrationSuite:
    """Behaviours of an installed application."""

    def new_world(self) -> World:
        """The framework's application, installed into."""
        raise NotImplementedError

    @pytest.fixture
    async def world(self) -> AsyncGenerator[World, None]:
        """The application."""
        world = self.new_world()
        yield world
        await world.auth.close()

    @pytest.fixture
    async def visitor(self, world: World) -> AsyncGenerator[httpx2.AsyncClient, None]:
        """Somebody who asks it."""
        async with world.visitor() as client:
            yield client

    @pytest.mark.parametrize(
        "path", ["/me", "/analyst", "/fresh", "/vault", "/strict", "/loaded", "/sync", "/class", "/sub/me"]
    )
    async def test_a_guard_refuses_whoever_is_not_signed_in(self, visitor: httpx2.AsyncClient, path: str) -> None:
        """401 with a challenge; a bad cookie is taken back."""
        anonymous = await visitor.get(path)
        assert (anonymous.status_code, set_cookies(anonymous)) == (401, [])
        assert anonymous.headers["www-authenticate"].startswith("Cookie ")
        garbage = await visitor.get(path, headers=cookie("garbage"))
        assert (garbage.status_code, set_cookies(garbage)) == (401, [DELETE_SESSION, DELETE_FLAG])

    @pytest.mark.parametrize("path", ["/me", "/analyst", "/fresh", "/strict", "/sync", "/class", "/sub/me"])
    async def test_a_guard_lets_in_who_has_what_it_asks_for(
        self, world: World, visitor: httpx2.AsyncClient, path: str
    ) -> None:
        """Function or method, coroutine or not, mounted or not."""
        issued = await world.sign_in(await world.user("analyst"))
        assert (await visitor.get(path, headers=cookie(issued))).status_code == 200

    async def test_a_refusal_is_a_problem_or_a_page(self, visitor: httpx2.AsyncClient) -> None:
        """RFC 9457 for programs, HTML for people."""
        problem = await visitor.get("/me")
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json() == {"title": "Not signed in", "status": 401, "code": "unauthenticated"}
        page = await visitor.get("/me", headers=PAGE)
        assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")

    async def test_a_mounted_application_tells_the_code(self, visitor: httpx2.AsyncClient) -> None:
        """Its own handlers answer: with our status and the code."""
        response = await visitor.get("/sub/me", headers=cookie("garbage"))
        assert response.status_code == 401
        assert "invalid_token" in response.text

    async def test_the_current_user_is_the_store_s(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """With the roles as they are now."""
        user = await world.user()
        headers = cookie(await world.sign_in(user))
        assert (await visitor.get("/me", headers=headers)).json() == {"id": user.id, "roles": []}
        await (await world.services()).accounts.change_roles(user.id, add=frozenset({"writer"}), now=world.clock())
        assert (await visitor.get("/me", headers=headers)).json() == {"id": user.id, "roles": ["writer"]}

    async def test_the_optional_user_is_nobody_or_somebody(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """Anonymous callers see the route, too."""
        assert (await visitor.get("/feed")).json() == {"anonymous": True}
        assert (await visitor.get("/feed", headers=cookie("garbage"))).json() == {"anonymous": True}
        assert (await visitor.get("/feed", headers=cookie(await world.sign_in()))).json() == {"anonymous": False}

    async def test_a_role_is_required(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """403 ``forbidden``."""
        response = await visitor.get("/analyst", headers=cookie(await world.sign_in()))
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")

    async def test_two_factors_are_required(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """401 for programs, with where more can be shown; a person is led there."""
        user = await world.user()
        one, two = [cookie(await world.sign_in(user, aal=aal)) for aal in (1, 2)]
        assert (await visitor.get("/vault", headers=two)).status_code == 200
        refused = await visitor.get("/vault", headers=one)
        assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_required")
        assert (refused.json()["aal"], refused.json()["reauthenticate"]) == (2, "/auth/reauthenticate")
        led = await visitor.get("/vault", headers=one | PAGE)
        assert (led.status_code, led.headers["location"]) == (303, "/auth/reauthenticate?return_to=%2Fvault&aal=2")

    async def test_a_fresh_sign_in_is_required(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """By the application's clock."""
        headers = cookie(await world.sign_in())
        world.clock.now += QUARTER - 1
        assert (await visitor.get("/fresh", headers=headers)).status_code == 200
        world.clock.now += 1
        response = await visitor.get("/fresh", headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "fresh_session_required")

    async def test_strict_asks_the_store(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """The others are content with memory."""
        headers = cookie(await world.sign_in())
        await visitor.get("/me", headers=headers)
        world.store.asked.clear()
        assert (await visitor.get("/me", headers=headers)).status_code == 200
        assert world.loads == 0
        assert (await visitor.get("/strict", headers=headers)).status_code == 200
        assert world.loads == 1

    async def test_another_site_is_refused(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """403 ``cross_origin`` for an unsafe method with our cookie."""
        headers = cookie(await world.sign_in())
        assert (await visitor.post("/me", headers=headers | OWN)).status_code == 200
        response = await visitor.post("/me", headers=headers | FOREIGN)
        assert (response.status_code, response.json()["code"]) == (403, "cross_origin")

    async def test_an_outage_is_503(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """For guards and optional users; the cookie stays."""
        headers = cookie(await world.sign_in())
        world.down()
        for path in ("/me", "/feed", "/strict", "/sub/me"):
            response = await visitor.get(path, headers=headers)
            assert (response.status_code, set_cookies(response)) == (503, [])
            assert response.headers["retry-after"] == "1"

    async def test_the_successor_goes_out_with_the_response(self, world: World, visitor: httpx2.AsyncClient) -> None:
        """Whatever the framework does to responses."""
        headers = cookie(await world.sign_in())
        world.clock.now += QUARTER
        response = await visitor.get("/me", headers=headers)
        assert (response.status_code, len(set_cookies(response))) == (200, 2)
        assert response.headers.get_list("cache-control") == ["private, no-store"]

    @pytest.mark.parametrize("how", ["sync", "async"])
    async def test_the_application_s_own_object(self, world: World, visitor: httpx2.AsyncClient, how: str) -> None:
        """``load_user`` is called once a request, and only where it is asked for (B11)."""
        calls: list[Any] = []

        def load(user: Any) -> Any:
            calls.append(user)
            return {"name": user.name}

        async def load_slowly(user: Any) -> Any:
            return load(user)

        world.auth.load_user = load if how == "sync" else load_slowly
        headers = cookie(await world.sign_in())
        await visitor.get("/me", headers=headers)
        assert calls == []
        assert (await visitor.get("/loaded", headers=headers)).json() == [{"name": "Person 1"}] * 2
        assert len(calls) == 1

    async def test_a_handler_of_the_application_is_left_alone(self, visitor: httpx2.AsyncClient) -> None:
        """Ours is for our refusal only."""
        assert (await visitor.get("/teapot")).status_code == 418

    async def test_a_catch_all_route_does_not_swallow_ours(self, visitor: httpx2.AsyncClient) -> None:
        """``/auth`` comes first."""
        assert (await visitor.get("/auth/session")).json() == {"authenticated": False, "reason": None}
        assert (await visitor.get("/auth")).headers["location"] == "/auth/"
        assert (await visitor.get("/anything")).json() == {"caught": "anything"}

    def test_a_web_socket_has_the_same_guard(self) -> None:
        """Let in with our Origin; else denied with the same problem."""
        world = self.new_world()
        with world.handshaker() as client:
            assert client.portal is not None
            issued = client.portal.call(world.sign_in)
            with client.websocket_connect("/ws", headers=cookie(issued) | OWN) as socket:
                assert socket.receive_text() == issued.session.user_id
            for headers, status in (
                (OWN, 401),
                (cookie(issued), 403),
                (cookie(issued) | FOREIGN, 403),
                (cookie("garbage") | OWN, 401),
            ):
                with (
                    pytest.raises(WebSocketDenialResponse) as denied,
                    client.websocket_connect("/ws", headers=headers),
                ):
                    pytest.fail("it was let in")
                assert (denied.value.status_code, denied.value.json()["status"]) == (status, status)

    def test_a_client_without_lifespan_works(self) -> None:
        """The store opens with the first question; each request has an event loop of its own."""
        world = self.new_world()
        client = TestClient(world.app, base_url=ORIGIN)
        for _ in range(3):
            assert client.get("/me", headers=cookie("garbage")).json()["code"] == "invalid_token"
        assert world.store.asked["open"] == 1

    def test_installing_after_the_start_raises(self) -> None:
        """A guard that is put in too late would guard nothing."""
        world = self.new_world()
        with world.handshaker(), pytest.raises(RuntimeError, match="started"):
            self.install_again(world)

    def install_again(self, world: World) -> None:
        """Call the integration's ``install`` once more."""
        raise NotImplementedError

    def require(self, **what: Any) -> Any:
        """The integration's ``require``."""
        raise NotImplementedError

    @pytest.mark.parametrize("fresh", ["15m", "1.5h", 900, 0.5, None])
    def test_an_age_is_written_as_people_do(self, fresh: Any) -> None:
        """Or as seconds."""
        assert self.require(fresh=fresh) is not None

    @pytest.mark.parametrize("aal", [0, 3, "2", True])
    def test_a_level_that_is_none_is_refused_where_it_is_written(self, aal: Any) -> None:
        """1 or 2 (NIST SP 800-63B)."""
        with pytest.raises(ConfigurationError, match="aal"):
            self.require(aal=aal)

    @pytest.mark.parametrize("fresh", ["soon", "-1m", -1, "15 min"])
    def test_an_age_that_is_none_is_refused_where_it_is_written(self, fresh: Any) -> None:
        """At import, not at the first request."""
        with pytest.raises(ConfigurationError, match="is no duration"):
            self.require(fresh=fresh)
