"""Pages for people: the ways in, and the account with the loggedIn flag (A10)."""

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidToken, SessionEnded, Unauthenticated
from handstamp.core.redirects import SafeRedirect
from handstamp.web.errors import headers_of
from handstamp.web.host import Host
from handstamp.web.login_page import login_page, to_login
from handstamp.web.methods import Asked
from handstamp.web.pages import icon, stylesheet
from handstamp.web.pages.contexts import Account, Notice
from handstamp.web.pages.texts import SIGNED_OUT
from handstamp.web.respond import caller_of, page, see_other


class AccountEndpoints:
    """The ways in, and the account."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/``, ``/login``, ``/account`` and the stylesheet."""
        return [
            Route("/", self._index),
            Route("/login", self._login),
            Route("/account", self._account),
            Route("/handstamp.css", self._style),
            Route("/icon.svg", self._icon),
        ]

    async def _index(self, request: Request) -> Response:
        """On to where people belong."""
        try:
            await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            return see_other(SafeRedirect.to_path(self._host.place.path("/login")))
        except SessionEnded as ended:
            return self._sign_in_again(request, ended, Asked())
        return see_other(SafeRedirect.to_path(self._host.place.path("/account")))

    async def _login(self, request: Request) -> Response:
        """The ways in; says why the last session ended, if one did."""
        asked = Asked(
            return_to=SafeRedirect.parse(request.query_params.get("return_to"), self._host.place.origins),
            remember=request.query_params.get("remember") == "1",
        )
        notice = None
        try:
            with suppress(Unauthenticated, InvalidToken):
                await caller_of(request).principal()
        except SessionEnded as ended:
            notice = _why(ended)
        return login_page(request, self._host, asked, notice=notice)

    async def _account(self, request: Request) -> Response:
        here = SafeRedirect.to_path(self._host.place.path("/account"))
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            return to_login(self._host.place, here.location)
        except SessionEnded as ended:
            return self._sign_in_again(request, ended, Asked(return_to=here))
        return page(request, self._host.place, Account(principal=principal))

    def _sign_in_again(self, request: Request, ended: SessionEnded, asked: Asked) -> Response:
        """The ways in, right here: this answer deletes the cookie, so after a redirect nobody would know why."""
        headers = headers_of(ended, self._host.place)
        return login_page(request, self._host, asked, notice=_why(ended), status=401, headers=headers)

    async def _style(self, _: Request) -> Response:
        return _asset(stylesheet(), "text/css")

    async def _icon(self, _: Request) -> Response:
        return _asset(icon(), "image/svg+xml")


def _why(ended: SessionEnded) -> Notice:
    return Notice(kind="notice", text=SIGNED_OUT[ended.reason].text)


def _asset(content: bytes, media_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)
