"""The errors that carry something. That each has a code of its own is a rule of the house."""

import pytest

from handstamp.core.errors import (
    FreshSessionRequired,
    HandstampError,
    InvalidInput,
    InvalidRequest,
    InvalidToken,
    LoginFailed,
    RateLimited,
    Refused,
    SessionEnded,
    StoreUnavailable,
    TokenExpired,
    Unauthenticated,
)
from handstamp.core.faults import Fault
from handstamp.core.models import EndReason


@pytest.mark.parametrize("reason", list(EndReason))
def test_an_ended_session_says_why(reason: EndReason) -> None:
    """And whether the cookie goes with it: it does, unless said otherwise."""
    error = SessionEnded(reason)
    assert (error.code, error.reason, error.keep_cookie, str(error)) == ("session_ended", reason, False, reason.value)
    assert SessionEnded(reason, keep_cookie=True).keep_cookie


def test_a_session_that_is_not_fresh_says_how_fresh_it_must_be() -> None:
    """In seconds, and in the message."""
    error = FreshSessionRequired(900)
    assert (error.code, error.max_age) == ("fresh_session_required", 900)
    assert "less than 900 s ago" in str(error)


def test_a_failed_sign_in_has_a_stable_reason_apart_from_its_words() -> None:
    """So that words may change."""
    error = LoginFailed("access_denied", "you said no")
    assert (error.code, error.reason, str(error)) == ("login_failed", "access_denied", "you said no")


def test_an_expired_token_is_an_invalid_one_to_the_outside() -> None:
    """It has no code of its own (JWT-17)."""
    assert issubclass(TokenExpired, InvalidToken)
    assert TokenExpired.code == InvalidToken.code == "invalid_token"


def test_an_outage_is_no_refusal() -> None:
    """Whoever catches refusals must not take it for one: nobody is signed out by an outage (SES-11)."""
    assert not issubclass(StoreUnavailable, Refused)
    assert StoreUnavailable.retry_after >= 1
    assert all(issubclass(error, Refused) for error in (Unauthenticated, InvalidToken, SessionEnded))
    assert issubclass(Refused, HandstampError)


@pytest.mark.parametrize(("wait", "told"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.001, 2), (59.5, 60)])
def test_a_wait_is_told_in_whole_seconds(wait: float, told: int) -> None:
    """Rounded up: whoever comes back then is let try (RFC 9110 §10.2.3)."""
    error = RateLimited(wait)
    assert (error.code, error.retry_after, str(error)) == ("rate_limited", told, f"try again in {told} s")


def test_invalid_input_names_each_field() -> None:
    """It is a request of the wrong form, and its words repeat no value."""
    fault = Fault("too_short", "Use at least %(least)s characters.", "/password", {"least": 15})
    error = InvalidInput([fault])
    assert isinstance(error, InvalidRequest)
    assert (error.code, error.faults) == ("invalid_input", (fault,))
    assert fault.text == "Use at least 15 characters."
    assert Fault("missing", "100%% of it is missing.", "/x").text == "100% of it is missing."
