"""Our own routes as one application: what all of them share."""

import httpx2
import pytest

from handstamp.web.respond import page_headers
from web_world import NOW, OWN, PAGE, SESSION, World, cookie, status_of, visiting

PAGES = ["/auth/login", "/auth/logout", "/auth/signed-out", "/auth/account", "/auth/sessions"]
LOOPBACK = "http://127.0.0.1:8000"


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_the_security_headers(world: World, visitor: httpx2.AsyncClient, path: str) -> None:
    """The policy, no-store, no frame, no sniffing (CSR-09, COO-07)."""
    response = await visitor.get(path, headers=cookie(await world.sign_in()) | PAGE)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    expected = {name.lower(): value for name, value in page_headers(world.auth.place).items()}
    assert dict(response.headers).items() >= expected.items()


@pytest.mark.parametrize(
    "path", [*PAGES, "/auth/session", "/auth/nothing", "/auth/healthz", "/auth/readyz", "/auth/"]
)
async def test_no_answer_of_ours_may_be_kept(world: World, visitor: httpx2.AsyncClient, path: str) -> None:
    """Signed in or not (COO-07)."""
    signed_in = cookie(await world.sign_in())
    for headers in ({}, PAGE, signed_in, signed_in | PAGE, cookie("garbage")):
        response = await visitor.get(path, headers=headers)
        assert response.headers.get_list("cache-control") == ["private, no-store"]
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/auth/handstamp.css", "text/css; charset=utf-8"), ("/auth/icon.svg", "image/svg+xml")],
)
async def test_what_is_the_same_for_everybody_may_be_kept(
    visitor: httpx2.AsyncClient, path: str, media_type: str
) -> None:
    """It asks nobody who they are."""
    response = await visitor.get(path, headers=cookie("garbage"))
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in response.headers


