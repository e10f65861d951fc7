"""Signing in by a code: asking for it, typing it, and where the link of the mail leads.

Whether an account exists is told to nobody but whoever reads the mail: the answer, and the work for it, are the same.
GET changes nothing, since programs that look through mail open links.
"""

from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.emails import MAX_ADDRESS, parse_address
from handstamp.core.errors import InvalidInput, LoginFailed
from handstamp.core.faults import Fault
from handstamp.core.keys import Purpose
from handstamp.core.models import Proof, User
from handstamp.core.redirects import SafeRedirect
from handstamp.login.email_code.codes import LIFETIME, WRONG_CODE, Asked, Codes, code_of_link, make_code, typed_code
from handstamp.login.email_code.confirming import send_confirmation
from handstamp.login.email_code.owners import make_owner, owner_of
from handstamp.login.email_code.pages import AskAddress, AskCode, Landing
from handstamp.login.email_code.sending import LINK_PATH, allow_sending, post
from handstamp.services.audit import log_only
from handstamp.web.entering import enter
from handstamp.web.errors import error_response
from handstamp.web.host import Host, Services
from handstamp.web.intake import NO_ADDRESS, Fields, read_fields
from handstamp.web.pages.contexts import Filled
from handstamp.web.respond import caller_of, data, page, see_other
from handstamp.web.steps import Step, drop_step, keep_step, kept_step

if TYPE_CHECKING:
    from handstamp.login.email_code.way import EmailCode

STEP: Final = "email-code"
_ADDRESS: Final = "/login/email-code"
_CODE: Final = "/email-code"
_TOKEN: Final = 2048


