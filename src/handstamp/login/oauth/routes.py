"""The HTTP side of a sign-in with a provider: out to it, and back.

``GET /login/{id}`` seals the flow into a cookie of this browser and sends it out; ``GET /callback/{id}`` opens it,
uses it up, and only then speaks to the provider. Nothing is created before the provider said who that is.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handstamp.core.errors import (
    AddressTaken,
    HandstampError,
    IdentityTaken,
    InvalidRequest,
    InvalidToken,
    LoginFailed,
    SessionEnded,
    StoreUnavailable,
    Unauthenticated,
)
from handstamp.core.models import Principal, Profile, Proof
from handstamp.core.redirects import SafeRedirect
from handstamp.login.oauth.exchange import FLOW_UNKNOWN, parse_form
from handstamp.login.oauth.flow import CONFIRM, LINK, SIGN_IN, Flow, callback_parameters, cookie_key_of
from handstamp.login.oauth.flow_cookies import drop_flow, keep_flow, kept_flow
from handstamp.login.oauth.linking import hold_link, sign_in_to_link
from handstamp.login.oauth.pages import Continue, SignInToLink
from handstamp.login.oauth.provider import Provider
from handstamp.services.audit import log_only
from handstamp.web.caller import NO_STORE
from handstamp.web.endpoints.security import PATH as SECURITY
from handstamp.web.entering import enter, re_enter
from handstamp.web.errors import error_response
from handstamp.web.guards import fresh_principal
from handstamp.web.host import Host
from handstamp.web.intake import read_fields
from handstamp.web.respond import caller_of, data, page, see_other, wants_page
from handstamp.web.signing import signed_in

if TYPE_CHECKING:
    from handstamp.login.oauth.method import OAuthMethod

_MAX_FORM_BYTES: Final = 16_384
_PURPOSE: Final = "oauth-flow"


class OAuthRoutes:
    """The routes of one provider.

    Args:
        provider: Which.
        way: The same, as a way in: it has the connections.
        host: The application's.
    """

    def __init__(self, provider: Provider, way: "OAuthMethod", host: Host) -> None:
        self._provider = provider
        self._perform = way.network.perform
        self._host = host
        self._callback_path = f"/callback/{provider.id}"
        self._callback_url = host.place.url(self._callback_path)

    def routes(self) -> list[Route]:
        """Out and back. A ``form_post`` answer comes by POST and is sent on as GET."""
        return [
            Route(f"/login/{self._provider.id}", self._begin),
            Route(f"/identities/{self._provider.id}", self._begin_link, methods=["POST"]),
            Route(self._callback_path, self._finish, methods=["GET"]),
            Route(self._callback_path, self._forward_form, methods=["POST"]),
        ]

    async def _begin(self, request: Request) -> Response:
        """Send a browser to the provider. No cookie is set unless a document navigates: an image could not go on."""
        if request.method == "HEAD":
            raise InvalidRequest("a sign-in begins with GET")
        for header, expected in (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")):
            if request.headers.get(header, expected) != expected:
                raise InvalidRequest("open this address in a browser window")
        query = request.query_params
        principal = await caller_of(request).principal() if query.get("reauthenticate") == "1" else None
        url, flow = await self._begun(request, CONFIRM if principal else SIGN_IN, principal)
        return_to = SafeRedirect.parse(query.get("return_to"), self._host.place.origins)
        flow = replace(
            flow, return_to=None if return_to is None else return_to.location, remember=query.get("remember") == "1"
        )
        response = RedirectResponse(url, 302, {"Cache-Control": NO_STORE, "Referrer-Policy": "no-referrer"})
        keep_flow(request, response, self._host, flow)
        return response

    async def _begin_link(self, request: Request) -> Response:
        """Let somebody who is signed in set out to link another login. A form gets a page with a link.

        A form that is redirected to another site is stopped by ``form-action`` of our own policy.
        """
        fields = await read_fields(request)
        principal = await fresh_principal(caller_of(request))
        url, flow = await self._begun(request, LINK, principal)
        return_to = fields.return_to(self._host.place.origins)
        flow = replace(flow, return_to=None if return_to is None else return_to.location)
        response = (
            page(request, self._host.place, Continue(label=self._provider.label, href=url))
            if fields.form
            else data({"location": url})
        )
        keep_flow(request, response, self._host, flow)
        return response

    async def _begun(self, request: Request, aim: str, principal: Principal | None) -> tuple[str, Flow]:
        """Begin, for whoever is signed in where it is for them alone."""
        try:
            begun = await self._perform(
                self._provider.begin(callback_url=self._callback_url, now=self._host.clock(), anew=aim == CONFIRM)
            )
        except LoginFailed as error:
            await self._record_failure(request, error, None)
            raise
        if principal is None:
            return begun.url, begun.flow
        bound = replace(begun.flow, aim=aim, session_id=principal.session.id, user_id=principal.user.id)
        return begun.url, bound

    async def _finish(self, request: Request) -> Response:
        """Find out who came back, and do what they set out for."""
        if request.method == "HEAD":
            raise InvalidRequest("a sign-in ends with GET")
        key: str | None = None
        flow: Flow | None = None
        try:
            parameters = callback_parameters(request.scope["query_string"].decode("latin-1"))
            key = cookie_key_of(parameters)
            flow = kept_flow(request, self._host, key)
            response = await self._came_back(request, flow, parameters)
        except HandstampError as error:
            response = error_response(request, error, self._host.place)
            response.headers["Referrer-Policy"] = "no-referrer"  # the address holds a code, and stays in the bar
            await self._record_failure(request, error, flow)
            if not isinstance(error, LoginFailed | IdentityTaken):
                return response  # Not the flow's fault: the store was gone, say. It may be tried again.
        return drop_flow(response, self._host, key)

    async def _came_back(self, request: Request, flow: Flow, parameters: dict[str, str]) -> Response:
        services, now = self._host.services or await self._host.open(), self._host.clock()
        flow.require(provider=self._provider.id, issuer=self._provider.issuer, now=now)
        principal = None if flow.aim == SIGN_IN else await self._same_session(request, flow)
        if not await services.challenges.consume(_PURPOSE, flow.id, expires_at=flow.expires_at, now=now):
            raise LoginFailed(FLOW_UNKNOWN, "the flow was used before")
        profile = await self._perform(
            self._provider.finish(flow, parameters, callback_url=self._callback_url, now=self._host.clock())
        )
        if principal is None:
            return await self._sign_in(request, flow, profile)
        if flow.aim == LINK:
            return await self._link(request, flow, profile, principal)
        return await self._confirm(request, flow, profile, principal)

    async def _same_session(self, request: Request, flow: Flow) -> Principal:
        """Who is signed in, in the very session that set out: else a stranger's login could be linked (OAU-01).

        Raises:
            LoginFailed: ``flow_unknown``; it is another session, or none any more.
        """
        try:
            principal = await caller_of(request).principal()
        except (Unauthenticated, InvalidToken, SessionEnded) as error:
            raise LoginFailed(FLOW_UNKNOWN, "nobody is signed in any more") from error
        if principal.session.id != flow.session_id or principal.user.id != flow.user_id:
            raise LoginFailed(FLOW_UNKNOWN, "another session set out than the one that came back")
        return principal

    async def _sign_in(self, request: Request, flow: Flow, profile: Profile) -> Response:
        services = self._host.services or await self._host.open()
        try:
            user = await services.accounts.sign_in(profile, now=self._host.clock())
        except AddressTaken as taken:
            return await self._hold(request, flow, profile, taken)
        return await enter(
            request,
            self._host,
            user,
            Proof(),  # the provider knows how; RFC 8176 has no word for "somebody else saw to it"
            method=self._provider.id,
            remember=flow.remember,
            return_to=SafeRedirect.parse(flow.return_to, self._host.place.origins),
            as_page=True,
        )

    async def _hold(self, request: Request, flow: Flow, profile: Profile, taken: AddressTaken) -> Response:
        """Let a new login wait in this browser until the one whose address it says has signed in."""
        failure = LoginFailed("sign_in_to_link", "the verified address is another user's, who may link this login")
        await self._record_failure(request, failure, flow)
        if wants_page(request):
            context = SignInToLink(label=self._provider.label, href=sign_in_to_link(self._host.place))
            response = page(request, self._host.place, context, status=409)
        else:
            response = error_response(request, failure, self._host.place)
        response.headers["Referrer-Policy"] = "no-referrer"
        hold_link(response, self._host, self._provider, profile, user_id=taken.user_id)
        return response

    async def _link(self, request: Request, flow: Flow, profile: Profile, principal: Principal) -> Response:
        services = self._host.services or await self._host.open()
        await services.identities.link(
            profile, principal, now=self._host.clock(), address=caller_of(request).address, provider=self._provider.id
        )
        return see_other(self._way_back(flow))

    async def _confirm(self, request: Request, flow: Flow, profile: Profile, principal: Principal) -> Response:
        """A new session for whoever has shown anew, at the provider, that it is them (SES-02)."""
        services = self._host.services or await self._host.open()
        if not await services.identities.belongs(profile, principal.user.id):
            raise LoginFailed("another_user", "somebody else signed in at the provider than the one who is here")
        issued = await re_enter(request, self._host, principal, Proof(), method=self._provider.id)
        return signed_in(self._host, see_other(self._way_back(flow)), issued)

    def _way_back(self, flow: Flow) -> SafeRedirect:
        place = self._host.place
        return SafeRedirect.parse(flow.return_to, place.origins) or SafeRedirect.to_path(place.path(SECURITY))

    async def _forward_form(self, request: Request) -> Response:
        """303 a form_post answer to GET: it comes from another site, so it lacks our cookies, and changes nothing."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_FORM_BYTES:
                raise InvalidRequest("the form is too long")
        try:
            query = urlencode(parse_form(bytes(body).decode("ascii")))
        except ValueError as error:
            raise InvalidRequest("the form cannot be read") from error
        # To our own path, so no SafeRedirect: a code with an ID token beside it is longer than one may ask for.
        headers = {"Cache-Control": NO_STORE, "Referrer-Policy": "no-referrer"}
        return RedirectResponse(f"{self._host.place.path(self._callback_path)}?{query}", 303, headers)

    async def _record_failure(self, request: Request, error: HandstampError, flow: Flow | None) -> None:
        """Record what happened to a flow of ours; the rest anybody can cause, so it is only logged.

        A write for each request of strangers would fill the store, and hold up everybody else's. A store that cannot
        be asked is not asked to remember that: its time limit would be waited for twice.
        """
        now, address = self._host.clock(), caller_of(request).address
        reason = error.reason if isinstance(error, LoginFailed) else error.code
        if flow is None or self._host.services is None or isinstance(error, StoreUnavailable):
            log_only(
                "sign_in_failed",
                now=now,
                address=address,
                provider=self._provider.id,
                reason=reason,
                message=str(error),
            )
            return
        await self._host.services.audit.record(
            "sign_in_failed",
            now=now,
            address=address,
            provider=self._provider.id,
            reason=reason,
            message=str(error),
        )
