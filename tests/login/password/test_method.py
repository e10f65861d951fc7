"""What makes passwords a way in."""

import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import ConfigurationError
from handstamp.login.password import Password, method


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the application starts, not when somebody signs in."""
    monkeypatch.setattr(method, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"argon2, bcrypt, zxcvbn, email_validator missing: pip install"):
        Password()


def test_it_begins_on_the_login_page() -> None:
    """Its form is there."""
    assert Password().path == "/login"


def test_off_loopback_it_does_not_start_without_mails() -> None:
    """Nobody could sign up, and nobody who forgot theirs could sign in."""
    with pytest.raises(ConfigurationError, match="HANDSTAMP_MAIL_URL"):
        Auth("memory://", methods=[Password()], origin="https://app.example.com", secret=SECRET)
