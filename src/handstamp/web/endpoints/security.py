"""By what a user can sign in: the page where each way in shows its part."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidToken, Unauthenticated
from handstamp.core.models import Principal
from handstamp.web.guards import is_fresh
from handstamp.web.host import Host
from handstamp.web.login_page import to_login, with_query
from handstamp.web.methods import Holdings
from handstamp.web.pages.contexts import Security
from handstamp.web.respond import caller_of, page

PATH = "/account/security"


class SecurityEndpoints:
    """The page about ways in."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/account/security``."""
        return [Route(PATH, self._show)]

    async def _show(self, request: Request) -> Response:
        place = self._host.place
        way_back = {"return_to": place.path(PATH)}
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            return to_login(place, place.path(PATH))
        holdings = await holdings_of(self._host, principal)
        parts = (way.security_part(holdings) for way in self._host.methods)
        context = Security(
            parts=tuple(part for part in parts if part is not None),
            fresh=holdings.fresh,
            confirm=with_query(place.path("/reauthenticate"), way_back),
        )
        return page(request, place, context)


async def holdings_of(host: Host, principal: Principal) -> Holdings:
    """What somebody who is signed in can sign in with.

    Raises:
        StoreUnavailable: Nobody knows.
    """
    services, now, user_id = host.services or await host.open(), host.clock(), principal.user.id
    return Holdings(
        principal=principal,
        credentials=await services.people.list_credentials(user_id),
        identities=await services.people.list_identities(user_id),
        now=now,
        fresh=is_fresh(principal, now),
    )
