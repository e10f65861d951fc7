"""What helps while an application is developed, and is nowhere else: the mails that were not sent."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import NotFound
from handstamp.core.origins import is_loopback_host
from handstamp.web.host import Host
from handstamp.web.respond import data


class DevelopmentEndpoints:
    """``/dev/mails``, on loopback, where mails are shown instead of sent."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """None, where mails are sent."""
        return [] if self._host.development_mails is None else [Route("/dev/mails", self._mails)]

    async def _mails(self, request: Request) -> Response:
        """The last mails, the newest first. They hold links that sign people in: only this machine may see them."""
        if request.client is None or not is_loopback_host(request.client.host):
            raise NotFound("mails are shown to this machine alone")
        mails = self._host.development_mails or ()
        return data(
            [
                {"to": one.to, "subject": one.subject, "text": one.text, "html": one.html, "links": one.links}
                for one in mails
            ]
        )
