"""Fields: what is taken, and what is said of what is not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handstamp.core.errors import HandstampError, InvalidInput
from handstamp.core.policy import OriginPolicy
from handstamp.web.errors import error_response
from handstamp.web.intake import MAX_BODY_BYTES, Fields, read_fields
from handstamp.web.respond import caller_of
from web_world import World

FORM = "application/x-www-form-urlencoded"


def application() -> Starlette:
    """One that says what fields it was sent."""

    async def show(request: Request) -> Response:
        try:
            fields = await read_fields(request)
            told = {
                "form": fields.form,
                "email": fields.text("email", most=20),
                "name": fields.optional("name"),
                "password": fields.secret("password"),
                "remember": fields.flag("remember"),
            }
            fields.check()
        except HandstampError as error:
            return error_response(request, error, caller_of(request).host.place)
        return JSONResponse(told)

    return Starlette(routes=[Route("/", show, methods=["POST"])])


@pytest.fixture
async def client() -> Any:
    """Somebody who sends fields."""
    world = World(application)
    async with world.visitor() as visitor:
        yield visitor
    await world.auth.close()


async def send(client: httpx2.AsyncClient, content: bytes, kind: str = "application/json") -> httpx2.Response:
    """Send a body as it is."""
    return await client.post("/", content=content, headers={"content-type": kind})


@pytest.mark.parametrize(
    ("content", "kind", "form"),
    [
        (
            b'{"email": " a@b ", "password": " x ", "remember": true, "more": 1}',
            "application/json; charset=utf-8",
            False,
        ),
        (b"email=+a%40b+&password=+x+&remember=on&more=1", FORM, True),
    ],
)
async def test_json_and_forms_say_the_same(
    client: httpx2.AsyncClient, content: bytes, kind: str, *, form: bool
) -> None:
    """Space around text goes, of a secret every character counts; what nobody asked for is left alone."""
    response = await send(client, content, kind)
    assert response.status_code == 200
    assert response.json() == {"form": form, "email": "a@b", "name": None, "password": " x ", "remember": True}


async def test_every_fault_is_told_at_once_with_its_pointer(client: httpx2.AsyncClient) -> None:
    """As JSON pointers, and never with the value."""
    content = json.dumps({"email": "long" * 9, "name": "\u202eevil", "password": 7, "remember": "perhaps"}).encode()
    response = await send(client, content)
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    problem = response.json()
    assert problem["code"] == "invalid_input"
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == [
        ("/email", "too_long"),
        ("/name", "broken_characters"),
        ("/password", "wrong_type"),
        ("/remember", "wrong_type"),
    ]
    assert problem["errors"][0]["detail"] == "Use at most 20 characters."
    assert "evil" not in response.text


@pytest.mark.parametrize("content", [b"{}", b'{"email": "", "password": ""}', b'{"email": null, "password": null}'])
async def test_what_is_missing_is_said_once(client: httpx2.AsyncClient, content: bytes) -> None:
    """Left out, empty or null."""
    faults = (await send(client, content)).json()["errors"]
    assert [(fault["pointer"], fault["code"]) for fault in faults] == [
        ("/email", "missing"),
        ("/password", "missing"),
    ]


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "multipart/form-data; boundary=x", "application/xml", "application/json5"]
)
async def test_other_media_types_are_refused(client: httpx2.AsyncClient, kind: str) -> None:
    """So that no form of another site can send JSON as plain text (CSR-08)."""
    response = await send(client, b'{"email": "a@b", "password": "x"}', kind)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"nul", "application/json"),
        (b'{"a": 1, "a": 2}', "application/json"),
        (b'{"email": "\\ud800"}', "application/json"),
        (b'{"email": "\xff"}', "application/json"),
        (b"[" * 10_000, "application/json"),
        (b"email=a&email=b", FORM),
        (b"email=%ff", FORM),
        (b"\xff", FORM),
        (b"&".join(b"f%d=1" % number for number in range(65)), FORM),
    ],
)
async def test_what_cannot_be_read_is_a_bad_request(client: httpx2.AsyncClient, content: bytes, kind: str) -> None:
    """Never a fault of the server's."""
    response = await send(client, content, kind)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


async def test_a_long_body_is_not_read(client: httpx2.AsyncClient) -> None:
    """Ten megabytes are given up after 16 KB."""
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(160):
            taken += 65_536
            yield b"x" * 65_536

    response = await client.post("/", content=body(), headers={"content-type": FORM})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    exactly = json.dumps({"email": "a@b", "password": "x", "more": ""}).encode()
    fitting = exactly.replace(b'"more": ""', b'"more": "%s"' % (b"x" * (MAX_BODY_BYTES - len(exactly))))
    assert (await send(client, fitting)).status_code == 200
    assert (await send(client, fitting + b" ")).status_code == 413


async def test_another_site_is_refused_without_a_cookie_too(client: httpx2.AsyncClient) -> None:
    """Signing in is attacked without one (CSR-05)."""
    headers = {"content-type": FORM, "origin": "https://evil.example"}
    response = await client.post("/", content=b"email=a&password=b", headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize(("value", "flag"), [("", False), ("0", False), ("off", False), ("1", True), ("true", True)])
def test_a_checkbox_is_a_flag(value: str, *, flag: bool) -> None:
    """Whatever browsers and people send for yes and no; in JSON it is a boolean and nothing else."""
    assert Fields({"f": value}, form=True).flag("f") is flag
    json_fields = Fields({"f": value}, form=False)
    assert json_fields.flag("f") is False
    with pytest.raises(InvalidInput):
        json_fields.check()


@pytest.mark.parametrize(
    ("wish", "place"),
    [("/home?x=1", "/home?x=1"), ("//evil.example", None), ("https://evil.example", None), (7, None)],
)
def test_a_way_back_is_a_safe_one_or_none(wish: object, place: str | None) -> None:
    """A wish for an unsafe place is no fault: it is ignored (OAU-10)."""
    fields = Fields({"return_to": wish}, form=False)
    found = fields.return_to(OriginPolicy(origin="https://app.example.com"))
    assert (None if found is None else found.location) == place
    assert fields.faults == []


@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.none() | st.booleans() | st.text() | st.integers() | st.lists(st.text())
    )
)
def test_whatever_comes_is_taken_or_a_fault(values: dict[str, object]) -> None:
    """Nothing else is raised, and what is given out can be kept by every store and is on one line."""
    fields = Fields(values, form=False)
    for text in (fields.text("a"), fields.optional("b") or ""):
        assert text.isprintable()
    fields.secret("a")
    fields.flag("b")
    assert all(fault.text for fault in fields.faults)
