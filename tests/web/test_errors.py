"""The one table from error to answer."""

from collections.abc import Iterator

import httpx2
import pytest
from starlette.requests import HTTPConnection

from handstamp.core.errors import (
    Busy,
    ConfigurationError,
    CrossOrigin,
    Forbidden,
    FreshSessionRequired,
    HandstampError,
    InvalidHash,
    InvalidKey,
    InvalidRequest,
    InvalidToken,
    LoginFailed,
    NotFound,
    Refused,
    SecondFactorRequired,
    SessionEnded,
    StoreUnavailable,
    TokenExpired,
    Unauthenticated,
)
from handstamp.core.models import EndReason
from handstamp.web.answers import TABLE
from handstamp.web.errors import answer_for, error_response, headers_of, problem_of
from handstamp.web.host import Place
from handstamp.web.respond import page_headers
from web_world import PAGE, SESSION, World, cookie

SECRET_WORDS = "the-words-of-the-log"
ERRORS: dict[str, tuple[HandstampError, int]] = {
    "unauthenticated": (Unauthenticated(SECRET_WORDS), 401),
    "invalid token": (InvalidToken(SECRET_WORDS), 401),
    "expired token": (TokenExpired(SECRET_WORDS), 401),
    "session ended": (SessionEnded(EndReason.IDLE), 401),
    "fresh session required": (FreshSessionRequired(900), 401),
    "second factor required": (SecondFactorRequired(SECRET_WORDS), 401),
    "forbidden": (Forbidden(SECRET_WORDS), 403),
    "cross origin": (CrossOrigin("Origin is 'https://evil.example'"), 403),
    "not found": (NotFound(SECRET_WORDS), 404),
    "invalid request": (InvalidRequest("keep is 'current'"), 400),
    "login failed": (LoginFailed("some_new_reason", SECRET_WORDS), 400),
    "access denied": (LoginFailed("access_denied", SECRET_WORDS), 403),
    "flow unknown": (LoginFailed("flow_unknown", SECRET_WORDS), 400),
    "user disabled": (LoginFailed("user_disabled", SECRET_WORDS), 403),
    "provider unavailable": (LoginFailed("provider_unavailable", SECRET_WORDS), 503),
    "provider error": (LoginFailed("provider_error", SECRET_WORDS), 502),
    "invalid response": (LoginFailed("invalid_response", SECRET_WORDS), 502),
    "store unavailable": (StoreUnavailable(SECRET_WORDS), 503),
    "busy": (Busy(SECRET_WORDS), 503),
    "configuration": (ConfigurationError(SECRET_WORDS), 500),
    "refused": (Refused(SECRET_WORDS), 500),
    "invalid key": (InvalidKey(SECRET_WORDS), 500),
    "invalid hash": (InvalidHash(SECRET_WORDS), 500),
    "any other": (HandstampError(SECRET_WORDS), 500),
}


@pytest.fixture
def place() -> Place:
    """Names and addresses."""
    return World().auth.place


def connection(**headers: str) -> HTTPConnection:
    """A request with these headers."""
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": lines})


def below(root: type[HandstampError]) -> Iterator[type[HandstampError]]:
    """The class and everything below it."""
    yield root
    for one in root.__subclasses__():
        yield from below(one)


@pytest.mark.parametrize(("error", "status"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("accept", [{}, PAGE], ids=["program", "browser"])
def test_each_error_has_its_status_in_both_forms(
    place: Place, error: HandstampError, status: int, accept: dict[str, str]
) -> None:
    """The same status for programs and for people; the words of the log reach neither (JWT-17, SES-12)."""
    response = error_response(connection(**accept), error, place)
    assert response.status_code == status
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert SECRET_WORDS not in bytes(response.body).decode()
    assert error.code in bytes(response.body).decode() or isinstance(error, SessionEnded)


@pytest.mark.parametrize(("error", "status"), ERRORS.values(), ids=ERRORS)
def test_a_problem_says_what_its_response_says(place: Place, error: HandstampError, status: int) -> None:
    """The members of RFC 9457, and the stable code beside them."""
    problem = problem_of(error, status)
    assert (problem["status"], problem["code"]) == (status, error.code)
    assert problem["title"]
    assert set(problem) <= {"title", "status", "code", "detail", "reason", "max_age", "aal"}
    assert error_response(connection(), error, place).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("error", "status"), ERRORS.values(), ids=ERRORS)
def test_a_401_names_its_challenge_and_others_name_none(place: Place, error: HandstampError, status: int) -> None:
    """RFC 9110 §15.5.2."""
    expected = f'Cookie cookie-name="{SESSION}"' if status == 401 else None
    assert headers_of(error, place).get("WWW-Authenticate") == expected


def test_an_outage_and_a_rush_say_when_to_come_back(place: Place) -> None:
    """Retry-After, in seconds; nothing else has it."""
    told = {code: headers_of(error, place).get("Retry-After") for code, (error, _) in ERRORS.items()}
    assert {code: value for code, value in told.items() if value} == {"store unavailable": "1", "busy": "2"}


def test_the_reason_is_told_where_there_is_one() -> None:
    """Of an ended session, of a failed sign-in; the age and the level that are asked for."""
    assert problem_of(SessionEnded(EndReason.REPLAYED), 401)["reason"] == "replayed"
    assert problem_of(LoginFailed("access_denied", ""), 403)["reason"] == "access_denied"
    assert problem_of(FreshSessionRequired(900.0), 401)["max_age"] == 900.0
    assert problem_of(SecondFactorRequired(""), 401)["aal"] == 2


def test_every_error_has_an_answer() -> None:
    """Also one that is added tomorrow: by the nearest base."""

    class Tomorrow(Forbidden):
        code = "tomorrow"

    assert answer_for(Tomorrow("")).status == 403
    assert [error for error in below(HandstampError) if TABLE.keys().isdisjoint(error.__mro__)] == []


def test_a_page_says_what_happened_what_to_do_and_how_to_get_away(place: Place) -> None:
    """With the stable code, for whoever is asked about it."""
    html = bytes(error_response(connection(**PAGE), Forbidden(""), place).body).decode()
    for words in ("Not allowed", "Your account lacks what this needs", 'href="/auth/login"', "forbidden"):
        assert words in html


def test_what_a_page_repeats_is_escaped(place: Place) -> None:
    """A message that repeats what was sent cannot become markup."""
    error = InvalidRequest("<script>alert(1)</script>")
    html = bytes(error_response(connection(**PAGE), error, place).body).decode()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_page_of_an_ended_session_says_why(place: Place) -> None:
    """In words, with the reason's stable name."""
    response = error_response(connection(**PAGE), SessionEnded(EndReason.REPLAYED), place)
    html = bytes(response.body).decode()
    assert "We ended this session to protect you" in html
    assert "<code>replayed</code>" in html


def test_an_error_page_has_the_security_headers_of_every_page(place: Place) -> None:
    """None is lost to those of the error (CSR-09)."""
    response = error_response(connection(**PAGE), StoreUnavailable(""), place)
    assert dict(response.headers).items() >= {k.lower(): v for k, v in page_headers(place).items()}.items()
    assert response.headers["retry-after"] == "1"


async def test_a_fault_of_the_application_shows_no_trace(world: World, visitor: httpx2.AsyncClient) -> None:
    """500 without a stack trace, and without a cookie that the response could not settle (SES-12)."""
    issued = await world.sign_in()
    response = await visitor.get("/broken", headers=cookie(issued))
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    assert "set-cookie" not in response.headers
