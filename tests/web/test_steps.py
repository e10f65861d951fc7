"""Steps: what a browser keeps between two requests."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.errors import LoginFailed, StoreUnavailable
from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.steps import drop_step, keep_step, kept_step, use_step
from web_world import NOW, World

NAME = "__Host-Http-flow-step-code"


def request_with(world: World, *cookies: str) -> Request:
    """A request that carries these cookies."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "headers": [(b"cookie", one.encode()) for one in cookies],
    }
    scope[SCOPE_KEY] = Caller(world.auth, scope)
    return Request(scope)


def kept_by(world: World, name: str = "code") -> str:
    """The cookie of a step that was begun now."""
    response = Response()
    keep_step(response, world.auth, name, {"digest": "abc"}, lifetime=600.0)
    return response.headers["set-cookie"].partition(";")[0]


async def test_a_step_is_sealed_and_bound_to_the_browser(world: World) -> None:
    """Nobody reads what is in it; the cookie has the flags of all of ours."""
    response = Response()
    begun = keep_step(response, world.auth, "code", {"digest": "abc"}, lifetime=600.0)
    line = response.headers["set-cookie"]
    assert line.startswith(f"{NAME}=")
    assert line.endswith("; Path=/; SameSite=Lax; Secure; HttpOnly; Max-Age=600")
    assert "abc" not in line
    assert kept_step(request_with(world, line.partition(";")[0]), world.auth, "code") == begun
    assert (begun.values, begun.expires_at) == ({"digest": "abc"}, NOW + 600)


def renamed(cookie: str) -> str:
    """The same value as the cookie of another step."""
    return cookie.replace("step-code=", "step-other=")


@pytest.mark.parametrize(
    ("present", "asked"),
    [
        (lambda _: (), "code"),
        (lambda cookie: (cookie,), "other"),
        (lambda cookie: (renamed(cookie),), "other"),
        (lambda cookie: (cookie, cookie), "code"),
        (lambda cookie: (cookie[:-2],), "code"),
        (lambda _: (f"{NAME}=abc",), "code"),
        (lambda _: (f"{NAME}=",), "code"),
    ],
    ids=["none", "another", "renamed", "twice", "changed", "made up", "empty"],
)
async def test_any_other_step_is_unknown(world: World, present: Callable[[str], tuple[str, ...]], asked: str) -> None:
    """Another browser's, another step's, or one that was changed."""
    request = request_with(world, *present(kept_by(world)))
    with pytest.raises(LoginFailed) as refused:
        kept_step(request, world.auth, asked)
    assert refused.value.reason == "flow_unknown"


async def test_a_step_ends_when_it_says(world: World) -> None:
    """However long the browser keeps the cookie."""
    cookie = kept_by(world)
    world.clock.now += 599.9
    kept_step(request_with(world, cookie), world.auth, "code")
    world.clock.now += 0.1
    with pytest.raises(LoginFailed, match="not finished in time"):
        kept_step(request_with(world, cookie), world.auth, "code")


async def test_a_step_is_finished_once(world: World) -> None:
    """In all processes; where nobody knows, it is not finished."""
    step = keep_step(Response(), world.auth, "code", {}, lifetime=600.0)
    await world.services()
    world.down()
    with pytest.raises(StoreUnavailable):
        await use_step(step, world.auth)
    world.store.down = set()
    await use_step(step, world.auth)
    with pytest.raises(LoginFailed, match="finished before"):
        await use_step(step, world.auth)


async def test_a_dropped_step_leaves_the_browser(world: World) -> None:
    """By a cookie of the same name."""
    line = drop_step(Response(), world.auth, "code").headers["set-cookie"]
    assert line.startswith(f"{NAME}=; Path=/")
    assert "Max-Age=0" in line
