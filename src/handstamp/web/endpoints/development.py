"""What helps while an application is developed, and is nowhere else: the mails that were not sent."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import NotFound
from handstamp.core.origins import is_loopback_host
from handstamp.web.host import Host
from handstamp.web.respond import data

_OF_PROXIES: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""What those who pass a request on say of it."""


class DevelopmentEndpoints:
    """``/dev/mails``, on loopback, where mails are shown instead of sent."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """None, where mails are sent."""
        return [] if self._host.development_mails is None else [Route("/dev/mails", self._mails)]

    async def _mails(self, request: Request) -> Response:
        """The last mails, the newest first. They hold links that sign people in: only this machine may see them."""
        if not _is_from_here(request):
            raise NotFound("mails are shown to this machine alone")
        mails = self._host.development_mails or ()
        return data(
            [
                {"to": one.to, "subject": one.subject, "text": one.text, "html": one.html, "links": one.links}
                for one in mails
            ]
        )


def _is_from_here(request: Request) -> bool:
    """Whether a program or a page of this machine asks, and nobody behind it.

    A tunnel or a proxy connects from here too, for people elsewhere: it says so, or asks for another host. So does a
    page whose name was made to lead here (DNS rebinding). And a page of another site may not even ask.
    """
    if request.client is None or not is_loopback_host(request.client.host):
        return False
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return False
    passed_on = any(name in request.headers for name in _OF_PROXIES)
    elsewhere = request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
    return is_loopback_host(host or "") and not passed_on and not elsewhere
