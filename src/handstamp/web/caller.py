"""Who is calling: one ``Caller`` a request, in ``scope["handstamp"]``.

The check is lazy. It runs when a guard or an optional principal asks, once a request; a route that never asks
pays for one small object. What the response has to carry is decided when the response starts.
"""

from collections.abc import Awaitable, Iterable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from handstamp.core.cookies import flag_cookie, read_cookie, session_cookie, usual_cookie
from handstamp.core.csrf import SAFE_METHODS, check_cross_origin, check_websocket_origin
from handstamp.core.errors import (
    HandstampError,
    InvalidToken,
    SessionEnded,
    StoreUnavailable,
    Unauthenticated,
)
from handstamp.core.models import Principal
from handstamp.core.networks import client_address
from handstamp.core.policy import CookiePolicy
from handstamp.services.audit import log_only
from handstamp.services.cache import Admission
from handstamp.services.sessions import Issued
from handstamp.web.host import Host
from handstamp.web.open import Kind, OpenConnection, kind_of

SCOPE_KEY: Final = "handstamp"
NO_STORE: Final = "private, no-store"


class Caller:
    """Asks, for one request, who is there; remembers the answer; sees to the cookies of the response.

    It is kept in the scope and must not lead back to it, nor to ``send``, which in a server leads to the scope: a
    cycle would leave all that a request holds to the garbage collector, which costs about as much as the check.
    """

    __slots__ = ("_admission", "_client", "_headers", "_method", "_pending", "_refusal", "host", "loaded")

    def __init__(self, host: Host, scope: Scope) -> None:
        self.host = host
        self._headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        self._method: str | None = scope["method"] if scope["type"] == "http" else None
        self._client: tuple[str, int] | None = scope.get("client")
        self._admission: Admission | None = None
        self._refusal: HandstampError | None = None
        self._pending = False
        self.loaded: tuple[object] | tuple[()] = ()
        """The application's own user object, once ``load_user`` has given it."""

    def known(self) -> Principal | None:
        """Who is calling where memory has the answer, in a request like nearly all; None means: ask ``principal``.

        The path of every request, in one pass and without a coroutine. It refuses nobody, and lets in nobody whom
        ``principal`` would not: the cookie is read as there, and what is found in memory is a verified token.
        """
        if self._admission is not None:
            return self._admission.principal
        if self._refusal is not None or self._method not in SAFE_METHODS:
            return None
        cookies: bytes | None = None
        for key, value in self._headers:  # a comprehension would be one more call
            if key == b"cookie":
                if cookies is not None:
                    return None
                cookies = value
        if cookies is None:
            return None
        host = self.host
        token, services = usual_cookie(cookies, host.place.session_opening), host.services
        if token is None or services is None:
            return None
        admission = self._admission = services.check.find(token, host.clock())
        return None if admission is None else admission.principal

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
            known = self.known()
            if known is not None:
                return known
            if self._refusal is not None:
                raise untraced(self._refusal)
        try:
            token = self.token()
            if token is None:
                raise Unauthenticated("sign in first")
            if self._method not in SAFE_METHODS:  # a WebSocket handshake has no method, and is never safe
                self.check_origin(carries_cookie=True)
            services = self.host.services or await self.host.open()
            now = self.host.clock()
            admission = None if strict else services.check.find(token, now)
            if admission is None:
                admission = await services.check.authenticate(token, now=now, address=self.address)
        except HandstampError as error:
            self._admission = None
            self._refusal = untraced(error)  # a traceback leads to this frame, and so back to here
            self._pending = deletes_cookies(error)
            self._log_refusal(error)
            raise
        self._admission = admission
        self._pending = not admission.settled
        return admission.principal

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
            InvalidToken: It cannot be a token.
        """
        lines = self.header_lines(b"cookie")
        return read_cookie(lines, self.host.place.session_cookie) if lines else None

    def presented(self) -> bytes | None:
        """The session token as it came, unverified, for whoever is about to replace it; None where it is unclear."""
        try:
            return self.token()
        except (Unauthenticated, InvalidToken):
            return None

    def header_lines(self, name: bytes) -> list[bytes]:
        """The values of a header of the request, in order."""
        return [value for key, value in self._headers if key == name]

    @property
    def address(self) -> str | None:
        """Where the request came from: as the server saw it, or as proxies say that are trusted."""
        peer, proxies = self._client[0] if self._client else None, self.host.place.proxies
        if not proxies.trusted:
            return peer
        lines = self.header_lines(proxies.header.encode())
        return client_address(peer, lines, header=proxies.header, trusted=proxies.trusted)

    def check_origin(self, *, carries_cookie: bool) -> None:
        """Refuse what another site caused.

        Raises:
            CrossOrigin: It did.
        """
        origins, sites = self.header_lines(b"origin"), self.header_lines(b"sec-fetch-site")
        if self._method is None:
            check_websocket_origin(
                self.host.place.origins, origins=origins, fetch_sites=sites, carries_cookie=carries_cookie
            )
        else:
            check_cross_origin(
                self.host.place.origins,
                method=self._method,
                origins=origins,
                fetch_sites=sites,
                carries_cookie=carries_cookie,
            )

    def sender(self, send: Send) -> Send:
        """The ``send`` for whoever answers a request.

        It adds cookies where something is pending when the response starts. A response that stays open for somebody
        who was let in is registered; an ordinary one never says that more is to come.
        """
        start: Message | None = None
        line: OpenConnection | None = None

        def send_settled(message: Message) -> Awaitable[None]:
            nonlocal start, line
            if line is not None:
                return line.send(message)
            if self._admission is None and not self._pending:
                return send(message)
            if message["type"] == "http.response.start":
                start = message
                if self._pending:
                    return self._start_response(message, send)
            elif (
                "more_body" in message and message["more_body"] and start is not None and self._admission is not None
            ):
                line = OpenConnection(send, kind_of(start))
                self._register(line)
                return line.send(message)
            return send(message)

        return send_settled

    def socket(self, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """The ``receive`` and ``send`` for the handler of a WebSocket: it is registered when it is accepted."""
        line = OpenConnection(send, Kind.WEBSOCKET)
        accepted = registered = False

        def register() -> None:
            # A handler may ask who is there before it accepts or after.
            nonlocal registered
            if accepted and not registered and self._admission is not None:
                registered = True
                self._register(line)

        async def receive_watched() -> Message:
            register()
            return await line.receive(receive)

        async def send_watched(message: Message) -> None:
            nonlocal accepted
            await line.send(message)
            accepted = accepted or message["type"] == "websocket.accept"
            register()

        return receive_watched, send_watched

    def _register(self, line: OpenConnection) -> None:
        services, admission = self.host.services, self._admission
        if services is None or admission is None:
            return
        token = self.presented()
        # The check may be a while ago. The same answer, still in memory, says that nothing has changed since.
        vouched = token is not None and services.check.find(token, self.host.clock()) is admission
        services.live.add(line, admission.principal.session, vouched=vouched)

    def _log_refusal(self, error: HandstampError) -> None:
        """Log why somebody was refused who carries our cookie: a browser without one is nothing to look into."""
        if isinstance(error, Unauthenticated) and not self.header_lines(b"cookie"):
            return
        log_only("request_refused", now=self.host.clock(), address=self.address, code=error.code, message=str(error))

    async def _start_response(self, message: Message, send: Send) -> None:
        self._pending = False
        if self._admission is not None:
            issued = await self._settle(self._admission)
            if issued is not None:
                add_cookies(message, self.host.place.cookies, signed_in_cookies(self.host, issued))
        else:
            add_cookies(message, self.host.place.cookies, self.host.place.signed_out_cookies)
        await send(message)

    async def _settle(self, admission: Admission) -> Issued | None:
        services = self.host.services or await self.host.open()
        try:
            return await services.check.settle(admission, now=self.host.clock())
        except StoreUnavailable:
            # The session could be read when the request came in: it was let in, and nothing is sent.
            return None


def untraced(error: HandstampError) -> HandstampError:
    """The same error anew, without cause and traceback: that holds every frame that the error came through."""
    twin = type(error).__new__(type(error), *error.args)
    vars(twin).update(vars(error))
    return twin


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
