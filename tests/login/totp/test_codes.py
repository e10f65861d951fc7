"""One-time codes."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import ConfigurationError
from handstamp.login.totp.codes import code_in, new_secret, otpauth_uri, steps_of, typed
from login.totp.app import App, hotp, read_uri

NOW = 1_800_000_015.0
STEP = int(NOW) // 30
SECRET = bytes(range(20))


@given(secret=st.binary(min_size=20, max_size=20), now=st.floats(60, 2**36), around=st.integers(-1, 1))
def test_codes_are_those_of_the_rfc(secret: bytes, now: float, around: int) -> None:
    """HMAC-SHA-1 of the step, cut down to six digits (RFC 6238 §4, RFC 4226 §5.3; MFA-01)."""
    step = int(now) // 30 + around
    assert step in steps_of(hotp(secret, step), secret, now=now)


@pytest.mark.parametrize(("around", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_window_is_one_step_to_each_side(around: int, taken: bool) -> None:  # noqa: FBT001  a table
    """No code is good for longer than 90 seconds (RFC 6238 §5.2; MFA-01)."""
    assert list(steps_of(hotp(SECRET, STEP + around), SECRET, now=NOW)) == ([STEP + around] if taken else [])


@pytest.mark.parametrize("now", [STEP * 30.0, STEP * 30 + 29.999])
def test_a_step_is_thirty_seconds(now: float) -> None:
    """From its first moment to the last."""
    assert list(steps_of(hotp(SECRET, STEP - 1), SECRET, now=now)) == [STEP - 1]


def test_there_is_no_step_before_the_epoch() -> None:
    """A machine whose clock was never set asks like any other."""
    assert list(steps_of(hotp(SECRET, 0), SECRET, now=0.0)) == [0]


def test_a_secret_has_160_bits_and_is_new() -> None:
    """RFC 4226 §4."""
    assert [len(new_secret()) for _ in range(50)] == [20] * 50
    assert len({new_secret() for _ in range(50)}) == 50


def test_a_secret_can_be_typed() -> None:
    """In base32, in groups."""
    assert typed(SECRET) == "AAAQ EAYE AUDA OCAJ BIFQ YDIO B4IB CEQT"
    assert App.typed(typed(SECRET)).secret == SECRET


@pytest.mark.parametrize(
    "presented",
    ["012345", " 012 345 ", "012-345", "01 23 45", "\uff10\uff11\uff12\uff13\uff14\uff15", "\u00a0012\u00a0345\n"],
)
def test_a_code_may_be_typed_as_it_is_shown(presented: str) -> None:
    """Apps group digits, and some keyboards write wide ones."""
    assert code_in(presented) == "012345"


@pytest.mark.parametrize(
    "presented", ["", "12345", "1234567", "12345a", "+12345", "12345٦", "1e1000", "\0" * 6, "\ud800" * 6, " " * 33]
)
def test_what_can_be_no_code_is_none(presented: str) -> None:
    """Not even where Python would call it a number."""
    assert code_in(presented) is None


@given(presented=st.text())
def test_whatever_is_presented_is_read(presented: str) -> None:
    """It is six ASCII digits, or nothing."""
    code = code_in(presented)
    assert code is None or (len(code) == 6 and code.isascii() and code.isdigit())


def test_the_address_names_application_and_account() -> None:
    """Percent-encoded, both of them, so that neither changes what the other means."""
    uri = otpauth_uri(SECRET, issuer="Harbour & Co?", account="ada+1@example.org/#")
    assert uri == (
        "otpauth://totp/Harbour%20%26%20Co%3F:ada%2B1%40example.org%2F%23"
        "?secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT&issuer=Harbour%20%26%20Co%3F"
    )


@given(issuer=st.text(), account=st.text())
def test_no_name_can_be_taken_for_another_part(issuer: str, account: str) -> None:
    """The secret is ours, there is one colon, and the address is short enough for a picture."""
    uri = otpauth_uri(SECRET, issuer=issuer, account=account)
    parts = read_uri(uri) if "issuer=" in uri and not uri.endswith("issuer=") else {"label": ":", "issuer": ""}
    assert parts["label"].count(":") == 1
    assert parts["label"].partition(":")[0] == parts["issuer"]
    assert App.scanned(f"{uri}x").secret == SECRET
    assert len(uri) < 2000


def test_without_pyotp_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it knows what to install."""
    monkeypatch.setitem(sys.modules, "pyotp.totp", None)
    with pytest.raises(ConfigurationError, match=r"handstamp\[totp\]"):
        list(steps_of("012345", SECRET, now=NOW))
