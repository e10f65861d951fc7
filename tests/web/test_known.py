"""Browsers that have signed in before: known to the account that they signed in to, and to no other."""

from base64 import urlsafe_b64encode

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from handstamp.core.keys import Purpose
from handstamp.core.policy import DAY
from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.known import LIFETIME, MOST, know_browser, known_browser
from web_world import World

NAME = "__Host-Http-browser"


def carrying(world: World, cookie: str | None) -> Request:
    """A request of a browser with this cookie."""
    headers = [] if cookie is None else [(b"cookie", f"{NAME}={cookie}".encode())]
    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    scope[SCOPE_KEY] = Caller(world.auth, scope)
    return Request(scope)


def given(world: World, user_id: str, cookie: str | None = None) -> str:
    """The cookie that a sign-in of a user gives to a browser with this one."""
    response = know_browser(carrying(world, cookie), Response(), world.auth, user_id)
    (header,) = response.headers.getlist("set-cookie")
    return header.partition(";")[0].partition("=")[2]


def known(world: World, cookie: str | None, user_id: str | None) -> str | None:
    """What a browser with this cookie is known by."""
    return known_browser(carrying(world, cookie), world.auth, user_id)


def test_a_browser_is_known_to_who_signed_in_with_it() -> None:
    """By an id that stays, however often they sign in; and to nobody else."""
    world = World()
    cookie = given(world, "a")
    own = known(world, cookie, "a")
    assert own is not None
    assert known(world, given(world, "a", cookie), "a") == own
    assert known(world, cookie, "b") is None
    assert known(world, cookie, None) is None
    assert known(world, None, "a") is None


def test_two_browsers_of_one_user_are_two() -> None:
    """Each has its own tries."""
    world = World()
    assert known(world, given(world, "a"), "a") != known(world, given(world, "a"), "a")


def test_a_browser_is_known_to_the_last_who_signed_in_with_it() -> None:
    """A few, so that the cookie stays small; the longest ago is forgotten."""
    world, cookie = World(), None
    for number in range(MOST + 1):
        cookie = given(world, str(number), cookie)
    assert [known(world, cookie, str(number)) is not None for number in range(MOST + 1)] == [False] + [True] * MOST
    assert cookie is not None
    assert len(cookie) < 250


def test_a_browser_is_forgotten_in_time() -> None:
    """Half a year after it signed in; the cookie itself says so, whatever the browser keeps."""
    world = World()
    cookie = given(world, "a")
    world.clock.now += LIFETIME - 1
    assert known(world, cookie, "a")
    world.clock.now += 2
    assert known(world, cookie, "a") is None


def test_the_cookie_is_for_the_server_alone() -> None:
    """No script reads it, and it goes over https."""
    response = know_browser(carrying(World(), None), Response(), World().auth, "a")
    header = response.headers["set-cookie"]
    assert header.endswith(f"; Path=/; SameSite=Lax; Secure; HttpOnly; Max-Age={int(180 * DAY)}")


@pytest.mark.parametrize("cookie", ["", "nonsense", urlsafe_b64encode(b"x" * 90).decode(), "a" * 5000])
def test_a_cookie_that_is_not_ours_makes_a_stranger(cookie: str) -> None:
    """It is no error: they may try as strangers do."""
    world = World()
    assert known(world, cookie, "a") is None
    assert known(world, given(world, "a", cookie), "a")


def test_what_was_sealed_for_another_use_makes_a_stranger() -> None:
    """One key for several purposes: a value sealed for one use is accepted for another (CVE-2026-110864)."""
    world = World()
    step = world.auth.sealer(Purpose.STEP).seal(b"x" * 40, context=b"known")
    assert known(world, step, "a") is None


def test_a_cookie_that_comes_twice_makes_a_stranger() -> None:
    """Nobody knows which one counts."""
    world = World()
    cookie = given(world, "a")
    assert known(world, f"{cookie}; {NAME}={given(world, 'a')}", "a") is None
