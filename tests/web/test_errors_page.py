"""The page about the errors is what the source says."""

from generated import DOCS, HOW, errors_page
from handstamp.core.errors import HandstampError, LoginFailed, SessionEnded, StoreUnavailable
from handstamp.core.models import EndReason
from handstamp.web.answers import LOGIN_ANSWERS, TABLE
from handstamp.web.caller import deletes_cookies


def test_the_page_about_the_errors_is_up_to_date() -> None:
    """It is made from the error tree and the table of answers."""
    assert (DOCS / "errors.md").read_text(encoding="utf-8") == errors_page(), HOW


def test_every_code_and_reason_is_on_it() -> None:
    """Those that a client can meet."""
    told = {line.split("`")[1] for line in errors_page().splitlines() if line.startswith("| `")}
    codes = {error.code for error in TABLE if error is not HandstampError}
    assert told == codes | {reason.value for reason in EndReason} | LOGIN_ANSWERS.keys()


def test_what_it_says_of_the_cookies_is_what_happens() -> None:
    """Deleted for a bad token and an ended session, kept for anything else."""
    made: list[HandstampError] = [SessionEnded(EndReason.ADMIN), LoginFailed("access_denied", "")]
    made += [error("") for error in TABLE if error not in {SessionEnded, LoginFailed} and _takes_a_message(error)]
    deleted = {error.code for error in made if deletes_cookies(error)}
    rows = [
        line.split(" | ") for line in errors_page().splitlines() if line.startswith("| `") and line.count(" | ") == 3
    ]
    assert {row[0].strip("|` ") for row in rows if row[2].startswith("yes")} == deleted
    assert not deletes_cookies(SessionEnded(EndReason.REPLACED, keep_cookie=True))
    assert not deletes_cookies(StoreUnavailable(""))


def _takes_a_message(error: type[HandstampError]) -> bool:
    return error.__init__ is Exception.__init__ or "__init__" not in error.__dict__
