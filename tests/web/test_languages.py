"""The languages that pages speak, and that each says everything."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from catalogue import Text, all_texts, catalogue_path, read_catalogue, updated
from handstamp.web.languages import LANGUAGES, SOURCE, language_among, preferred, translations

OFFERED = ("en", "de")
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def asking(*headers: str) -> Request:
    """A request with these lines of Accept-Language."""
    lines = [(b"accept-language", header.encode("latin-1")) for header in headers]
    return Request({"type": "http", "headers": lines})


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr,de;q=0.7,en;q=0.3", "de"),
        ("fr, it", "en"),
        ("de;q=0", "en"),
        ("en;q=0,*", "de"),
        ("*", "en"),
        ("*;q=0.5, de;q=0.4", "en"),
        ("de;q=0.8,en;q=0.8", "de"),
        ("en;q=0.8,de;q=0.8", "en"),
        ("de;q=0.1,de-CH;q=0.9,en;q=0.5", "de"),
        ("\tde ; Q=1.000 , en", "de"),
    ],
)
def test_a_browser_is_answered_in_the_language_that_it_likes_best(header: str, language: str) -> None:
    """Weights first, then the order in which they are named (RFC 9110 §12.5.4, RFC 4647 §3.4)."""
    assert preferred(header, OFFERED) == language


@pytest.mark.parametrize(
    "header",
    [
        "de;q=2",
        "de;q=1.001",
        "de;q=0.1234",
        "de;q=-1",
        "de;q=nan",
        "de;q=",
        "de;level=1",
        "de_AT",
        "d\u00e9",
        "deutschland-nord1-toolongsubtag",
        "de;q=1;q=1",
        "de" + " " * 600,
        "fr," * 40 + "de",
    ],
)
def test_what_is_no_range_counts_as_not_said(header: str) -> None:
    """As does what comes after more ranges, or in a longer header, than any browser sends."""
    assert preferred(header, OFFERED) == "en"


@given(st.text())
def test_whatever_is_asked_for_the_language_is_one_that_is_offered(header: str) -> None:
    """No header is an error."""
    assert preferred(header, OFFERED) in OFFERED


def test_lines_are_one_header() -> None:
    """A request may say it in several (RFC 9110 §5.3)."""
    assert language_among(asking("fr", "de;q=0.2"), OFFERED) == "de"
    assert language_among(asking(), ("de", "en")) == "de"


def test_one_that_is_not_offered_is_not_spoken() -> None:
    """Whatever texts there are."""
    assert preferred("de", ("en",)) == "en"


def test_english_is_what_stands_in_the_source() -> None:
    """Without a catalogue."""
    assert translations("en").gettext("Sign in") == "Sign in"


def test_german_is_what_stands_in_its_catalogue() -> None:
    """And what is not there stays as it is: an application's own words."""
    texts = translations("de")
    assert texts.gettext("Sign in") == "Anmelden"
    assert texts.gettext("Night Library") == "Night Library"


def translated(language: str) -> Iterator[tuple[Text, tuple[str, ...], bool]]:
    """Each text of a catalogue, its translations, and whether they are in doubt."""
    for message in read_catalogue(language):
        if message.id:
            text = message.id if isinstance(message.id, str) else tuple(message.id)
            said = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
            yield text, said, message.fuzzy


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    """Those of all pages and mails; none is missing, in doubt or empty. ``python tests/catalogue.py`` adds them."""
    catalogue = [*translated(language)]
    assert {text for text, _, _ in catalogue} == {*all_texts()}
    assert [text for text, said, in_doubt in catalogue if in_doubt or not all(said)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    """All of them, in whatever order, and no percent sign that would be taken for one."""
    wrong: list[Text] = []
    for text, said, _ in translated(language):
        every = (*([text] if isinstance(text, str) else text), *said)
        loose = any("%" in PLACEHOLDER.sub("", one).replace("%%", "") for one in every)
        if loose or len({frozenset(PLACEHOLDER.findall(one)) for one in every}) > 1:
            wrong.append(text)
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_written_as_the_script_writes_it(language: str) -> None:
    """So that the next text changes one place of it."""
    assert catalogue_path(language).read_bytes() == updated(language)
