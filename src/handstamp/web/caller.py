"""Who is calling: one ``Caller`` a request, in ``scope["handstamp"]``.

The check is lazy. It runs when a guard or an optional principal asks, once a request; a route that never asks
pays for one small object. What the response has to carry is decided when the response starts.
"""

from collections.abc import Awaitable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

from handstamp.core.cookies import (
    delete_flag_cookie,
    delete_session_cookie,
    flag_cookie,
    read_cookie,
    session_cookie,
)
from handstamp.core.csrf import check_cross_origin, check_websocket_origin
from handstamp.core.errors import (
    HandstampError,
    InvalidToken,
    SessionEnded,
    StoreUnavailable,
    Unauthenticated,
)
from handstamp.core.models import Principal
from handstamp.core.policy import CookiePolicy
from handstamp.services.cache import Admission
from handstamp.services.sessions import Issued
from handstamp.web.host import Host

SCOPE_KEY: Final = "handstamp"
NO_STORE: Final = "private, no-store"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Caller:
    """Asks, for one request, who is there; remembers the answer; sees to the cookies of the response."""

    __slots__ = ("_admission", "_pending", "_refusal", "_scope", "_send", "host", "loaded")

    def __init__(self, host: Host, scope: Scope, send: Send) -> None:
        self.host = host
        self._scope = scope
        self._send = send
        self._admission: Admission | None = None
        self._refusal: HandstampError | None = None
        self._pending = False
        self.loaded: tuple[object] | tuple[()] = ()
        """The application's own user object, once ``load_user`` has given it."""

    async def principal(self, *, strict: bool = False) -> Principal:
        """Who is calling, or the reason why nobody is let in.

        Args:
            strict: Ask the store, even where the answer is in memory and as good.

        Raises:
            Unauthenticated: No token, or our cookie twice.
            InvalidToken: The token is not one of ours.
            SessionEnded: Its session is over.
            CrossOrigin: Another site caused this request, and it is not a safe one.
            StoreUnavailable: The store cannot be asked.
        """
        if not strict:
            if self._admission is not None:
                return self._admission.principal
            if self._refusal is not None:
                raise self._refusal
        try:
            self._admission = await self._admit(strict=strict)
        except HandstampError as error:
            self._admission = None
            self._refusal = error
            self._pending = deletes_cookies(error)
            raise
        self._pending = not self._admission.settled
        return self._admission.principal

    async def optional(self) -> Principal | None:
        """Who is calling, or None for an anonymous caller: no session, a bad token or one that is over.

        Raises:
            CrossOrigin: Another site caused this request, and it is not a safe one.
            StoreUnavailable: Nobody knows whether the caller is signed in.
        """
        try:
            return await self.principal()
        except (Unauthenticated, InvalidToken, SessionEnded):
            return None

    def token(self) -> bytes | None:
        """The session token as it came, unverified; None if there is none.

        Raises:
            Unauthenticated: Our cookie came twice, so nobody knows which one counts.
        """
        lines = self.header_lines(b"cookie")
        return read_cookie(lines, self.host.place.cookies.session.encode()) if lines else None

    def presented(self) -> bytes | None:
        """The session token as it came, unverified, for whoever is about to replace it; None where it is unclear."""
        try:
            return self.token()
        except Unauthenticated:
            return None

    def header_lines(self, name: bytes) -> list[bytes]:
        """The values of a header of the request, in order."""
        return [value for key, value in self._scope["headers"] if key == name]

    @property
    def address(self) -> str | None:
        """Where the request came from, as the server saw it."""
        client = self._scope.get("client")
        return str(client[0]) if client else None

    def check_origin(self, *, carries_cookie: bool) -> None:
        """Refuse what another site caused.

        Raises:
            CrossOrigin: It did.
        """
        origins, sites = self.header_lines(b"origin"), self.header_lines(b"sec-fetch-site")
        if self._scope["type"] == "websocket":
            check_websocket_origin(
                self.host.place.origins, origins=origins, fetch_sites=sites, carries_cookie=carries_cookie
            )
        else:
            check_cross_origin(
                self.host.place.origins,
                method=self._scope["method"],
                origins=origins,
                fetch_sites=sites,
                carries_cookie=carries_cookie,
            )

    def send(self, message: Message) -> Awaitable[None]:
        """The ``send`` of the request: adds cookies where something is pending when the response starts."""
        if self._pending and message["type"] == "http.response.start":
            return self._start_response(message)
        return self._send(message)

    async def _admit(self, *, strict: bool) -> Admission:
        token = self.token()
        if token is None:
            raise Unauthenticated("sign in first")
        if self._scope["type"] == "websocket" or self._scope["method"] not in _SAFE:
            self.check_origin(carries_cookie=True)
        now = self.host.clock()
        services = self.host.services or await self.host.open()
        if not strict:
            admission = services.check.find(token, now)
            if admission is not None:
                return admission
        return await services.check.authenticate(token, now=now, address=self.address)

    async def _start_response(self, message: Message) -> None:
        self._pending = False
        if self._admission is not None:
            issued = await self._settle(self._admission)
            if issued is not None:
                add_cookies(message, self.host.place.cookies, signed_in_cookies(self.host, issued))
        else:
            policy = self.host.place.cookies
            add_cookies(message, policy, (delete_session_cookie(policy), delete_flag_cookie(policy)))
        await self._send(message)

    async def _settle(self, admission: Admission) -> Issued | None:
        services = self.host.services or await self.host.open()
        try:
            return await services.check.settle(admission, now=self.host.clock())
        except StoreUnavailable:
            # The session could be read when the request came in: it was let in, and nothing is sent.
            return None


def deletes_cookies(error: HandstampError) -> bool:
    """Whether a refusal takes the cookie with it: it was ours and is worth nothing any more."""
    return isinstance(error, InvalidToken) or (isinstance(error, SessionEnded) and not error.keep_cookie)


def signed_in_cookies(host: Host, issued: Issued) -> tuple[bytes, bytes]:
    """The session cookie and the readable flag, for as long as the session may live or the browser is open."""
    policy, session = host.place.cookies, issued.session
    max_age = max(0, int(session.expires_at - host.clock())) if session.persistent else None
    return session_cookie(policy, issued.token, max_age=max_age), flag_cookie(policy, max_age=max_age)


def add_cookies(message: Message, policy: CookiePolicy, cookies: tuple[bytes, ...]) -> None:
    """Add Set-Cookie headers, and keep every cache away from the response.

    A response that sets the session cookie already (a sign-in, a sign-out) knows better: it stays as it is.
    """
    headers = MutableHeaders(scope=message)
    ours = f"{policy.session}="
    if any(value.startswith(ours) for value in headers.getlist("set-cookie")):
        return
    for cookie in cookies:
        headers.append("set-cookie", cookie.decode("latin-1"))
    headers["cache-control"] = NO_STORE