async def test_what_is_not_there_is_a_problem_or_a_page(visitor: httpx2.AsyncClient) -> None:
    """404 ``not_found`` (RFC 9457), or a page with a way back."""
    problem = await visitor.get("/auth/nothing")
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.status_code, problem.json()) == (404, {"title": "Not found", "status": 404, "code": "not_found"})
    page = await visitor.get("/auth/nothing", headers=PAGE)
    assert (page.status_code, "not_found" in page.text, 'href="/auth/login"' in page.text) == (404, True, True)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/auth/session", {"GET", "HEAD"}),
        ("POST", "/auth/login", {"GET", "HEAD"}),
        ("GET", "/auth/sessions/some-id/end", {"POST"}),
        ("PATCH", "/auth/sessions/some-id", {"DELETE"}),
    ],
)
async def test_a_wrong_method_is_told_which_are_right(
    world: World, visitor: httpx2.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    """405 with Allow (RFC 9110 §15.5.6); the problem says the status that the response has (RFC 9457 §3.1.2)."""
    response = await visitor.request(method, path, headers=cookie(await world.sign_in()) | OWN)
    assert (response.status_code, response.json()["status"]) == (405, 405)
    assert response.json()["code"] == "invalid_request"
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/auth", "/auth/session/", "/auth/login/", "/auth/sessions/"])
async def test_no_redirect_is_built_from_host(visitor: httpx2.AsyncClient, path: str) -> None:
    """A slash too many or too few leads nowhere that the client named."""
    for headers in ({"host": "evil.example"}, {"host": "evil.example"} | PAGE):
        response = await visitor.get(path, headers=headers)
        assert "evil.example" not in str(response.headers) + response.text
        assert response.status_code in {303, 404}


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_repeats_the_host_header(world: World, visitor: httpx2.AsyncClient, path: str) -> None:
    """Addresses are paths, or built from the configured origin."""
    headers = cookie(await world.sign_in()) | PAGE | {"host": "evil.example", "x-forwarded-host": "evil.example"}
    response = await visitor.get(path, headers=headers)
    assert "evil.example" not in str(response.headers) + response.text


async def test_the_mount_without_its_slash_leads_to_the_index(visitor: httpx2.AsyncClient) -> None:
    """/auth is ours, too."""
    response = await visitor.get("/auth")
    assert (response.status_code, response.headers["location"]) == (303, "/auth/")


async def test_health_needs_no_store_and_readiness_does(world: World, visitor: httpx2.AsyncClient) -> None:
    """An outage does not restart the process; it takes it out of the balancer."""
    assert (await visitor.get("/auth/readyz")).text == "ready\n"
    world.down()
    assert (await visitor.get("/auth/healthz")).text == "ok\n"
    response = await visitor.get("/auth/readyz")
    assert (response.status_code, response.json()["code"], response.headers["retry-after"]) == (
        503,
        "store_unavailable",
        "1",
    )


@pytest.mark.parametrize("path", ["/auth/login?return_to=%2Fhome%3Fa%3D1", "/auth/login/ada%20b", "/auth/"])
async def test_a_browser_at_another_name_of_the_loopback_host_is_sent_over(path: str) -> None:
    """Cookies belong to a name: the page is asked for again where the sign-in can be finished."""
    async with visiting(World(origin=LOOPBACK)) as visitor:
        response = await visitor.get(path, headers=PAGE | {"host": "localhost:8000"})
    assert (response.status_code, response.headers["location"]) == (307, f"{LOOPBACK}{path}")


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        ("GET", {"host": "localhost:8000"}, "a program, which keeps no cookies by name"),
        ("GET", PAGE | {"host": "127.0.0.1:8000"}, "already there"),
        ("GET", PAGE | {"host": "localhost:9000"}, "another port is another server"),
        ("GET", PAGE | {"host": "localhost"}, "another port is another server"),
        ("GET", PAGE | {"host": "localhost:port"}, "no port"),
        ("GET", PAGE | {"host": "["}, "no host"),
        ("GET", PAGE | {"host": "localhost:99999"}, "no port"),
        ("GET", PAGE | {"host": "evil.example:8000"}, "not loopback"),
        ("GET", PAGE | {"host": "localhost.evil.example:8000"}, "not loopback"),
        ("GET", PAGE | {"host": ""}, "no host"),
        ("HEAD", PAGE | {"host": "localhost:8000"}, "not a page asked for"),
    ],
)
async def test_anything_else_on_loopback_stays_where_it_is(method: str, headers: dict[str, str], why: str) -> None:
    """Only a page, only by GET, only on the same port, only between names of loopback."""
    async with visiting(World(origin=LOOPBACK)) as visitor:
        response = await visitor.request(method, "/auth/login", headers=headers)
    assert response.status_code == 200, why


async def test_off_loopback_no_name_is_sent_anywhere(visitor: httpx2.AsyncClient) -> None:
    """Whoever reaches a public server by the name localhost is a proxy or a probe."""
    response = await visitor.get("/auth/login", headers=PAGE | {"host": "localhost"})
    assert response.status_code == 200


async def test_no_answer_of_ours_holds_a_token(world: World, visitor: httpx2.AsyncClient) -> None:
    """No body and no header but Set-Cookie (SES-12)."""
    issued = await world.sign_in()
    await world.sign_in(await (await world.services()).accounts.get(issued.session.user_id))
    world.clock.now = NOW + 16 * 60
    for path in (*PAGES, "/auth/session", "/auth/nothing"):
        for accept in ({}, PAGE):
            response = await visitor.get(path, headers=cookie(issued) | accept)
            shown = [value for name, value in response.headers.multi_items() if name != "set-cookie"]
            assert "eyJ" not in response.text + " ".join(shown)


@pytest.mark.parametrize("path", ["/auth/login", "/auth/session", "/auth/"])
async def test_a_query_of_raw_octets_is_no_fault_of_ours(world: World, path: str) -> None:
    """Servers pass them on as they came."""
    assert await status_of(world.app, path, b"return_to=\xff\xfe") < 400


async def test_without_a_prefix_everything_has_the_shorter_names() -> None:
    """Also the challenge."""
    async with visiting(World(origin=LOOPBACK, cookie_prefix="")) as visitor:
        response = await visitor.get("/me", headers={"cookie": "session=garbage"})
    assert response.headers["www-authenticate"] == 'Cookie cookie-name="session"'
    assert response.headers["set-cookie"].startswith("session=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0")
    assert SESSION not in str(response.headers)
