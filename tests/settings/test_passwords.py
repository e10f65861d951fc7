"""The knobs of passwords: what they reach, and what stops the start."""

from collections.abc import Mapping
from typing import Any

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.policy import BreachPolicy, HashingPolicy, PasswordPolicy
from handstamp.login.password.argon2id import MAX_MEMORY, MAX_WORK
from handstamp.settings import load_settings

URL = "https://leaks.example/range/"


def test_the_defaults_are_those_of_the_policies() -> None:
    """Written once; nothing is looked up anywhere."""
    settings = load_settings()
    assert settings.passwords == PasswordPolicy()
    assert settings.hashing == HashingPolicy()
    assert settings.breach is None


def test_every_knob_reaches_its_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As configured."""
    monkeypatch.setenv("HANDSTAMP_PASSWORD_WORDS", "Zephyr Mills, falcon")
    monkeypatch.setenv("HANDSTAMP_PASSWORD_BREACH_URL", URL)
    monkeypatch.setenv("HANDSTAMP_PASSWORD_AT_ONCE", "3")
    settings = load_settings(
        password_min_length=10,
        password_min_length_alone=20,
        password_memory=128,
        password_passes=2,
        password_lanes=1,
        password_waiting=0,
        password_breach_timeout=0.5,
    )
    assert settings.passwords == PasswordPolicy(
        min_length=10, min_length_alone=20, words=frozenset({"Zephyr Mills", "falcon"})
    )
    assert settings.hashing == HashingPolicy(memory=128, passes=2, lanes=1, at_once=3, waiting=0)
    assert settings.breach == BreachPolicy(url=URL, time_limit=0.5)


REFUSED: dict[str, tuple[Mapping[str, Any], str]] = {
    "seven characters": ({"password_min_length": 7}, "greater than or equal to 8"),
    "seven characters alone": ({"password_min_length_alone": 7}, "greater than or equal to 8"),
    "more than may be asked for": ({"password_min_length": 65}, "less than or equal to 64"),
    "shorter when alone": ({"password_min_length": 16, "password_min_length_alone": 12}, "has to be the longer one"),
    "little memory": ({"password_memory": 18}, "greater than or equal to 19"),
    "much memory": ({"password_memory": 257}, "less than or equal to 256"),
    "one pass": ({"password_passes": 1}, "greater than or equal to 2"),
    "nobody at once": ({"password_at_once": 0}, "greater than or equal to 1"),
    "a look-up in the clear": ({"password_breach_url": "http://leaks.example/range/"}, "must be https"),
    "a look-up in a file": ({"password_breach_url": "file:///etc/passwd/"}, "must be https"),
    "a look-up nowhere": ({"password_breach_url": "https:///range/"}, "must be https"),
    "a look-up with a name": ({"password_breach_url": "https://me:secret@leaks.example/"}, "no plain URL"),
    "a look-up with a query": ({"password_breach_url": "https://leaks.example/?q="}, "no plain URL"),
    "a look-up that is no URL": ({"password_breach_url": "https://[/"}, "is no URL"),
    "a look-up without an end": ({"password_breach_url": "https://leaks.example/range"}, "must end with /"),
    "a look-up without end": ({"password_breach_timeout": "11s"}, "less than or equal to 10"),
}


@pytest.mark.parametrize(("keywords", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_weak_or_contradicts_itself_stops_the_start(keywords: Mapping[str, Any], message: str) -> None:
    """With a message that says what to do, and without a secret."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings(**keywords)
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/range/", "http://localhost/", URL])
def test_a_look_up_may_be_on_this_machine(url: str) -> None:
    """For a copy of the lists of one's own."""
    assert load_settings(password_breach_url=url).breach == BreachPolicy(url=url)


def test_an_empty_url_turns_the_look_up_off() -> None:
    """As the environment has it."""
    assert load_settings(password_breach_url="").breach is None


def test_a_longer_least_length_counts_alone_too() -> None:
    """Where only the one is set."""
    assert load_settings(password_min_length=20).passwords.min_length_alone == 20


def test_whatever_can_be_set_can_be_read_again() -> None:
    """Hashes of the greatest cost are within what is let in from elsewhere."""
    greatest = load_settings(password_memory=256, password_passes=4).hashing
    assert greatest.memory <= MAX_MEMORY
    assert greatest.memory * greatest.passes <= MAX_WORK
