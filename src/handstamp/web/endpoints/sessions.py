"""All sessions of whoever asks: list them, end one, end the others (SES-07)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.errors import InvalidRequest, NotFound
from handstamp.core.models import EndReason, Principal
from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Host
from handstamp.web.pages.contexts import Sessions
from handstamp.web.represent import listed_session_data
from handstamp.web.respond import caller_of, data, nothing, page, see_other, wants_page
from handstamp.web.signing import signed_out


class SessionsEndpoints:
    """Everything below ``/sessions``."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def routes(self) -> list[Route]:
        """``/sessions`` and what is below it. Browsers' forms know only POST, so each DELETE has a POST beside it."""
        return [
            Route("/sessions", self._show),
            Route("/sessions", self._delete_all, methods=["DELETE"]),
            Route("/sessions/end-others", self._form_end_others, methods=["POST"]),
            Route("/sessions/{session_id}", self._delete_one, methods=["DELETE"]),
            Route("/sessions/{session_id}/end", self._form_end_one, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        principal = await caller_of(request).principal()
        now = self._host.clock()
        services = self._host.services or await self._host.open()
        sessions = await services.sessions.list(principal.user.id, now=now)
        current = principal.session.id
        if wants_page(request):
            return page(request, self._host.place, Sessions(sessions=sessions, current=current, now=now))
        return data({"sessions": [listed_session_data(session, current=current) for session in sessions]})

    async def _end_one(self, request: Request) -> Principal:
        """End the session in the path. Another user's looks like one that is not there (SES-10)."""
        caller = caller_of(request)
        principal = await caller.principal()
        services = self._host.services or await self._host.open()
        session_id = request.path_params["session_id"]
        own = session_id == principal.session.id
        reason = EndReason.SIGNED_OUT if own else EndReason.ENDED_ELSEWHERE
        if not await services.sessions.end(
            session_id, reason=reason, now=self._host.clock(), user_id=principal.user.id, address=caller.address
        ):
            raise NotFound("there is no such session")
        return principal

    async def _end_others(self, request: Request, *, keep_current: bool = True) -> None:
        caller = caller_of(request)
        principal = await caller.principal()
        services = self._host.services or await self._host.open()
        await services.sessions.end_all(
            principal.user.id,
            reason=EndReason.ENDED_ELSEWHERE if keep_current else EndReason.SIGNED_OUT,
            now=self._host.clock(),
            keep=principal.session.id if keep_current else None,
            address=caller.address,
        )

    async def _delete_one(self, request: Request) -> Response:
        principal = await self._end_one(request)
        own = request.path_params["session_id"] == principal.session.id
        return signed_out(self._host, nothing()) if own else nothing()

    async def _delete_all(self, request: Request) -> Response:
        keep = request.query_params.get("keep")
        if keep not in {None, "current"}:
            raise InvalidRequest("keep is 'current' or left out")
        await self._end_others(request, keep_current=keep is not None)
        return nothing() if keep is not None else signed_out(self._host, nothing())

    async def _form_end_one(self, request: Request) -> Response:
        principal = await self._end_one(request)
        if request.path_params["session_id"] == principal.session.id:
            return signed_out(self._host, see_other(SafeRedirect.to_path(self._host.place.path("/signed-out"))))
        return see_other(SafeRedirect.to_path(self._host.place.path("/sessions")))

    async def _form_end_others(self, request: Request) -> Response:
        await self._end_others(request)
        return see_other(SafeRedirect.to_path(self._host.place.path("/sessions")))
