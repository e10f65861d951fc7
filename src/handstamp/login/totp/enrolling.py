"""Setting up an authenticator app over HTTP: a picture to scan, then a code to show that it was scanned."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidInput, RateLimited
from handstamp.core.models import AAL2, EndReason, Principal, Proof
from handstamp.core.redirects import SafeRedirect
from handstamp.login.totp.authenticator import Enrolment
from handstamp.login.totp.codes import otpauth_uri, typed
from handstamp.login.totp.pages import BeginPage, CodesPage, EnrolPage
from handstamp.login.totp.picture import picture_of
from handstamp.login.totp.second_factor import FIELD, OTP, SecondFactor
from handstamp.services.sessions import Issued
from handstamp.web.endpoints.security import PATH as SECURITY
from handstamp.web.entering import re_enter
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host
from handstamp.web.intake import Fields, read_fields
from handstamp.web.pages.contexts import Filled
from handstamp.web.refused import RefusedForm, refused_form
from handstamp.web.represent import principal_data
from handstamp.web.respond import caller_of, data, page, see_other
from handstamp.web.signing import signed_in

_ENROLMENT: Final = "enrolment"
_MOST: Final = 64


class Enrolling:
    """``/totp/enroll`` and ``/totp/confirm``. Whoever has an app already shows it before they get another."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """Below the mount."""
        return [
            Route("/totp/enroll", self._begin),
            Route("/totp/enroll", self._enrol, methods=["POST"]),
            Route("/totp/confirm", self._confirm, methods=["POST"]),
        ]

    async def _begin(self, request: Request) -> Response:
        second = await self._second_factor()
        _, replaces = await self._allowed(request, second)
        way_back = SafeRedirect.parse(request.query_params.get("return_to"), self._host.place.origins)
        return self._begin_page(request, replaces=replaces, way_back=way_back)

    async def _enrol(self, request: Request) -> Response:
        fields = await read_fields(request)
        second = await self._second_factor()
        principal, _ = await self._allowed(request, second)
        enrolment = await second.app.enrol(principal.user.id, now=self._host.clock())
        if fields.form:
            return self._enrol_page(request, principal, enrolment, way_back=self._way_back(fields))
        uri = self._uri(principal, enrolment)
        answer = {
            "enrolment": enrolment.id,
            "secret": typed(enrolment.secret).replace(" ", ""),
            "otpauth_uri": uri,
            "qr_svg": picture_of(uri).svg,
        }
        return data(answer, status=201)

    async def _confirm(self, request: Request) -> Response:
        fields = await read_fields(request)
        second, now = await self._second_factor(), self._host.clock()
        principal, replaces = await self._allowed(request, second)
        user_id, enrolment = principal.user.id, fields.secret(_ENROLMENT, most=_MOST)
        code = fields.secret(FIELD, most=_MOST)
        try:
            fields.check()
            confirmed = await second.app.confirm(user_id, enrolment, code, now=now)
        except (InvalidInput, RateLimited) as error:
            if not fields.form:
                raise
            pending = await second.app.pending(user_id, enrolment, now=now)
            refused, way_back = refused_form(error, FIELD), self._way_back(fields)
            if pending is None:
                return self._begin_page(request, replaces=replaces, way_back=way_back, refused=refused)
            return self._enrol_page(request, principal, pending, way_back=way_back, refused=refused)
        codes: tuple[str, ...] = ()
        if confirmed.first or not await second.codes.left(user_id):
            codes = await second.codes.renew(user_id, now=now)
        issued = await self._counts_now(request, principal, first=confirmed.first)
        return signed_in(self._host, self._confirmed(request, fields, codes, issued, principal), issued)

    async def _allowed(self, request: Request, second: SecondFactor) -> tuple[Principal, bool]:
        """Who may set up an app, and whether they have one already (SES-09)."""
        caller = caller_of(request)
        principal = await fresh_principal(caller)
        if await second.app.since(principal.user.id) is None:
            return principal, False
        return await fresh_principal(caller, aal=AAL2), True

    async def _counts_now(self, request: Request, principal: Principal, *, first: bool) -> Issued:
        """The session of whoever set it up has two factors from now on, and all others end (SES-02, SES-08)."""
        host, caller, now = self._host, caller_of(request), self._host.clock()
        services = host.services or await host.open()
        proof = Proof(amr=principal.session.amr).and_second(OTP)
        issued = await re_enter(request, host, principal, proof, method="totp")
        await services.audit.record(
            "second_factor_added",
            now=now,
            user_id=principal.user.id,
            session_id=issued.session.id,
            address=caller.address,
            factor="totp",
            replaced=None if first else "yes",
        )
        await services.sessions.end_all(
            principal.user.id,
            reason=EndReason.FACTOR_CHANGED,
            now=now,
            keep=issued.session.id,
            address=caller.address,
        )
        return issued

    def _confirmed(
        self, request: Request, fields: Fields, codes: tuple[str, ...], issued: Issued, principal: Principal
    ) -> Response:
        if not fields.form:
            told = principal_data(Principal(user=principal.user, session=issued.session))
            return data(told | {"recovery_codes": list(codes)} if codes else told)
        way_on = self._way_back(fields) or SafeRedirect.to_path(self._host.place.path(SECURITY))
        if not codes:
            return see_other(way_on)
        return page(request, self._host.place, CodesPage(codes=codes, first=True, return_to=way_on.location))

    def _begin_page(
        self, request: Request, *, replaces: bool, way_back: SafeRedirect | None, refused: RefusedForm | None = None
    ) -> Response:
        answer = refused or RefusedForm(status=200, filled=Filled())
        context = BeginPage(
            replaces=replaces, return_to=way_back.location if way_back else None, filled=answer.filled
        )
        return page(request, self._host.place, context, status=answer.status, headers=answer.headers)

    def _enrol_page(
        self,
        request: Request,
        principal: Principal,
        enrolment: Enrolment,
        *,
        way_back: SafeRedirect | None,
        refused: RefusedForm | None = None,
    ) -> Response:
        answer = refused or RefusedForm(status=200, filled=Filled())
        uri = self._uri(principal, enrolment)
        context = EnrolPage(
            enrolment=enrolment.id,
            picture=picture_of(uri),
            secret=typed(enrolment.secret),
            uri=uri,
            return_to=way_back.location if way_back else None,
            filled=answer.filled,
        )
        return page(request, self._host.place, context, status=answer.status, headers=answer.headers)

    def _uri(self, principal: Principal, enrolment: Enrolment) -> str:
        user = principal.user
        account = user.email or user.username or user.name or user.id
        return otpauth_uri(enrolment.secret, issuer=self._host.place.app_name, account=account)

    def _way_back(self, fields: Fields) -> SafeRedirect | None:
        return fields.return_to(self._host.place.origins)

    async def _second_factor(self) -> SecondFactor:
        return SecondFactor.of(self._host, self._host.services or await self._host.open())
