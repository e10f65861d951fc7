"""One-time codes over HTTP: what a sign-in waits for, and what somebody who is signed in has set up."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidInput, InvalidRequest, RateLimited
from handstamp.core.models import AAL2, CredentialKind, EndReason, Principal
from handstamp.core.redirects import SafeRedirect
from handstamp.login.totp.enrolling import Enrolling
from handstamp.login.totp.pages import CodesPage, SecondFactorPage
from handstamp.login.totp.second_factor import FIELD, SecondFactor
from handstamp.web.endpoints.security import PATH as SECURITY
from handstamp.web.entering import SECOND_FACTOR, Pending, enter_with_second, pending_of, second_factors
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host
from handstamp.web.intake import read_fields
from handstamp.web.pages.contexts import Filled
from handstamp.web.refused import RefusedForm, refused_form
from handstamp.web.represent import moment
from handstamp.web.respond import caller_of, data, nothing, page, see_other, wants_page

_MOST: Final = 64
"""Characters of a code, with what people type between its parts."""
_RECOVERY: Final = "recovery"


class TotpRoutes:
    """``/second-factor``, what is below ``/totp``, and ``/recovery-codes``."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """Browsers' forms know only POST, so DELETE has a POST beside it."""
        return [
            Route(f"/{SECOND_FACTOR}", self._ask),
            Route("/totp/verify", self._verify, methods=["POST"]),
            Route("/totp", self._show),
            Route("/totp", self._delete, methods=["DELETE"]),
            Route("/totp/off", self._form_delete, methods=["POST"]),
            Route("/recovery-codes", self._renew_codes, methods=["POST"]),
            *Enrolling(self._host).routes(),
        ]

    async def _ask(self, request: Request) -> Response:
        pending = pending_of(request, self._host)
        factors = await self._factors(pending)
        if wants_page(request):
            return self._page(request, factors, recovery=request.query_params.get("with") == _RECOVERY)
        return data({"authenticated": False, "second_factor": list(factors)})

    async def _verify(self, request: Request) -> Response:
        fields = await read_fields(request)
        pending = pending_of(request, self._host)
        second = await self._second_factor()
        try:
            code = fields.secret(FIELD, most=_MOST)
            fields.check()
            amr = await second.prove(request, pending.user_id, code, place="", recovery_place=pending.step.id)
        except (InvalidInput, RateLimited) as error:
            if not fields.form:
                raise
            recovery = fields.optional("with") == _RECOVERY
            factors = await self._factors(pending)
            return self._page(request, factors, recovery=recovery, refused=refused_form(error, FIELD))
        return await enter_with_second(request, self._host, pending, amr)

    async def _show(self, request: Request) -> Response:
        principal = await caller_of(request).principal()
        if wants_page(request):
            return see_other(SafeRedirect.to_path(self._host.place.path(SECURITY)))
        second = await self._second_factor()
        since = await second.app.since(principal.user.id)
        left = await second.codes.left(principal.user.id)
        return data(
            {
                "enabled": since is not None,
                "since": None if since is None else moment(since),
                "recovery_codes_left": left,
            }
        )

    async def _delete(self, request: Request) -> Response:
        await self._turn_off(request)
        return nothing()

    async def _form_delete(self, request: Request) -> Response:
        await self._turn_off(request)
        return see_other(SafeRedirect.to_path(self._host.place.path(SECURITY)))

    async def _turn_off(self, request: Request) -> None:
        """Give up the app and its recovery codes, and end all other sessions (SES-08, SES-09)."""
        host, caller = self._host, caller_of(request)
        principal = await fresh_principal(caller, aal=AAL2)
        second, now, user_id = await self._second_factor(), host.clock(), principal.user.id
        # The codes first: where the app stays, they are asked for nowhere else.
        await second.codes.remove(user_id)
        if not await second.app.turn_off(user_id):
            return
        await second.audit.record(
            "second_factor_removed",
            now=now,
            user_id=user_id,
            session_id=principal.session.id,
            address=caller.address,
            factor="totp",
        )
        services = host.services or await host.open()
        await services.sessions.end_all(
            user_id, reason=EndReason.FACTOR_CHANGED, now=now, keep=principal.session.id, address=caller.address
        )

    async def _renew_codes(self, request: Request) -> Response:
        fields = await read_fields(request)
        principal = await fresh_principal(caller_of(request), aal=AAL2)
        codes = await self._renewed(request, principal)
        if not fields.form:
            return data({"recovery_codes": list(codes)}, status=201)
        way_on = self._host.place.path(SECURITY)
        return page(request, self._host.place, CodesPage(codes=codes, first=False, return_to=way_on))

    async def _renewed(self, request: Request, principal: Principal) -> tuple[str, ...]:
        second, now, user_id = await self._second_factor(), self._host.clock(), principal.user.id
        if await second.app.since(user_id) is None:
            raise InvalidRequest("set up an authenticator app first: recovery codes stand in for it")
        codes = await second.codes.renew(user_id, now=now)
        await second.audit.record(
            "recovery_codes_renewed",
            now=now,
            user_id=user_id,
            session_id=principal.session.id,
            address=caller_of(request).address,
        )
        return codes

    async def _second_factor(self) -> SecondFactor:
        return SecondFactor.of(self._host, self._host.services or await self._host.open())

    async def _factors(self, pending: Pending) -> Sequence[str]:
        """What will do as a second factor, by kind."""
        services = self._host.services or await self._host.open()
        return await second_factors(services.people, pending.user_id)

    def _page(
        self, request: Request, factors: Sequence[str], *, recovery: bool, refused: RefusedForm | None = None
    ) -> Response:
        answer = refused or RefusedForm(status=200, filled=Filled())
        parts = (way.second_factor_part(factors) for way in self._host.methods)
        context = SecondFactorPage(
            recovery=recovery,
            has_codes=CredentialKind.RECOVERY_CODE in factors,
            parts=tuple(part for part in parts if part is not None),
            filled=answer.filled,
        )
        return page(request, self._host.place, context, status=answer.status, headers=answer.headers)
