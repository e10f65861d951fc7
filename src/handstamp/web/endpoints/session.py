"""The session that asks: who is there, and signing out."""

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidToken, SessionEnded, Unauthenticated
from handstamp.core.models import EndReason
from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Host
from handstamp.web.pages.contexts import SignedOut, SignOut
from handstamp.web.represent import principal_data
from handstamp.web.respond import caller_of, data, is_form, nothing, page, see_other, wants_page
from handstamp.web.signing import signed_out


class SessionEndpoints:
    """What a view may know of its session, and signing out."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/session``, ``/logout``, ``/signed-out``."""
        return [
            Route("/session", self._show),
            Route("/logout", self._ask),
            Route("/logout", self._logout, methods=["POST"]),
            Route("/signed-out", self._farewell),
        ]

    async def _show(self, request: Request) -> Response:
        """Who is signed in, or why nobody is any more. What a view needs to know, and nothing else (B7)."""
        try:
            principal = await caller_of(request).principal()
        except SessionEnded as ended:
            return data({"authenticated": False, "reason": ended.reason.value})
        except (Unauthenticated, InvalidToken):
            return data({"authenticated": False, "reason": None})
        return data(principal_data(principal))

    async def _ask(self, request: Request) -> Response:
        """The page with the button. GET changes nothing."""
        return page(request, self._host.place, SignOut())

    async def _logout(self, request: Request) -> Response:
        """End the session that the cookie names, and take the cookies back.

        Where the store cannot be asked the answer is 503 and the cookies stay: somebody who believes to be signed
        out must be.
        """
        caller = caller_of(request)
        caller.check_origin(carries_cookie=True)
        with suppress(InvalidToken):  # Then there is nothing to end; the cookie goes all the same.
            token = caller.token()
            if token is not None:
                services = self._host.services or await self._host.open()
                await services.sessions.sign_out(token, now=self._host.clock(), address=caller.address)
        if is_form(request) or wants_page(request):
            return signed_out(self._host, see_other(SafeRedirect.to_path(self._host.place.path("/signed-out"))))
        return signed_out(self._host, nothing())

    async def _farewell(self, request: Request) -> Response:
        return page(request, self._host.place, SignedOut(reason=EndReason.SIGNED_OUT))
