"""Pages for people: the ways in, and the account with the loggedIn flag (A10)."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidToken, SessionEnded, Unauthenticated
from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Host
from handstamp.web.methods import LoginMethod
from handstamp.web.pages import stylesheet
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
        ]

    async def _index(self, request: Request) -> Response:
        principal = await caller_of(request).optional()
        return see_other(SafeRedirect.to_path(self._host.place.path("/account" if principal else "/login")))

    async def _login(self, request: Request) -> Response:
        """The ways in, as links; says why the last session ended, if one did."""
        return_to = SafeRedirect.parse(request.query_params.get("return_to"), self._host.place.origins)
        remember = request.query_params.get("remember") == "1"
        way_back = {} if return_to is None else {"return_to": return_to.location}
        chosen = way_back | ({"remember": "1"} if remember else {})
        other = way_back | ({} if remember else {"remember": "1"})
        context = Login(
            ways=tuple(
                Link(label=way.label, href=_with(self._host.place.path(way.path), chosen)) for way in self._methods
            ),
            remember=remember,
            remember_toggle=_with(self._host.place.path("/login"), other),
            notice=await _why_signed_out(request),
        )
        return page(self._host.place, context)

    async def _account(self, request: Request) -> Response:
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken, SessionEnded):
            query = {"return_to": self._host.place.path("/account")}
            return see_other(SafeRedirect.to_path(_with(self._host.place.path("/login"), query)))
        return page(self._host.place, Account(principal=principal))

    async def _style(self, _: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return Response(stylesheet(), media_type="text/css", headers=headers)


async def _why_signed_out(request: Request) -> Notice | None:
    try:
        await caller_of(request).principal()
    except SessionEnded as ended:
        return Notice(kind="notice", text=SIGNED_OUT[ended.reason].text)
    except (Unauthenticated, InvalidToken):
        return None
    return None


def _with(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