class EmailCodeRoutes:
    """The routes of codes by mail.

    Args:
        way: As the application configured it.
        host: The application.
    """

    def __init__(self, way: "EmailCode", host: Host) -> None:
        self._way = way
        self._host = host

    def routes(self) -> list[Route]:
        """``/login/email-code``, and what is below ``/email-code``."""
        return [
            Route(_ADDRESS, self._ask_address),
            Route(_CODE, self._ask_code),
            Route(f"{_CODE}/start", self._start, methods=["POST"]),
            Route(f"{_CODE}/finish", self._finish, methods=["POST"]),
            Route(LINK_PATH, self._land),
            Route(f"{_CODE}/confirm", self._send_confirmation, methods=["POST"]),
        ]

    async def _ask_address(self, request: Request) -> Response:
        """The page that asks where the code is to go."""
        return_to = SafeRedirect.parse(request.query_params.get("return_to"), self._host.place.origins)
        return self._address_page(
            request, Filled(), return_to=return_to, remember=request.query_params.get("remember") == "1"
        )

    async def _start(self, request: Request) -> Response:
        """Send a code, if the address is somebody's, and a mail that says so otherwise."""
        fields = await read_fields(request)
        typed, remember = fields.text("email", most=MAX_ADDRESS), fields.flag("remember")
        return_to = fields.return_to(self._host.place.origins)
        try:
            fields.check()
            address = _address_in(typed)
        except InvalidInput as error:
            if not fields.form:
                raise
            filled = Filled(values={"email": typed}, faults=error.faults)
            return self._address_page(request, filled, return_to=return_to, remember=remember, status=422)
        services, now = self._host.services or await self._host.open(), self._host.clock()
        await allow_sending(request, services, address, now=now)
        await self._forget_older(request, services)
        made = make_code(address, now=now)
        known = await owner_of(address, services.people) is not None or self._way.sign_up
        await post(request, self._host, services, made, known=known, now=now)
        told = {"expires_in": int(LIFETIME)}
        response = self._to(_CODE) if fields.form else data(told, status=202)
        values = {"asked": made.asked.values(), "remember": remember, "return_to": _location(return_to)}
        keep_step(response, self._host, STEP, values, lifetime=LIFETIME)
        return response

    async def _ask_code(self, request: Request) -> Response:
        """The page where the code is typed; without a code under way, the one that asks for the address."""
        step = self._step(request)
        return self._to(_ADDRESS) if step is None else self._code_page(request, step, Filled())

    async def _finish(self, request: Request) -> Response:
        """Sign in whoever has the code, in the browser that asked for it."""
        fields = await read_fields(request)
        step = kept_step(request, self._host, STEP)
        asked = Asked.of(step.values["asked"])
        services, now = self._host.services or await self._host.open(), self._host.clock()
        try:
            code = self._code_in(fields, asked)
            await Codes(throttle=services.throttle, challenges=services.challenges).judge(asked, code, now=now)
            user = await self._owner(asked, services, now=now)
        except (InvalidInput, LoginFailed) as error:
            await self._record_failure(request, services, asked, error, now=now)
            if isinstance(error, LoginFailed):
                return drop_step(error_response(request, error, self._host.place), self._host, STEP)
            if not fields.form:
                raise
            return self._code_page(request, step, Filled(faults=error.faults), status=422)
        # Whoever reads this mailbox is not guessing: the owner of a password that others tried is let in again too.
        await services.throttle.proved("password", account=asked.address, address=caller_of(request).address)
        response = await enter(
            request,
            self._host,
            user,
            Proof(),  # RFC 8176 has no word for a mailbox.
            method=self._way.id,
            remember=step.values["remember"],
            return_to=SafeRedirect.parse(step.values["return_to"], self._host.place.origins),
        )
        return drop_step(response, self._host, STEP)

    async def _land(self, request: Request) -> Response:
        """Where the link leads: the button is in the browser that asked, and nowhere else."""
        token, step = request.query_params.get("token", ""), self._step(request)
        asked = None if step is None else Asked.of(step.values["asked"])
        code = code_of_link(token, asked, self._host.sealer(Purpose.LINK))
        context = Landing(address=asked.address if asked and code else None, token=token if code else "")
        # The token goes into no Referer. With no-referrer the form would come with "Origin: null", and be refused.
        return page(request, self._host.place, context, headers={"Referrer-Policy": "strict-origin"})

    async def _send_confirmation(self, request: Request) -> Response:
        return await send_confirmation(request, self._host)

    def _code_in(self, fields: Fields, asked: Asked) -> str:
        """The code that was typed, or that the link holds."""
        token = fields.optional("token", most=_TOKEN)
        if token is None:
            typed = fields.text("code", most=64)
            fields.check()
            return typed_code(typed)
        code = code_of_link(token, asked, self._host.sealer(Purpose.LINK))
        if code is None:
            raise LoginFailed("flow_unknown", "the link belongs to another browser, or is not ours")
        return code

    async def _owner(self, asked: Asked, services: Services, *, now: float) -> User:
        user = await owner_of(asked.address, services.people)
        if user is None and self._way.sign_up:
            user = await make_owner(asked.address, services.people, services.audit, now=now)
        if user is None:
            raise LoginFailed("flow_unknown", "the address is nobody's")
        return user

    async def _forget_older(self, request: Request, services: Services) -> None:
        step = self._step(request)
        if step is not None:
            codes = Codes(throttle=services.throttle, challenges=services.challenges)
            await codes.forget(Asked.of(step.values["asked"]), now=self._host.clock())

    async def _record_failure(
        self, request: Request, services: Services, asked: Asked, error: InvalidInput | LoginFailed, *, now: float
    ) -> None:
        """In the trail of whose address it is: five times a code at the most. What comes after is only logged."""
        reason = error.reason if isinstance(error, LoginFailed) else error.faults[0].code
        address = caller_of(request).address
        if reason not in {WRONG_CODE, "flow_unknown"}:
            log_only("sign_in_failed", now=now, address=address, method=self._way.id, reason=reason)
            return
        owner = await owner_of(asked.address, services.people)
        await services.audit.record(
            "sign_in_failed",
            now=now,
            user_id=None if owner is None else owner.id,
            address=address,
            method=self._way.id,
            reason=reason,
        )

    def _step(self, request: Request) -> Step | None:
        try:
            return kept_step(request, self._host, STEP)
        except LoginFailed:
            return None

    def _address_page(
        self,
        request: Request,
        filled: Filled,
        *,
        return_to: SafeRedirect | None,
        remember: bool,
        status: int = 200,
    ) -> Response:
        context = AskAddress(
            sign_up=self._way.sign_up, remember=remember, return_to=_location(return_to), filled=filled
        )
        return page(request, self._host.place, context, status=status)

    def _code_page(self, request: Request, step: Step, filled: Filled, *, status: int = 200) -> Response:
        context = AskCode(
            address=step.values["asked"]["address"],
            sign_up=self._way.sign_up,
            remember=step.values["remember"],
            return_to=step.values["return_to"],
            filled=filled,
        )
        return page(request, self._host.place, context, status=status)

    def _to(self, path: str) -> Response:
        return see_other(SafeRedirect.to_path(self._host.place.path(path)))


def _address_in(text: str) -> str:
    try:
        return parse_address(text)
    except ValueError as error:
        raise InvalidInput([Fault(NO_ADDRESS, str(error), "/email")]) from error


def _location(target: SafeRedirect | None) -> str | None:
    return None if target is None else target.location
