"""From an error to its answer, as a page or as a problem document."""

from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from handstamp.core.errors import (
    Busy,
    CrossOrigin,
    FreshSessionRequired,
    HandstampError,
    InvalidInput,
    InvalidRequest,
    LoginFailed,
    ProviderUnavailable,
    RateLimited,
    SecondFactorRequired,
    SessionEnded,
    StoreUnavailable,
)
from handstamp.core.text import N_
from handstamp.web.answers import LOGIN_ANSWERS, TABLE, Answer
from handstamp.web.caller import NO_STORE
from handstamp.web.host import Place
from handstamp.web.pages.contexts import Link, Message, SignedOut
from handstamp.web.respond import PROBLEM_JSON, page, see_other, wants_page
from handstamp.web.stepping_up import REAUTHENTICATE, came_from, confirmation_of, is_visit, way_back_of

_STEP_UP: Final = (FreshSessionRequired, SecondFactorRequired)
"""Errors of somebody who is signed in and has to show once more who they are."""

_TOLD: Final = (FreshSessionRequired, InvalidRequest)
"""Errors whose message says more than the table, in words for the one who caused them. Other messages stay in the
log, but for what a developer needs to see of a refused origin.
"""


def answer_for(error: HandstampError) -> Answer:
    """The row of an error's class or of the nearest base; failed sign-ins have one for each reason."""
    if isinstance(error, LoginFailed) and error.reason in LOGIN_ANSWERS:
        return LOGIN_ANSWERS[error.reason]
    kind = type(error)
    return TABLE.get(kind) or next(TABLE[base] for base in kind.__mro__ if base in TABLE)


def problem_of(error: HandstampError, status: int) -> dict[str, object]:
    """The members of a problem document (RFC 9457) for an error; ``code`` is the stable one."""
    problem: dict[str, object] = {"title": answer_for(error).title, "status": status, "code": error.code}
    if isinstance(error, (*_TOLD, CrossOrigin)):
        problem["detail"] = str(error)
    if isinstance(error, SessionEnded):
        problem["reason"] = error.reason.value
    if isinstance(error, LoginFailed):
        problem["reason"] = error.reason
    if isinstance(error, FreshSessionRequired):
        problem["max_age"] = error.max_age
    if isinstance(error, SecondFactorRequired):
        problem["aal"] = error.aal
    if isinstance(error, InvalidInput):
        problem["errors"] = [
            {"pointer": fault.pointer, "code": fault.code, "detail": fault.text} for fault in error.faults
        ]
    return problem


def headers_of(error: HandstampError, place: Place) -> dict[str, str]:
    """The headers that an error's answer has in any form."""
    headers = {"Cache-Control": NO_STORE, "X-Content-Type-Options": "nosniff"}
    if answer_for(error).status == 401:  # noqa: PLR2004  RFC 9110 §15.5.2: a 401 names a challenge
        headers["WWW-Authenticate"] = f'Cookie cookie-name="{place.cookies.session}"'
    if isinstance(error, (StoreUnavailable, ProviderUnavailable, Busy, RateLimited)):
        headers["Retry-After"] = str(error.retry_after)
    return headers


def error_response(
    connection: HTTPConnection, error: HandstampError, place: Place, *, status: int | None = None
) -> Response:
    """The answer to a request that an error ended: a page for people, problem+json for programs.

    A browser that visits a page is led to where more can be shown, and from there back.

    Args:
        connection: The request; its Accept header decides the form.
        error: Why.
        place: Names and addresses.
        status: Where HTTP knows a better one than the table, such as 405.
    """
    status = status or answer_for(error).status
    if isinstance(error, _STEP_UP) and is_visit(connection):
        return see_other(confirmation_of(error, place, way_back_of(connection, place)))
    if wants_page(connection):
        return _error_page(connection, error, place, status)
    problem = problem_of(error, status)
    if isinstance(error, _STEP_UP):
        problem["reauthenticate"] = place.path(REAUTHENTICATE)
    return JSONResponse(problem, status, headers_of(error, place), media_type=PROBLEM_JSON)


def _error_page(connection: HTTPConnection, error: HandstampError, place: Place, status: int) -> Response:
    headers = headers_of(error, place)
    if isinstance(error, SessionEnded):
        return page(connection, place, SignedOut(reason=error.reason), status=status, headers=headers)
    answer = answer_for(error)
    context = Message(
        title=answer.title,
        what_happened=_sentence(str(error)) if isinstance(error, _TOLD) else answer.what_happened,
        what_to_do=answer.what_to_do,
        way_back=_way_back(connection, error, place),
        code=f"{error.code}: {error.reason}" if isinstance(error, LoginFailed) else error.code,
    )
    return page(connection, place, context, status=status, headers=headers)


def _way_back(connection: HTTPConnection, error: HandstampError, place: Place) -> Link:
    if isinstance(error, _STEP_UP):
        return Link(
            label=N_("Confirm that it is you"),
            href=confirmation_of(error, place, came_from(connection, place)).location,
        )
    return Link(label=N_("Go to sign-in"), href=place.path("/login"))


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."
