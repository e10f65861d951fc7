"""Sending a code: how often, and what."""

from urllib.parse import urlencode

from starlette.requests import Request

from handstamp.core.keys import Purpose
from handstamp.login.email_code.codes import LIFETIME, Made, link_token
from handstamp.web.host import Host, Services
from handstamp.web.languages import language_of
from handstamp.web.respond import caller_of

LINK_PATH = "/email-code/link"
_PURPOSE = "email_code"


async def allow_sending(request: Request, services: Services, address: str, *, now: float) -> None:
    """Go on if not too much was sent lately: to this address, and on behalf of this network.

    Raises:
        RateLimited: Too much. Whether the address is anybody's makes no difference.
        StoreUnavailable: Nobody knows; nothing is to be sent.
    """
    await services.throttle.admit_mail(_PURPOSE, account=address, address=caller_of(request).address, now=now)


async def post(request: Request, host: Host, services: Services, made: Made, *, known: bool, now: float) -> None:
    """Send the code, or to an address that is nobody's that it has no account. The work is the same.

    Raises:
        StoreUnavailable: Nothing will be sent.
    """
    token = link_token(made, host.sealer(Purpose.LINK))
    await services.mail.send(
        "email_code" if known else "sign_in_code_unknown",
        made.asked.address,
        language=language_of(request),
        now=now,
        lifetime=LIFETIME,
        code=made.code,
        link=host.place.url(f"{LINK_PATH}?{urlencode({'token': token})}"),
    )
