"""Which language people are told things in, and the texts that there are in it.

English texts are those in the source. Those of other languages are in catalogues, ``pages/locale/*/LC_MESSAGES``,
which are read as they are edited: no binary file stands between a correction and the page.
"""

import re
from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Final

from starlette.requests import HTTPConnection

from handstamp.web.caller import SCOPE_KEY, Caller

SOURCE: Final = "en"
"""The language that the texts in the source are in."""
LANGUAGES: Final = (SOURCE, "de")
"""Those that there are texts in."""

_MAX_HEADER: Final = 512
"""Characters. Browsers send less than a hundred; what is longer says nothing."""
_MAX_RANGES: Final = 32
_WEIGHT: Final = r"[ \t]*;[ \t]*[qQ]=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)"
_RANGE: Final = re.compile(rf"[ \t]*(?P<tag>\*|[A-Za-z]{{1,8}}(?:-[A-Za-z0-9]{{1,8}})*)(?:{_WEIGHT})?[ \t]*")
"""One element of Accept-Language: RFC 9110 §12.4.2 and §12.5.4, RFC 4647 §2.1."""


def language_of(connection: HTTPConnection) -> str:
    """The language that a request likes best, of those that the application speaks."""
    caller = connection.scope[SCOPE_KEY]
    assert isinstance(caller, Caller)
    return language_among(connection, caller.host.place.languages)


def language_among(connection: HTTPConnection, offered: Sequence[str]) -> str:
    """The language that a request likes best, of those that are offered.

    Args:
        connection: The request.
        offered: Language tags of RFC 5646 without a region; the first is spoken to whoever asks for none of them.
    """
    return preferred(",".join(connection.headers.getlist("accept-language")), offered)


def preferred(header: str, offered: Sequence[str]) -> str:
    """The same, from the value of Accept-Language.

    A range stands for its language, whatever region it names (RFC 4647 §3.4); of two that are liked alike, the one
    that is named first. An element that is no range counts as not said; so does a header beyond any browser's.
    """
    liked = _liked(header)
    best, weight = offered[0], 0.0
    for language in _in_order(liked, offered):
        if liked.get(language, liked.get("*", 0.0)) > weight:
            best, weight = language, liked.get(language, liked.get("*", 0.0))
    return best


@cache
def translations(language: str) -> NullTranslations:
    """The texts of one of ``LANGUAGES``, for gettext. English ones are those in the source."""
    if language == SOURCE:
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415  loads when a page in that language is asked for
    from babel.messages.pofile import read_po  # noqa: PLC0415  the same

    catalogue = BytesIO()
    with BytesIO(resources.files("handstamp.web").joinpath(*_place(language)).read_bytes()) as file:
        write_mo(catalogue, read_po(file, locale=language))
    catalogue.seek(0)
    return GNUTranslations(catalogue)


def _place(language: str) -> tuple[str, ...]:
    return "pages", "locale", language, "LC_MESSAGES", "handstamp.po"


def _liked(header: str) -> dict[str, float]:
    """How much each language is liked, in the order in which they are named, the most liked range of each."""
    liked: dict[str, float] = {}
    if len(header) > _MAX_HEADER:
        return liked
    for element in header.split(",", _MAX_RANGES)[:_MAX_RANGES]:
        found = _RANGE.fullmatch(element)
        if found is not None:
            language = found["tag"].partition("-")[0].lower()
            weight = float(found["weight"] or 1)
            liked[language] = max(weight, liked.get(language, 0.0))
    return liked


def _in_order(liked: dict[str, float], offered: Sequence[str]) -> list[str]:
    named = [language for language in liked if language in offered]
    return [*named, *(language for language in offered if language not in named)]
