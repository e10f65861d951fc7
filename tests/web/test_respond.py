"""Answers of our own routes."""

from dataclasses import replace

import pytest
from starlette.requests import HTTPConnection, Request

from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Place
from handstamp.web.pages.contexts import SignOut
from handstamp.web.respond import data, is_form, nothing, page, page_headers, see_other, wants_page
from web_world import World

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.fixture
def place() -> Place:
    """Names and addresses."""
    return World().auth.place


def request(*lines: tuple[str, str]) -> Request:
    """A request with these headers."""
    headers = [(name.encode(), value.encode()) for name, value in lines]
    return Request({"type": "http", "method": "GET", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (CHROMIUM, True),
        ("text/html", True),
        ("TEXT/HTML ; charset=utf-8", True),
        ("text/html, application/json", True),
        ("application/json, text/html", True),
        ("text/html;q=0.9, application/json", False),
        ("text/html, application/json;q=0.9", True),
        ("text/html;level=1;q=0.2, application/json;q=0.1", True),
        ("text/html;q=0", False),
        ("text/html;q=none", False),
        ("text/html;q=nan", False),
        ("text/html;q=-1", False),
        ("text/html;q=7, application/json", True),
        ("application/json", False),
        ("application/problem+json", False),
        ("*/*", False),
        ("", False),
        (",,;,;q", False),
    ],
)
def test_a_page_is_for_whoever_asks_for_html(accept: str, wanted: bool) -> None:  # noqa: FBT001  a table
    """RFC 9110 §12.5.1: the weights count; JSON is what is meant where nothing is said."""
    assert wants_page(request(("accept", accept))) is wanted


def test_accept_may_come_in_several_lines() -> None:
    """They are one list."""
    assert wants_page(request(("accept", "application/json;q=0.5"), ("accept", "text/html")))
    assert not wants_page(HTTPConnection({"type": "http", "headers": []}))


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Multipart/Form-Data; boundary=x", True),
        ("text/plain", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_form_is_told_by_its_content_type(content_type: str, form: bool) -> None:  # noqa: FBT001  a table
    """And by nothing else."""
    assert is_form(request(("content-type", content_type))) is form


def test_the_policy_of_a_page_is_exactly_this(place: Place) -> None:
    """No script, no frame, no form to elsewhere; nobody keeps the page (CSR-09, COO-07)."""
    assert page_headers(place) == {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self' https:; form-action 'self'; "
            "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


def test_on_loopback_pictures_may_come_from_loopback() -> None:
    """The stand-ins of the demo serve them over plain http."""
    place = World(origin="http://127.0.0.1:8000").auth.place
    policy = page_headers(place)["Content-Security-Policy"]
    assert "img-src 'self' https: http://localhost:* http://127.0.0.1:*;" in policy


def test_a_page_may_have_a_status_and_headers_of_its_own(place: Place) -> None:
    """They are added to those of every page."""
    response = page(
        Request({"type": "http", "headers": []}), place, SignOut(), status=418, headers={"Retry-After": "1"}
    )
    assert (response.status_code, response.headers["retry-after"]) == (418, "1")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["x-frame-options"] == "DENY"


def test_no_answer_is_kept_by_a_cache() -> None:
    """JSON, nothing, and redirects alike (COO-07)."""
    redirect = see_other(SafeRedirect.to_path("/home"))
    for response in (data({}), nothing(), redirect):
        assert response.headers["cache-control"] == "private, no-store"
    assert (redirect.status_code, redirect.headers["location"]) == (303, "/home")
    assert redirect.headers["referrer-policy"] == "no-referrer"
    assert (nothing().status_code, data([1], status=201).status_code) == (204, 201)


def test_a_page_is_in_the_language_that_is_asked_for(place: Place) -> None:
    """And says so, to readers and to caches."""
    german = Request({"type": "http", "headers": [(b"accept-language", b"de-CH, en;q=0.5")]})
    answer = page(german, replace(place, languages=("en", "de")), SignOut())
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("de", "Accept-Language")
    assert b'<html lang="de">' in answer.body
    assert "Abmelden?" in bytes(answer.body).decode()
    english = page(german, replace(place, languages=("en",)), SignOut())
    assert b'<html lang="en">' in english.body


def test_a_stylesheet_of_the_application_comes_after_ours(place: Place) -> None:
    """So that it wins."""
    asking = Request({"type": "http", "headers": []})
    html = bytes(page(asking, replace(place, theme="/static/ours.css?a=1&b=2"), SignOut()).body).decode()
    assert html.index("/handstamp.css") < html.index('<link rel="stylesheet" href="/static/ours.css?a=1&amp;b=2">')
    assert bytes(page(asking, place, SignOut()).body).count(b"stylesheet") == 1
