"""One-time codes as a part of an application."""

import importlib.util

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.login.totp import Totp


@pytest.mark.parametrize("package", ["pyotp", "segno"])
def test_without_the_extra_the_application_does_not_start(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Not at the first sign-in of somebody who needs it."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        "handstamp.login.totp.way.find_spec", lambda name: None if name == package else find_spec(name)
    )
    with pytest.raises(ConfigurationError, match=rf"{package} missing: pip install 'handstamp\[totp\]'"):
        Totp()


def test_it_is_a_second_factor_and_begins_no_sign_in() -> None:
    """So it has no place on the login page."""
    way = Totp()
    assert (way.id, way.confirms, way.reaches, way.signs_in) == ("totp", "code", 2, False)
    assert way.second_factor_part(["totp"]) is None
