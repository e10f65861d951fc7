"""What happened to the account of whoever asks: the audit trail, as far as it is about them."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidRequest, InvalidToken, Unauthenticated
from handstamp.core.models import AuditEvent, Principal
from handstamp.web.host import Host
from handstamp.web.login_page import to_login, with_query
from handstamp.web.pages.contexts import Activity, Happened
from handstamp.web.pages.events import HAPPENED
from handstamp.web.represent import moment
from handstamp.web.respond import caller_of, data, page

PATH: Final = "/account/activity"
A_PAGE: Final = 25
"""Events."""
PAGES: Final = 40
"""What is older is in the trail of those who run the application; a page reads those before it too."""

_BEGINNING: Final = "session_started"
_NUMBER: Final = re.compile(r"[1-9][0-9]?")


class ActivityEndpoints:
    """The page, and the same for programs."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/account/activity`` and ``/activity``."""
        return [Route(PATH, self._show), Route("/activity", self._list)]

    async def _show(self, request: Request) -> Response:
        place, number = self._host.place, _number_of(request)
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken):
            return to_login(place, place.path(PATH))
        happened, more = await self._page(principal, number)
        newer = None if number == 1 else with_query(place.path(PATH), {"page": str(number - 1)})
        older = with_query(place.path(PATH), {"page": str(number + 1)}) if more else None
        context = Activity(happened=happened, now=self._host.clock(), newer=newer, older=older)
        return page(request, place, context)

    async def _list(self, request: Request) -> Response:
        number = _number_of(request)
        happened, more = await self._page(await caller_of(request).principal(), number)
        return data(
            {
                "events": [
                    {
                        "id": one.id,
                        "at": moment(one.at),
                        "event": one.event,
                        "method": one.method,
                        "reason": one.reason,
                        "address": one.address,
                        "user_agent": one.user_agent,
                        "current": one.current,
                    }
                    for one in happened
                ],
                "next_page": number + 1 if more else None,
            }
        )

    async def _page(self, principal: Principal, number: int) -> tuple[tuple[Happened, ...], bool]:
        """The events of a page, newest first, and whether there is another page after it."""
        services = self._host.services or await self._host.open()
        user_id, now = principal.user.id, self._host.clock()
        last = number * A_PAGE
        trail = await services.audit.about(user_id, limit=2 * (last + 1))
        agents = {one.id: one.user_agent for one in await services.sessions.list(user_id, now=now)} | {
            one.session_id: one.detail["user_agent"] for one in trail if "user_agent" in one.detail
        }
        # Each sign-in begins a session, and is told already. The beginning knows the device.
        events = [one for one in trail if one.event != _BEGINNING]
        labels = {way.id: way.label for way in self._host.methods}
        shown = tuple(
            _happened(one, principal, agents.get(one.session_id), labels) for one in events[last - A_PAGE : last]
        )
        return shown, len(events) > last and number < PAGES


def _happened(event: AuditEvent, principal: Principal, agent: str | None, labels: dict[str, str]) -> Happened:
    way = event.detail.get("method") or event.detail.get("provider")
    return Happened(
        id=event.id,
        at=event.at,
        event=event.event,
        text=HAPPENED.get(event.event),
        method=way,
        way=None if way is None else labels.get(way, way),
        reason=event.detail.get("reason"),
        address=event.address,
        user_agent=agent,
        current=event.session_id == principal.session.id,
    )


def _number_of(request: Request) -> int:
    number = request.query_params.get("page", "1")
    if not _NUMBER.fullmatch(number) or int(number) > PAGES:
        raise InvalidRequest(f"page is a number from 1 to {PAGES}")
    return int(number)
