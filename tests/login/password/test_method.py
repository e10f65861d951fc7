"""What makes passwords a way in."""

import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import Busy, ConfigurationError
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


async def test_it_lets_go_of_its_threads_when_the_application_ends() -> None:
    """And has new ones when that is opened again."""
    passwords = Password()
    auth = Auth("memory://", methods=[passwords], origin="http://localhost:8000", secret=SECRET)
    first = (await passwords.tools(auth)).worker
    assert (await passwords.tools(auth)).worker is first
    await auth.close()
    with pytest.raises(Busy):
        await first.run(lambda: None)
    second = (await passwords.tools(auth)).worker
    assert await second.run(lambda: 1) == 1
    await auth.close()
    await passwords.close()
