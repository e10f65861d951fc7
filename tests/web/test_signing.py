"""The cookies that go with signing in and out."""

from starlette.responses import Response

from handstamp.web.signing import signed_in, signed_out
from web_world import DELETE_FLAG, DELETE_SESSION, SESSION, World


async def test_signing_in_sets_both_cookies(world: World) -> None:
    """The session for the server alone, the flag for scripts, until the browser closes (COO-01)."""
    issued = await world.sign_in()
    response = signed_in(world.auth, Response(), issued)
    assert response.headers.getlist("set-cookie") == [
        f"{SESSION}={issued.token}; Path=/; SameSite=Lax; Secure; HttpOnly",
        "signed_in=1; Path=/; SameSite=Lax; Secure",
    ]


async def test_a_remembered_session_outlives_the_browser(world: World) -> None:
    """Both cookies last as long as the session may at most."""
    issued = await world.sign_in(persistent=True)
    response = signed_in(world.auth, Response(), issued)
    assert [line.rpartition("; ")[2] for line in response.headers.getlist("set-cookie")] == ["Max-Age=2592000"] * 2


async def test_a_session_past_its_end_gets_no_negative_age(world: World) -> None:
    """Between the check and the response it may run out: the cookie is dropped at once."""
    issued = await world.sign_in(persistent=True)
    world.clock.now = issued.session.expires_at + 5
    response = signed_in(world.auth, Response(), issued)
    assert all(line.endswith("Max-Age=0") for line in response.headers.getlist("set-cookie"))


async def test_without_a_prefix_there_is_no_secure() -> None:
    """Loopback only, for clients that drop Secure cookies over plain http."""
    world = World(origin="http://127.0.0.1:8000", cookie_prefix="")
    issued = await world.sign_in()
    response = signed_in(world.auth, Response(), issued)
    assert response.headers.getlist("set-cookie") == [
        f"session={issued.token}; Path=/; SameSite=Lax; HttpOnly",
        "signed_in=1; Path=/; SameSite=Lax",
    ]


def test_signing_out_takes_back_cookies_and_what_was_cached() -> None:
    """The same names, paths and flags; "cookies" would wipe those of sibling subdomains (COO-06)."""
    response = signed_out(World().auth, Response())
    assert response.headers.getlist("set-cookie") == [DELETE_SESSION, DELETE_FLAG]
    assert response.headers["clear-site-data"] == '"cache"'
