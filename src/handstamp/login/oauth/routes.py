"""The HTTP side of a sign-in with a provider: out to it, and back.

``GET /login/{id}`` seals the flow into a cookie of this browser and sends it out; ``GET /callback/{id}`` opens it,
uses it up, and only then speaks to the provider. Nothing is created before the provider said who that is.
"""

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handstamp.core.cookies import cookies_with_prefix, delete_flow_cookie, flow_cookie, read_cookie
from handstamp.core.errors import (
    HandstampError,
    InvalidRequest,
    InvalidToken,
    LoginFailed,
    StoreUnavailable,
    Unauthenticated,
)
from handstamp.core.keys import Purpose
from handstamp.core.models import Proof
from handstamp.core.redirects import SafeRedirect
from handstamp.login.oauth.client import new_client, perform
from handstamp.login.oauth.exchange import FLOW_UNKNOWN, Exchange, parse_form
from handstamp.login.oauth.flow import FLOW_LIFETIME, Flow, callback_parameters, cookie_key_of
from handstamp.login.oauth.provider import Provider
from handstamp.services.audit import log_only
from handstamp.web.caller import NO_STORE
from handstamp.web.entering import enter
from handstamp.web.errors import error_response
from handstamp.web.host import Host
from handstamp.web.respond import caller_of

if TYPE_CHECKING:
    import httpx2

MAX_FLOWS: Final = 5
"""Sign-ins that one browser may have under way; the oldest makes room."""

MAX_FLOW_BYTES: Final = 4096
"""Of cookies for them all: servers and proxies refuse a header line beyond 8 KB, whoever made the browser begin."""

_MAX_FORM_BYTES: Final = 16_384
_PURPOSE: Final = "oauth-flow"
_COOKIE_KEY: Final = re.compile(rb"[A-Za-z0-9_-]{22}")
"""What ``Flow.cookie_key`` looks like. Whatever else stands behind the prefix is not ours to delete."""

T = TypeVar("T")


class OAuthRoutes:
    """The routes of one provider.

    Args:
        provider: Which.
        host: The application's.
    """

    def __init__(self, provider: Provider, host: Host) -> None:
        self._provider = provider
        self._host = host
        self._callback_path = f"/callback/{provider.id}"
        self._callback_url = host.place.url(self._callback_path)
        self._client: httpx2.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def routes(self) -> list[Route]:
        """Out and back. A ``form_post`` answer comes by POST and is sent on as GET."""
        return [
            Route(f"/login/{self._provider.id}", self._begin),
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
        try:
            begun = await self._perform(self._provider.begin(callback_url=self._callback_url, now=self._host.clock()))
        except LoginFailed as error:
            await self._record_failure(request, error, None)
            raise
        return_to = SafeRedirect.parse(request.query_params.get("return_to"), self._host.place.origins)
        flow = replace(
            begun.flow,
            return_to=None if return_to is None else return_to.location,
            remember=request.query_params.get("remember") == "1",
        )
        response = RedirectResponse(begun.url, 302, {"Cache-Control": NO_STORE, "Referrer-Policy": "no-referrer"})
        self._keep(request, response, flow)
        return response

    async def _finish(self, request: Request) -> Response:
        """Find out who came back, and sign them in."""
        if request.method == "HEAD":
            raise InvalidRequest("a sign-in ends with GET")
        key: str | None = None
        flow: Flow | None = None
        try:
            parameters = callback_parameters(request.scope["query_string"].decode("latin-1"))
            key = cookie_key_of(parameters)
            flow = self._opened(request, key)
            response = await self._sign_in(request, flow, parameters)
        except HandstampError as error:
            response = error_response(request, error, self._host.place)
            response.headers["Referrer-Policy"] = "no-referrer"  # the address holds a code, and stays in the bar
            await self._record_failure(request, error, flow)
            if not isinstance(error, LoginFailed):
                return response  # Not the flow's fault: the store was gone, say. It may be tried again.
        if key is not None:
            cookie = delete_flow_cookie(self._host.place.cookies, key)
            response.headers.append("set-cookie", cookie.decode("latin-1"))
        return response

    async def _sign_in(self, request: Request, flow: Flow, parameters: dict[str, str]) -> Response:
        services = self._host.services or await self._host.open()
        flow.require(provider=self._provider.id, issuer=self._provider.issuer, now=self._host.clock())
        if not await services.challenges.consume(
            _PURPOSE, flow.id, expires_at=flow.expires_at, now=self._host.clock()
        ):
            raise LoginFailed(FLOW_UNKNOWN, "the flow was used before")
        profile = await self._perform(
            self._provider.finish(flow, parameters, callback_url=self._callback_url, now=self._host.clock())
        )
        now = self._host.clock()
        user = await services.accounts.sign_in(profile, now=now)
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

    def _keep(self, request: Request, response: Response, flow: Flow) -> None:
        policy = self._host.place.cookies
        prefix = policy.flow_prefix.encode()
        try:
            sealed = self._host.sealer(Purpose.FLOW).seal(flow.to_bytes(), context=flow.cookie_key.encode())
        except ValueError as error:
            raise InvalidRequest("return_to is too long") from error
        older = cookies_with_prefix(caller_of(request).header_lines(b"cookie"), prefix)
        flows = {
            key.decode("ascii"): len(cookie) + len(value)
            for cookie, value in older.items()
            if _COOKIE_KEY.fullmatch(key := cookie.removeprefix(prefix))
        }
        cookies = [flow_cookie(policy, flow.cookie_key, sealed, max_age=int(FLOW_LIFETIME))]
        room = MAX_FLOW_BYTES - len(sealed)
        # Browsers list the cookies of one path oldest first (RFC 6265 §5.4): from the newest on, what fits may stay.
        for kept, (name, size) in enumerate(reversed(flows.items()), start=1):
            room -= size
            if kept >= MAX_FLOWS or room < 0:
                cookies.append(delete_flow_cookie(policy, name))
        for cookie in cookies:
            response.headers.append("set-cookie", cookie.decode("latin-1"))

    def _opened(self, request: Request, key: str | None) -> Flow:
        """The flow that this browser keeps for this callback.

        Raises:
            LoginFailed: ``flow_unknown``; it keeps none, or one that is not ours.
        """
        if key is None:
            raise LoginFailed(FLOW_UNKNOWN, "the callback names no flow")
        name = f"{self._host.place.cookies.flow_prefix}{key}".encode()
        try:
            sealed = read_cookie(caller_of(request).header_lines(b"cookie"), name)
        except (Unauthenticated, InvalidToken) as error:
            raise LoginFailed(FLOW_UNKNOWN, "the flow's cookie cannot be read") from error
        if sealed is None:
            raise LoginFailed(FLOW_UNKNOWN, "this browser has no such flow")
        try:
            return Flow.from_bytes(self._host.sealer(Purpose.FLOW).open(sealed, context=key.encode()))
        except InvalidToken as error:
            raise LoginFailed(FLOW_UNKNOWN, "the flow's cookie is not ours") from error

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

    async def _perform(self, exchange: Exchange[T]) -> T:
        loop = asyncio.get_running_loop()
        # Connections belong to their loop, and test clients run each request on a loop of its own.
        if self._client is None or self._loop is not loop:
            self._client, self._loop = new_client(), loop
        return await perform(exchange, self._client)
