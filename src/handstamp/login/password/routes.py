"""Passwords over HTTP: JSON for programs, forms for people. A form that was refused comes back, without secrets."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidInput, InvalidToken, LoginFailed, RateLimited, Unauthenticated
from handstamp.core.faults import Fault
from handstamp.core.models import EndReason, Principal, Proof
from handstamp.core.redirects import SafeRedirect
from handstamp.core.text import N_
from handstamp.login.password import changing, registering
from handstamp.login.password.method import AMR
from handstamp.login.password.pages import (
    ChangePage,
    ConfirmPage,
    ForgotPage,
    LoginPart,
    RegisterPage,
    ResetPage,
    TellPage,
)
from handstamp.login.password.signing_in import WRONG, sign_in, still_holds
from handstamp.login.password.tools import Visitor
from handstamp.services.throttle import PROOF_REQUIRED
from handstamp.web.endpoints.security import PATH as SECURITY
from handstamp.web.entering import enter
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host
from handstamp.web.intake import Fields, read_fields
from handstamp.web.known import know_browser, known_browser
from handstamp.web.languages import language_of
from handstamp.web.login_page import login_page, with_query
from handstamp.web.methods import Asked
from handstamp.web.pages.contexts import Filled, PageContext
from handstamp.web.refused import refused_form
from handstamp.web.respond import caller_of, data, nothing, page, see_other, wants_page
from handstamp.web.steps import drop_step, keep_step, kept_step

if TYPE_CHECKING:
    from handstamp.login.password.method import Password

CHANGE: Final = "/password/change"
_MOST_HANDLE: Final = 254
_MOST_TOKEN: Final = 2048
_STEP: Final = "register"
_TOLD: Final = {
    WRONG: N_("Nobody has this name and this password."),
    PROOF_REQUIRED: N_(
        "Too many have tried to guess this password. Sign in another way, or choose a new one by e-mail."
    ),
}


class PasswordRoutes:
    """``/register``, and what is below ``/password``."""

    def __init__(self, host: Host, way: "Password") -> None:
        self._host = host
        self._way = way

    def routes(self) -> list[Route]:
        """A page and a POST for each thing that people do."""
        return [
            Route("/register", self._register_page),
            Route("/password/register", self._register, methods=["POST"]),
            Route(registering.CONFIRM, self._confirm_page),
            Route(registering.CONFIRM, self._confirm, methods=["POST"]),
            Route("/password/login", self._sign_in, methods=["POST"]),
            Route("/password/forgot", self._forgot_page),
            Route("/password/forgot", self._forgot, methods=["POST"]),
            Route(changing.RESET, self._reset_page),
            Route(changing.RESET, self._reset, methods=["POST"]),
            Route(CHANGE, self._change_page),
            Route(CHANGE, self._change, methods=["POST"]),
        ]

    async def _sign_in(self, request: Request) -> Response:
        host = self._host
        fields = await read_fields(request)
        handle, return_to, remember = "", fields.return_to(host.place.origins), fields.flag("remember")
        try:
            handle, password = fields.text("email", most=_MOST_HANDLE), fields.secret("password")
            fields.check()
            tools = await self._way.tools(host)
            shown = await sign_in(
                tools,
                handle,
                password,
                visitor_of(request, host),
                known=lambda user_id: known_browser(request, host, user_id),
            )
        except (InvalidInput, RateLimited, LoginFailed) as error:
            if not fields.form or (isinstance(error, LoginFailed) and error.reason not in _TOLD):
                raise
            filled, status, headers = _refused(error, {"email": handle})
            asked = Asked(return_to=return_to, remember=remember)
            location = return_to.location if return_to else None
            part = LoginPart(filled=filled, remember=remember, return_to=location)
            return login_page(request, host, asked, instead={self._way.id: part}, status=status, headers=headers)
        response = await enter(
            request, host, shown.user, Proof(amr=AMR), method=self._way.id, remember=remember, return_to=return_to
        )
        if not await still_holds(tools, shown):
            await tools.sessions.end_all(shown.user.id, reason=EndReason.PASSWORD_CHANGED, now=host.clock())
            raise LoginFailed(WRONG, "the password was changed meanwhile")
        return know_browser(request, response, host, shown.user.id)

    async def _register_page(self, request: Request) -> Response:
        return self._page(request, self._registering(Filled()))

    async def _register(self, request: Request) -> Response:
        fields = await read_fields(request)

        async def act() -> Response:
            email, password = fields.email(), fields.secret("password")
            fields.check()
            tools = await self._way.tools(self._host)
            link_id = await registering.register(tools, email, password, visitor_of(request, self._host))
            response = self._told(request, fields, "register")
            keep_step(response, self._host, _STEP, {"link": link_id}, lifetime=registering.LIFETIME)
            return response

        return await self._answered(request, fields, act, self._registering)

    async def _confirm_page(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        tools = await self._way.tools(self._host)
        link = tools.links.open(registering.CONFIRM, token, now=self._host.clock())
        return self._page(request, ConfirmPage(token=token, ask=self._began(request) != link.id))

    async def _confirm(self, request: Request) -> Response:
        host = self._host
        fields = await read_fields(request)
        token = fields.text("token", most=_MOST_TOKEN)

        async def act() -> Response:
            fields.check()
            tools = await self._way.tools(host)
            password = fields.secret("password") if fields.has("password") else None
            fields.check()
            user = await registering.confirm(
                tools, token, password, visitor_of(request, host), began=self._began(request)
            )
            response = await enter(request, host, user, Proof(amr=AMR), method=self._way.id)
            return drop_step(know_browser(request, response, host, user.id), host, _STEP)

        return await self._answered(
            request, fields, act, lambda filled: ConfirmPage(token=token, ask=True, filled=filled)
        )

    async def _forgot_page(self, request: Request) -> Response:
        return self._page(request, ForgotPage())

    async def _forgot(self, request: Request) -> Response:
        fields = await read_fields(request)

        async def act() -> Response:
            email = fields.email()
            fields.check()
            await changing.forgot(await self._way.tools(self._host), email, visitor_of(request, self._host))
            return self._told(request, fields, "forgot")

        return await self._answered(request, fields, act, lambda filled: ForgotPage(filled=filled))

    async def _reset_page(self, request: Request) -> Response:
        token = request.query_params.get("token", "")
        tools = await self._way.tools(self._host)
        tools.links.open(changing.RESET, token, now=self._host.clock())
        return self._page(request, ResetPage(token=token))

    async def _reset(self, request: Request) -> Response:
        fields = await read_fields(request)
        token = fields.text("token", most=_MOST_TOKEN)

        async def act() -> Response:
            password = fields.secret("password")
            fields.check()
            await changing.reset(await self._way.tools(self._host), token, password, visitor_of(request, self._host))
            return self._page(request, TellPage(what="reset")) if fields.form else nothing()

        return await self._answered(request, fields, act, lambda filled: ResetPage(token=token, filled=filled))

    async def _change_page(self, request: Request) -> Response:
        place = self._host.place
        try:
            principal = await fresh_principal(caller_of(request))
        except (Unauthenticated, InvalidToken):
            if not wants_page(request):
                raise
            return see_other(
                SafeRedirect.to_path(with_query(place.path("/login"), {"return_to": place.path(CHANGE)}))
            )
        return self._page(request, await self._changing(principal))

    async def _change(self, request: Request) -> Response:
        host = self._host
        fields = await read_fields(request)
        principal = await fresh_principal(caller_of(request))
        asked = await self._changing(principal)

        async def act() -> Response:
            current = fields.secret("current_password") if asked.has_one else ""
            password = fields.secret("password")
            fields.check()
            await changing.change(
                await self._way.tools(host), principal, current, password, visitor_of(request, host)
            )
            return see_other(SafeRedirect.to_path(host.place.path(SECURITY))) if fields.form else nothing()

        return await self._answered(
            request,
            fields,
            act,
            lambda filled: ChangePage(filled=filled, has_one=asked.has_one, name=asked.name),
        )

    async def _answered(
        self,
        request: Request,
        fields: Fields,
        act: Callable[[], Awaitable[Response]],
        again: Callable[[Filled], PageContext],
    ) -> Response:
        """What an act answers; where a form was refused, its page again, with what was wrong."""
        try:
            return await act()
        except (InvalidInput, RateLimited) as error:
            if not fields.form:
                raise
            filled, status, headers = _refused(error, {"email": fields.typed("email")})
            return page(request, self._host.place, again(filled), status=status, headers=headers)

    def _told(self, request: Request, fields: Fields, what: Literal["register", "forgot"]) -> Response:
        """202, whether there is such an account or not."""
        if fields.form:
            return page(request, self._host.place, TellPage(what=what), status=202)
        return data({"status": "mail_sent"}, status=202)

    def _page(self, request: Request, context: PageContext) -> Response:
        return page(request, self._host.place, context)

    def _registering(self, filled: Filled) -> RegisterPage:
        return RegisterPage(filled=filled, least=self._host.policies.passwords.min_length_alone)

    async def _changing(self, principal: Principal) -> ChangePage:
        tools, user = await self._way.tools(self._host), principal.user
        has_one = await tools.password_of(user) is not None
        return ChangePage(has_one=has_one, name=user.email or user.username or "")

    def _began(self, request: Request) -> str | None:
        """The id of the link that this browser asked for."""
        try:
            return str(kept_step(request, self._host, _STEP).values["link"])
        except LoginFailed:
            return None


def visitor_of(request: Request, host: Host) -> Visitor:
    """Who asks."""
    return Visitor(address=caller_of(request).address, language=language_of(request), now=host.clock())


def _refused(
    error: InvalidInput | RateLimited | LoginFailed, values: Mapping[str, str]
) -> tuple[Filled, int, Mapping[str, str]]:
    """A form as it is shown again, its status, and headers of the answer."""
    if isinstance(error, LoginFailed):
        return Filled(values=values, faults=(Fault(error.reason, _TOLD[error.reason], "/"),)), 422, {}
    refused = refused_form(error, "")
    return Filled(values=values, faults=refused.filled.faults), refused.status, refused.headers
