"""Guards: what a route may ask of its caller. The integrations dress them for their framework."""

import inspect
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from handstamp.core.durations import parse_duration
from handstamp.core.errors import (
    ConfigurationError,
    Forbidden,
    FreshSessionRequired,
    HandstampError,
    SecondFactorRequired,
)
from handstamp.core.models import AAL2, Principal
from handstamp.core.policy import MINUTE
from handstamp.web.caller import SCOPE_KEY, Caller
from handstamp.web.errors import answer_for, error_response, headers_of
from handstamp.web.host import Place

FRESH: Final = 15 * MINUTE
"""Seconds since the sign-in, for whoever changes what they sign in with."""


class GuardRefused(HTTPException):
    """A refusal in the shape that frameworks pass through mounted applications unharmed.

    Where the application knows ``answer_refusal`` it becomes problem+json or a page. In a mounted application that
    does not, the framework's own answer still has the status, the headers and the code as its detail.
    """

    def __init__(self, error: HandstampError, place: Place) -> None:
        super().__init__(answer_for(error).status, error.code, headers_of(error, place))
        self.error = error
        self.place = place


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a route asks of a caller, beyond being signed in."""

    role: str | None = None
    max_age: float | None = None
    """Seconds since the sign-in."""
    strict: bool = False
    """Ask the store, even where the answer is in memory and as good."""
    aal: int = 1
    """The assurance level that the session has to have: 2 asks for two factors."""

    @classmethod
    def of(
        cls, *, role: str | None, fresh: str | float | None, strict: bool, aal: int | None = None
    ) -> "Requirement":
        """From the arguments of ``require``.

        Raises:
            ConfigurationError: ``fresh`` is no duration, or ``aal`` neither 1 nor 2.
        """
        if isinstance(aal, bool) or aal not in {None, 1, AAL2}:
            raise ConfigurationError(f"aal: {aal!r} is no level that a sign-in can reach: write 1 or 2")
        try:
            return cls(role, None if fresh is None else parse_duration(fresh), strict, aal or 1)
        except ValueError as error:
            raise ConfigurationError(f"fresh: {error}") from None

    def check(self, principal: Principal, now: float) -> None:
        """Let a principal pass, or say what is missing.

        Raises:
            Forbidden: The role.
            SecondFactorRequired: A second factor.
            FreshSessionRequired: A recent sign-in.
        """
        if self.role is not None and not principal.has_role(self.role):
            raise Forbidden(f"the role {self.role} is missing")
        if principal.session.aal < self.aal:
            raise SecondFactorRequired("a second factor is missing")
        if self.max_age is not None and not is_fresh(principal, now, self.max_age):
            raise FreshSessionRequired(self.max_age)


def is_fresh(principal: Principal, now: float, max_age: float = FRESH) -> bool:
    """Whether the last sign-in or confirmation is recent enough."""
    return now - principal.session.authenticated_at < max_age


async def fresh_principal(caller: Caller, *, aal: int = 1) -> Principal:
    """Who is calling, to change what they sign in with (SES-09).

    Raises:
        SecondFactorRequired: Their session does not reach ``aal``.
        FreshSessionRequired: They signed in too long ago.
        HandstampError: As ``Caller.principal``.
    """
    principal = await caller.principal()
    Requirement(max_age=FRESH, aal=aal).check(principal, caller.host.clock())
    return principal


def known_to(connection: HTTPConnection) -> Principal | None:
    """Who is calling where memory has the answer; None means: ask ``principal_of``. Awaits nothing."""
    caller = connection.scope.get(SCOPE_KEY)
    return caller.known() if isinstance(caller, Caller) else None


async def principal_of(connection: HTTPConnection, requirement: Requirement | None = None) -> Principal:
    """Who is calling.

    Raises:
        GuardRefused: Nobody is let in, or the requirement is not met.
    """
    caller = _caller(connection)
    try:
        if requirement is None:
            return await caller.principal()
        principal = await caller.principal(strict=requirement.strict)
        requirement.check(principal, caller.host.clock())
    except HandstampError as error:
        raise GuardRefused(error, caller.host.place) from error
    return principal


async def optional_principal_of(connection: HTTPConnection) -> Principal | None:
    """Who is calling, or None for an anonymous caller.

    Raises:
        GuardRefused: Nobody can say, or another site caused the request.
    """
    caller = _caller(connection)
    try:
        return await caller.optional()
    except HandstampError as error:
        raise GuardRefused(error, caller.host.place) from error


async def loaded_user_of(connection: HTTPConnection) -> object:
    """The application's own object for the user, by its ``load_user``; called once a request (B11).

    Raises:
        GuardRefused: Nobody is let in.
        ConfigurationError: The application gave no ``load_user``.
    """
    caller = _caller(connection)
    principal = await principal_of(connection)
    if not caller.loaded:
        load_user = caller.host.load_user
        if load_user is None:
            raise ConfigurationError("no user can be loaded: give Auth a load_user")
        result = load_user(principal.user)
        caller.loaded = (await result if inspect.isawaitable(result) else result,)
    return caller.loaded[0]


async def answer_refusal(connection: HTTPConnection, refused: Exception) -> Response | None:
    """The exception handler for ``GuardRefused``: a page, problem+json, or a denial of a WebSocket handshake."""
    assert isinstance(refused, GuardRefused)
    response = error_response(connection, refused.error, refused.place)
    if not isinstance(connection, WebSocket):
        return response
    if "websocket.http.response" in connection.scope.get("extensions", {}):
        await connection.send_denial_response(response)
    else:
        await connection.close(4401, refused.error.code)  # before accept: the client sees a 403
    return None


def _caller(connection: HTTPConnection) -> Caller:
    caller = connection.scope.get(SCOPE_KEY)
    if not isinstance(caller, Caller):
        raise ConfigurationError("handstamp is not installed in this application: call install(app, auth) first")
    return caller
