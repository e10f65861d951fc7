"""Pages for people: the ways in, and the account with the loggedIn flag (A10)."""

from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidToken, SessionEnded, Unauthenticated
from handstamp.core.redirects import SafeRedirect
from handstamp.web.errors import headers_of
from handstamp.web.host import Host
from handstamp.web.methods import LoginMethod
from handstamp.web.pages import icon, stylesheet
from handstamp.web.pages.contexts import Account, Link, Login, Notice
from handstamp.web.pages.texts import SIGNED_OUT
from handstamp.web.respond import caller_of, page, see_other


class AccountEndpoints:
    """The ways in, and the account."""

    def __init__(self, host: Host, methods: Sequence[LoginMethod]) -> None:
        self._host = host
        self._methods = methods

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
            return self._sign_in_again(ended, {})
        return see_other(SafeRedirect.to_path(self._host.place.path("/account")))

    async def _login(self, request: Request) -> Response:
        """The ways in, as links; says why the last session ended, if one did."""
        return_to = SafeRedirect.parse(request.query_params.get("return_to"), self._host.place.origins)
        remember = request.query_params.get("remember") == "1"
        notice = None
        try:
            with suppress(Unauthenticated, InvalidToken):
                await caller_of(request).principal()
        except SessionEnded as ended:
            notice = _why(ended)
        way_back = {} if return_to is None else {"return_to": return_to.location}
        return page(self._host.place, self._ways_in(way_back, remember=remember, notice=notice))

    async def _account(self, request: Request) -> Response:
        way_back = {"return_to": self._host.place.path("/account")}
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            return see_other(SafeRedirect.to_path(_with(self._host.place.path("/login"), way_back)))
        except SessionEnded as ended:
            return self._sign_in_again(ended, way_back)
        return page(self._host.place, Account(principal=principal))

    def _sign_in_again(self, ended: SessionEnded, way_back: dict[str, str]) -> Response:
        """The ways in, right here: this answer deletes the cookie, so after a redirect nobody would know why."""
        context = self._ways_in(way_back, remember=False, notice=_why(ended))
        return page(self._host.place, context, status=401, headers=headers_of(ended, self._host.place))

    def _ways_in(self, way_back: dict[str, str], *, remember: bool, notice: Notice | None) -> Login:
        place, remembered = self._host.place, way_back | {"remember": "1"}
        chosen, other = (remembered, way_back) if remember else (way_back, remembered)
        return Login(
            ways=tuple(Link(label=way.label, href=_with(place.path(way.path), chosen)) for way in self._methods),
            remember=remember,
            remember_toggle=_with(place.path("/login"), other),
            notice=notice,
        )

    async def _style(self, _: Request) -> Response:
        return _asset(stylesheet(), "text/css")

    async def _icon(self, _: Request) -> Response:
        return _asset(icon(), "image/svg+xml")


def _why(ended: SessionEnded) -> Notice:
    return Notice(kind="notice", text=SIGNED_OUT[ended.reason].text)


def _asset(content: bytes, media_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)


def _with(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
