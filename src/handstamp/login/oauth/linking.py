"""A login that waits to be linked: its provider says an address that somebody here has verified.

It waits in the browser that brought it, for ten minutes, and for that one user. Nothing is joined before they have
signed in the way they did before, and have said so on a page.
"""

from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidToken, LoginFailed, SessionEnded, Unauthenticated
from handstamp.core.models import Principal, Profile
from handstamp.core.redirects import SafeRedirect
from handstamp.login.oauth.pages import LinkWaiting
from handstamp.web.endpoints.identities import listed
from handstamp.web.endpoints.security import PATH as SECURITY
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host, Place
from handstamp.web.intake import read_fields
from handstamp.web.login_page import with_query
from handstamp.web.respond import caller_of, data, page, see_other, wants_page
from handstamp.web.steps import Step, drop_step, keep_step, kept_step, use_step

if TYPE_CHECKING:
    from handstamp.login.oauth.provider import Provider

LIFETIME: Final = 600.0
"""Seconds that a login waits."""

PATH: Final = "/link"

_STEP: Final = "link"


def hold_link(response: Response, host: Host, provider: "Provider", profile: Profile, *, user_id: str) -> None:
    """Let a login wait in this browser, for one user."""
    values: dict[str, Any] = {
        "provider": provider.id,
        "label": provider.label,
        "issuer": profile.issuer,
        "subject": profile.subject,
        "user": user_id,
    }
    keep_step(response, host, _STEP, values, lifetime=LIFETIME)


def sign_in_to_link(place: Place) -> str:
    """Where to sign in, to come to the login that waits."""
    return with_query(place.path("/login"), {"return_to": place.path(PATH)})


class LinkRoutes:
    """The page that asks, and what it sends. One for all providers."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/link``."""
        return [Route(PATH, self._ask), Route(PATH, self._link, methods=["POST"])]

    async def _ask(self, request: Request) -> Response:
        """Whether to link the login that waits. GET changes nothing."""
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken, SessionEnded):
            if wants_page(request):
                return see_other(SafeRedirect.to_path(sign_in_to_link(self._host.place)))
            raise
        step = self._waiting(request, principal)
        if not wants_page(request):
            return data({"provider": step.values["provider"]})
        user = principal.user
        person = user.email or user.username or user.name or user.id
        return page(request, self._host.place, LinkWaiting(label=step.values["label"], person=person))

    async def _link(self, request: Request) -> Response:
        """Link it, once."""
        fields = await read_fields(request)
        caller = caller_of(request)
        principal = await fresh_principal(caller)
        step = self._waiting(request, principal)
        await use_step(step, self._host)
        services = self._host.services or await self._host.open()
        identity = await services.identities.link(
            Profile(issuer=step.values["issuer"], subject=step.values["subject"]),
            principal,
            now=self._host.clock(),
            address=caller.address,
            provider=step.values["provider"],
        )
        if fields.form:
            response = see_other(SafeRedirect.to_path(self._host.place.path(SECURITY)))
        else:
            response = data(listed(self._host, identity, None))
        return drop_step(response, self._host, _STEP)

    def _waiting(self, request: Request, principal: Principal) -> Step:
        """The login that waits in this browser, for whoever is signed in.

        Raises:
            LoginFailed: ``flow_unknown``, or ``another_user``: it waits for somebody else.
        """
        step = kept_step(request, self._host, _STEP)
        if step.values["user"] != principal.user.id:
            raise LoginFailed("another_user", "the login that waits is for another user")
        return step
