"""The errors that carry something. That each has a code of its own is a rule of the house."""

import pytest

from handstamp.core.errors import (
    FreshSessionRequired,
    HandstampError,
    InvalidToken,
    LoginFailed,
    Refused,
    SessionEnded,
    StoreUnavailable,
    TokenExpired,
    Unauthenticated,
)
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
