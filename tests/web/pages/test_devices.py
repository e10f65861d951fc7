"""Browsers in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.web.languages import translations
from handstamp.web.pages.devices import describe_device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh) {WEBKIT} Chrome/140.0 Safari/537.36 OPR/120.0", "Opera on macOS"),
        (f"Mozilla/5.0 (Macintosh) {WEBKIT} Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) {WEBKIT} CriOS/140.0 Safari/604.1", "Chrome on iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 18_0) {WEBKIT} FxiOS/140.0 Safari/604.1", "Firefox on iPad"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0", "Samsung Internet on Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on ChromeOS"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "Unknown browser on Linux"),
        ("curl/8.5.0", "curl"),
        ("python-httpx2/2.16", "A Python program"),
        ("", "Unknown device"),
        (None, "Unknown device"),
    ],
)
def test_a_device_is_named_as_people_know_it(user_agent: str | None, words: str) -> None:
    """Browser and system are found among all the names that a header claims."""
    assert describe_device(user_agent) == words


@given(st.text())
def test_a_device_never_echoes_the_header(user_agent: str) -> None:
    """Whatever the header holds, the words are ours."""
    words = describe_device(user_agent)
    assert words.isascii()
    assert len(words) <= 40


def test_a_long_header_is_looked_at_only_so_far() -> None:
    """What stands behind any real header is not read."""
    assert describe_device("x" * 512 + "Firefox/1 Linux") == "Unknown device"


def test_a_device_is_named_in_the_language_of_the_reader() -> None:
    """Names of programs and systems stay."""
    told = translations("de").gettext
    assert describe_device("Firefox/140.0 Linux", told) == "Firefox auf Linux"
    assert describe_device("Linux", told) == "Unbekannter Browser auf Linux"
    assert describe_device("python-httpx2/2.16", told) == "Ein Python-Programm"
