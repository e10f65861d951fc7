"""Starlette with one protected route, where people sign in with a password."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handstamp import Auth
from handstamp.integrations.starlette import current_user, install
from handstamp.login.password import Password


async def protected(request: Request) -> Response:
    """The answer, for those who are signed in."""
    await current_user(request)
    return JSONResponse({"doors": "open"})


auth = Auth(methods=[Password()])  # HANDSTAMP_DATABASE
app = Starlette(routes=[Route("/protected", protected)])
install(app, auth)
