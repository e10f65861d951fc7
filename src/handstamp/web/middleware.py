"""The middleware: puts a ``Caller`` into each request's scope. Pure ASGI."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.host import Host


class SessionMiddleware:
    """Makes ``scope["handstamp"]`` known to everything inside. Costs one object a request until somebody asks.

    ``__call__`` is no coroutine function, which saves a frame in every ``await`` of the request. Servers take an
    outermost application like that for ASGI 2, so it belongs inside a framework's application, where ``install``
    puts it.
    """

    def __init__(self, app: ASGIApp, host: Host) -> None:
        self._app = app
        self._host = host

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request, handshake or lifespan."""
        kind = scope["type"]
        if kind == "http":
            caller = scope[SCOPE_KEY] = Caller(self._host, scope)
            return self._app(scope, receive, caller.sender(send))
        if kind == "websocket":
            caller = scope[SCOPE_KEY] = Caller(self._host, scope)
            return self._app(scope, *caller.socket(receive, send))
        return self._app(scope, receive, send)
