"""Which language people are told things in."""

from functools import cache
from gettext import NullTranslations
from typing import Final

from starlette.requests import HTTPConnection

LANGUAGES: Final = ("en",)
"""Those that there are texts in. The first is spoken to whoever asks for none of them."""


def language_of(connection: HTTPConnection) -> str:
    """The language of ``LANGUAGES`` that the request likes best (RFC 9110 §12.5.4)."""
    del connection
    return LANGUAGES[0]


@cache
def translations(language: str) -> NullTranslations:
    """The texts of a language, for gettext. English ones are those in the source."""
    del language
    return NullTranslations()
