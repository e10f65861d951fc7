"""Starlette: the same answer without handstamp, with it installed, and for those who are signed in."""

from typing import Final

from bench.applications.switch import Switch
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handstamp import Auth
from handstamp.integrations.starlette import current_user, install

ANSWER: Final = {"doors": "open"}


async def plain(_: Request) -> Response:
    """The answer, for everybody."""
    return JSONResponse(ANSWER)


async def protected(request: Request) -> Response:
    """The answer, for those who are signed in."""
    await current_user(request)
    return JSONResponse(ANSWER)


bare_app = Starlette(routes=[Route("/bare", plain)])
plain_app = Starlette(routes=[Route("/plain", plain)])
protected_app = Starlette(routes=[Route("/protected", protected)])

auth = Auth()  # HANDSTAMP_DATABASE
install(plain_app, auth)
install(protected_app, auth)

app = Switch({"/bare": bare_app, "/plain": plain_app, "/protected": protected_app})
