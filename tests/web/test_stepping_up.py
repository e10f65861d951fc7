"""The way to where more can be shown, and back."""

import pytest
from starlette.requests import HTTPConnection

from handstamp.core.errors import FreshSessionRequired, SecondFactorRequired
from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Place
from handstamp.web.stepping_up import came_from, confirmation_of, is_visit, way_back_of
from web_world import ORIGIN, PAGE, World


@pytest.fixture
def place() -> Place:
    """Names and addresses."""
    return World().auth.place


def connection(
    path: str = "/", query: bytes = b"", *, method: str = "GET", headers: dict[str, str] | None = None
) -> HTTPConnection:
    """A request."""
    lines = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return HTTPConnection({"type": "http", "method": method, "path": path, "query_string": query, "headers": lines})


@pytest.mark.parametrize(
    ("asked", "visit"),
    [
        (connection(headers=PAGE), True),
        (connection(headers=PAGE | {"sec-fetch-mode": "navigate"}), True),
        (connection(headers=PAGE | {"sec-fetch-mode": "cors"}), False),
        (connection(headers=PAGE, method="POST"), False),
        (connection(headers=PAGE, method="HEAD"), False),
        (connection(headers={"accept": "application/json"}), False),
        (connection(), False),
        (HTTPConnection({"type": "websocket", "path": "/", "query_string": b"", "headers": []}), False),
    ],
)
def test_a_visit_is_a_person_who_goes_to_a_page(asked: HTTPConnection, visit: bool) -> None:  # noqa: FBT001  a table
    """Whatever else asks cannot be led somewhere and back."""
    assert is_visit(asked) is visit


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/", b"", "/"),
        ("/a b/é", b"q=1&r=%20", "/a%20b/%C3%A9?q=1&r=%20"),
        ("//evil.example", b"", None),
        ("/../x", b"", None),
        ("/a", b"\xff\n", None),
        ("/a", b"x" * 2100, None),
    ],
)
def test_the_way_back_is_the_page_that_was_asked_for(
    place: Place, path: str, query: bytes, expected: str | None
) -> None:
    """Or none, where a browser could not be sent there (RED-01)."""
    way_back = way_back_of(connection(path, query), place)
    assert (way_back.location if way_back else None) == expected


@pytest.mark.parametrize(
    ("referer", "expected"),
    [
        (f"{ORIGIN}/form?x=1", "/form?x=1"),
        (f"{ORIGIN}", None),
        (f"{ORIGIN}//evil.example", None),
        (f"{ORIGIN}.evil.example/form", None),
        ("/form", None),
        ("", None),
    ],
)
def test_a_form_came_from_a_page_of_ours(place: Place, referer: str, expected: str | None) -> None:
    """Or nobody knows from where."""
    page = came_from(connection(headers={"referer": referer}), place)
    assert (page.location if page else None) == expected


def test_a_way_back_that_is_too_long_is_left_out(place: Place) -> None:
    """The question is asked all the same."""
    long = SafeRedirect("/" + "x" * 2040)
    assert confirmation_of(FreshSessionRequired(1), place, long).location == "/auth/reauthenticate"
    assert confirmation_of(SecondFactorRequired(""), place, long).location == "/auth/reauthenticate?aal=2"
    assert confirmation_of(FreshSessionRequired(1), place, None).location == "/auth/reauthenticate"
    assert confirmation_of(SecondFactorRequired(""), place, None).location == "/auth/reauthenticate?aal=2"
