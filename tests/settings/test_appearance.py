"""The knobs of how handstamp speaks and looks."""

from typing import Any

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.settings import load_settings
from handstamp.web.languages import LANGUAGES


def test_every_language_is_spoken_by_default() -> None:
    """English to whoever asks for none of them; the look is ours."""
    settings = load_settings()
    assert settings.languages == LANGUAGES
    assert settings.languages[0] == "en"
    assert settings.theme is None


def test_languages_and_theme_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a variable, comma-separated."""
    monkeypatch.setenv("HANDSTAMP_LANGUAGES", "de, en")
    settings = load_settings(theme="/static/ours.css?v=3")
    assert settings.languages == ("de", "en")
    assert settings.theme == "/static/ours.css?v=3"
    assert load_settings(theme="").theme is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"languages": "tlh"}, "there are no texts in 'tlh': there are en, de"),
        ({"languages": ""}, "each once"),
        ({"languages": "de,de"}, "each once"),
        ({"theme": "https://evil.example/a.css"}, "on the same origin"),
        ({"theme": "//evil.example/a.css"}, "on the same origin"),
        ({"theme": "a.css"}, "on the same origin"),
    ],
)
def test_what_cannot_be_stops_the_start(given: dict[str, Any], words: str) -> None:
    """With what to do about it."""
    with pytest.raises(ConfigurationError, match=words):
        load_settings(**given)
