"""The knobs of how handstamp speaks and looks."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from handstamp.core.errors import ConfigurationError
from handstamp.core.redirects import SafeRedirect
from handstamp.settings.kinds import Listed
from handstamp.web.languages import LANGUAGES


class AppearanceSettings(BaseSettings):
    """Of pages and mails."""

    languages: Annotated[
        tuple[str, ...],
        NoDecode,
        Listed,
        Field(
            description="In which people are spoken to, as their browser asks, comma-separated; the first is for "
            f"those who ask for none of them. There are {' and '.join(f'`{language}`' for language in LANGUAGES)}."
        ),
    ] = LANGUAGES
    theme: Annotated[
        str | None,
        Field(
            description="The path of a stylesheet of yours, on the same origin, that comes after that of the pages."
        ),
    ] = None

    @field_validator("languages")
    @classmethod
    def _languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for language in value:
            if language not in LANGUAGES:
                raise ConfigurationError(f"there are no texts in {language!r}: there are {', '.join(LANGUAGES)}")
        if not value or len(set(value)) != len(value):
            raise ConfigurationError(f"languages are one or more of {', '.join(LANGUAGES)}, each once")
        return value

    @field_validator("theme")
    @classmethod
    def _theme(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            return SafeRedirect.to_path(value).location
        except ValueError:
            raise ConfigurationError("theme is a path on the same origin: /static/handstamp.css") from None
