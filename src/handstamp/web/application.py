"""Our own routes as one ASGI application, mounted at ``/auth``."""

from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from handstamp.core.errors import HandstampError, InvalidRequest, NotFound
from handstamp.core.origins import is_loopback_host
from handstamp.web.caller import NO_STORE
from handstamp.web.endpoints.account import AccountEndpoints
from handstamp.web.endpoints.activity import ActivityEndpoints
from handstamp.web.endpoints.development import DevelopmentEndpoints
from handstamp.web.endpoints.email import EmailEndpoints
from handstamp.web.endpoints.identities import IdentitiesEndpoints
from handstamp.web.endpoints.reauthentication import ReauthenticationEndpoints
from handstamp.web.endpoints.security import SecurityEndpoints
from handstamp.web.endpoints.session import SessionEndpoints
from handstamp.web.endpoints.sessions import SessionsEndpoints
from handstamp.web.errors import error_response
from handstamp.web.host import Host


def application(host: Host) -> ASGIApp:
    """The routes of design: session, sessions, pages, and those of each way in."""

    async def answer_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HandstampError)
        return error_response(request, error, host.place)

    async def answer_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        ours = NotFound("nothing here") if error.status_code == 404 else InvalidRequest(error.detail)  # noqa: PLR2004  routing's only others are 405s
        response = error_response(request, ours, host.place, status=error.status_code)
        response.headers.update(error.headers or {})  # a 405 says what is allowed, RFC 9110 §15.5.6
        return response

    async def healthz(_: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok\n", headers={"Cache-Control": NO_STORE})

    async def readyz(_: Request) -> Response:
        """The stores of users and of sessions can be asked; 503 ``store_unavailable`` otherwise."""
        services = host.services or await host.open()
        await services.accounts.list(limit=1)
        await services.sessions.list("nobody", now=host.clock())
        return PlainTextResponse("ready\n", headers={"Cache-Control": NO_STORE})

    app = Starlette(
        routes=[
            *AccountEndpoints(host).routes(),
            *ActivityEndpoints(host).routes(),
            *SecurityEndpoints(host).routes(),
            *ReauthenticationEndpoints(host).routes(),
            *EmailEndpoints(host).routes(),
            *DevelopmentEndpoints(host).routes(),
            *SessionEndpoints(host).routes(),
            *SessionsEndpoints(host).routes(),
            *IdentitiesEndpoints(host).routes(),
            *(route for method in host.methods for route in method.routes(host)),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ],
        exception_handlers={HandstampError: answer_error, HTTPException: answer_http_error},
    )
    app.router.redirect_slashes = False  # the redirect would be built from Host
    return LoopbackSpelling(app, host)


class LoopbackSpelling:
    """Sends a browser that came by another name of the loopback host to the configured one.

    Cookies belong to a name: a sign-in begun at ``localhost`` could not be finished at ``127.0.0.1``. Only where the
    origin is on loopback, only for pages asked for by GET, and only on the same port.
    """

    def __init__(self, app: ASGIApp, host: Host) -> None:
        self._app = app
        self._origin = urlsplit(host.place.origins.origin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        target = self._elsewhere(scope) if scope["type"] == "http" else None
        if target is None:
            await self._app(scope, receive, send)
        else:
            response = RedirectResponse(target, 307, {"Cache-Control": NO_STORE})
            await response(scope, receive, send)

    def _elsewhere(self, scope: Scope) -> str | None:
        if scope["method"] != "GET" or not is_loopback_host(self._origin.hostname or ""):
            return None
        headers = Headers(scope=scope)
        if "text/html" not in headers.get("accept", ""):
            return None
        try:
            asked = urlsplit(f"//{headers.get('host', '')}")
            same_port = asked.port == self._origin.port
        except ValueError:
            return None
        if asked.hostname == self._origin.hostname or not same_port or not is_loopback_host(asked.hostname or ""):
            return None
        query = scope["query_string"].decode("latin-1")
        return f"{self._origin.scheme}://{self._origin.netloc}{quote(scope['path'])}{query and f'?{query}'}"
