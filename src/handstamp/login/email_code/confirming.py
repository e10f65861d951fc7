"""A code for somebody who is signed in, and has to show once more who they are."""

from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.errors import Forbidden, InvalidInput, LoginFailed
from handstamp.core.faults import Fault
from handstamp.core.models import Principal
from handstamp.core.redirects import SafeRedirect
from handstamp.core.text import N_
from handstamp.login.email_code.codes import LIFETIME, Asked, Codes, make_code, typed_code
from handstamp.login.email_code.sending import allow_sending, post
from handstamp.login.email_code.way import is_stronger
from handstamp.web.host import Host, Services
from handstamp.web.intake import read_fields
from handstamp.web.login_page import with_query
from handstamp.web.respond import caller_of, data, see_other
from handstamp.web.steps import keep_step, kept_step

CONFIRM_STEP: Final = "email-code-confirm"
_POINTER: Final = "/email_code"


async def send_confirmation(request: Request, host: Host) -> Response:
    """Send a code to the verified address of whoever is signed in.

    Raises:
        Forbidden: They have no such address, or something stronger, which is asked for then.
        RateLimited: Too many mails went there.
    """
    fields = await read_fields(request)
    principal = await caller_of(request).principal()
    return_to = fields.return_to(host.place.origins)
    services, now = host.services or await host.open(), host.clock()
    address = await _address_of(principal, services)
    if address is None:
        raise Forbidden("a code by mail is not enough for this account, or has nowhere to go")
    await allow_sending(request, services, address, now=now)
    made = make_code(address, now=now, user_id=principal.user.id)
    await post(request, host, services, made, known=True, now=now)
    query = {} if return_to is None else {"return_to": return_to.location}
    back = with_query(host.place.path("/reauthenticate"), query)
    response = (
        see_other(SafeRedirect.to_path(back)) if fields.form else data({"expires_in": int(LIFETIME)}, status=202)
    )
    keep_step(response, host, CONFIRM_STEP, made.asked.values(), lifetime=LIFETIME)
    return response


async def judge_confirmation(request: Request, host: Host, principal: Principal, value: str) -> None:
    """Return if this is the code that was sent to whoever is signed in.

    Raises:
        InvalidInput: It is not, was tried too often, or none was asked for.
        StoreUnavailable: Nobody knows.
    """
    services, now = host.services or await host.open(), host.clock()
    try:
        asked = await _asked(request, host, principal, services)
        code = typed_code(value)
        await Codes(throttle=services.throttle, challenges=services.challenges).judge(asked, code, now=now)
    except InvalidInput as error:
        raise InvalidInput([replace(fault, pointer=_POINTER) for fault in error.faults]) from error
    except LoginFailed as error:
        message = N_("This code is not good any more. Let us send another.")
        raise InvalidInput([Fault(error.reason, message, _POINTER)]) from error


async def _asked(request: Request, host: Host, principal: Principal, services: Services) -> Asked:
    """What this browser asked for: their own code, by themselves, and still enough."""
    asked = Asked.of(kept_step(request, host, CONFIRM_STEP).values)
    if asked.user_id != principal.user.id or asked.address != await _address_of(principal, services):
        raise LoginFailed("flow_unknown", "the code was sent to somebody else, or is not enough any more")
    return asked


async def _address_of(principal: Principal, services: Services) -> str | None:
    """Where a code may go that confirms who is signed in; None where it would not be enough."""
    user = principal.user
    if not user.email_verified:
        return None
    credentials = await services.people.list_credentials(user.id)
    return None if any(is_stronger(one.kind) for one in credentials) else user.email
