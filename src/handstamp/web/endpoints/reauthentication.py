"""Showing once more who one is, while signed in: NIST SP 800-63B-4 §2.1.3, ASVS 7.5."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import HandstampError, InvalidInput, InvalidToken, RateLimited, Unauthenticated
from handstamp.core.models import AAL2, Principal, Proof
from handstamp.core.policy import MINUTE, Bucket
from handstamp.core.redirects import SafeRedirect
from handstamp.core.text import N_
from handstamp.web.endpoints.security import holdings_of
from handstamp.web.entering import re_enter
from handstamp.web.host import Host
from handstamp.web.intake import MISSING, Fields, read_fields
from handstamp.web.login_page import with_query
from handstamp.web.methods import Holdings, LoginMethod
from handstamp.web.pages.contexts import Filled, Part, Reauthenticate
from handstamp.web.refused import RefusedForm, refused_form
from handstamp.web.represent import principal_data
from handstamp.web.respond import caller_of, data, page, see_other, wants_page
from handstamp.web.signing import signed_in
from handstamp.web.stepping_up import REAUTHENTICATE

_ATTEMPTS: Final = Bucket(10, MINUTE / 2)
"""Of a session."""


class ReauthenticationEndpoints:
    """The page where people confirm that it is still they, and what its forms are sent to."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/reauthenticate``."""
        return [Route(REAUTHENTICATE, self._ask), Route(REAUTHENTICATE, self._confirm, methods=["POST"])]

    async def _ask(self, request: Request) -> Response:
        place = self._host.place
        way_back = SafeRedirect.parse(request.query_params.get("return_to"), place.origins)
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            if not wants_page(request):
                raise
            # Whoever signs in has shown it then. They are sent where they wanted to go, not here.
            query = {} if way_back is None else {"return_to": way_back.location}
            return see_other(SafeRedirect.to_path(with_query(place.path("/login"), query)))
        aal = AAL2 if request.query_params.get("aal") == str(AAL2) else 1
        holdings = await holdings_of(self._host, principal)
        if wants_page(request):
            return self._page(request, holdings, aal=aal, way_back=way_back)
        fields = [way.confirms for way, _ in self._offered(holdings, aal) if way.confirms is not None]
        return data({"aal": aal, "confirm_with": fields})

    async def _confirm(self, request: Request) -> Response:
        host, caller = self._host, caller_of(request)
        fields = await read_fields(request)
        principal = await caller.principal(strict=True)  # a session that has just been ended is not made anew
        way_back = fields.return_to(host.place.origins)
        way = next((way for way in host.methods if way.confirms is not None and fields.has(way.confirms)), None)
        try:
            judge, proof = await self._judged(request, principal, way, fields)
        except (InvalidInput, RateLimited) as error:
            if not fields.form:
                raise
            aal = AAL2 if fields.optional("aal") == str(AAL2) else 1
            refused = refused_form(error, (way.confirms if way else None) or "")
            return self._page(
                request, await holdings_of(host, principal), aal=aal, way_back=way_back, refused=refused
            )
        issued = await re_enter(request, host, principal, proof, method=judge.id)
        if fields.form:
            response = see_other(way_back or SafeRedirect.to_path(host.place.after_sign_in))
        else:
            response = data(principal_data(Principal(user=principal.user, session=issued.session)))
        return signed_in(host, response, issued)

    async def _judged(
        self, request: Request, principal: Principal, way: LoginMethod | None, fields: Fields
    ) -> tuple[LoginMethod, Proof]:
        if way is None or way.confirms is None:
            fields.refuse("", MISSING, N_("Show it by one of the ways that are offered."))
            raise InvalidInput(fields.faults)
        value = fields.secret(way.confirms)
        fields.check()
        await self._count_attempt(principal)
        try:
            return way, await way.confirm(request, self._host, principal, value)
        except (InvalidInput, RateLimited) as error:
            await self._record_failure(request, principal, way, error)
            raise

    async def _count_attempt(self, principal: Principal) -> None:
        """Of one session, by whatever way: who has stolen it may not try for long. The owner can sign in anew."""
        services = self._host.services or await self._host.open()
        await services.throttle.admit_within(
            _ATTEMPTS, "reauthenticate", principal.session.id, now=self._host.clock()
        )

    async def _record_failure(
        self, request: Request, principal: Principal, way: LoginMethod, error: HandstampError
    ) -> None:
        services = self._host.services or await self._host.open()
        await services.audit.record(
            "reauthentication_failed",
            now=self._host.clock(),
            user_id=principal.user.id,
            session_id=principal.session.id,
            address=caller_of(request).address,
            method=way.id,
            code=error.code,
        )

    def _offered(self, holdings: Holdings, aal: int) -> list[tuple[LoginMethod, Part]]:
        """The ways that this user has, and by which as much can be shown as is asked for."""
        parts = ((way, way.confirmation_part(holdings)) for way in self._host.methods if way.reaches >= aal)
        return [(way, part) for way, part in parts if part is not None]

    def _page(
        self,
        request: Request,
        holdings: Holdings,
        *,
        aal: int,
        way_back: SafeRedirect | None,
        refused: RefusedForm | None = None,
    ) -> Response:
        answer = refused or RefusedForm(status=200, filled=Filled())
        context = Reauthenticate(
            parts=tuple(part for _, part in self._offered(holdings, aal)),
            second=aal == AAL2,
            return_to=way_back.location if way_back else None,
            filled=answer.filled,
        )
        return page(request, self._host.place, context, status=answer.status, headers=answer.headers)
