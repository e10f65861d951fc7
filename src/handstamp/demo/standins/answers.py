"""How the stand-ins answer: pages, redirects and JSON, and the refusals that become one of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

_MAX_BODY_BYTES: Final = 16_384
_PACKAGE: Final = "handstamp.demo.standins"
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        # No form-action: Chromium holds it against the redirect that answers a form, and ours leads elsewhere.
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Refusal(ABC, Exception):  # noqa: N818  named for what is the case
    """The request is not granted. Each kind of refusal is told to somebody else."""

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """The refusal as a response."""


class PageRefusal(Refusal):
    """Told to the person in front of the browser: there is nowhere safe to send them (RFC 6749 §4.1.2.1)."""

    def __init__(self, code: str, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status

    def answer(self, request: Request) -> Response:
        """A page of the provider that was asked."""
        provider = "google" if request.url.path.startswith("/google") else "x"
        return page("refusal.html", status=self.status, refusal=self, provider=provider)


class SentBack(Refusal):
    """Told to the application, by sending the browser back to it."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location

    def answer(self, request: Request) -> Response:  # noqa: ARG002  the signature of the base class
        """The redirect."""
        return redirect(self.location)


class JSONRefusal(Refusal):
    """Told to the application directly."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}

    def answer(self, request: Request) -> Response:  # noqa: ARG002  the signature of the base class
        """The error as JSON."""
        return json(self.body, status=self.status, headers=self.headers)


def page(template: str, *, status: int = 200, **context: object) -> Response:
    """An HTML page from a template."""
    html = _environment().get_template(template).render(context)
    return HTMLResponse(html, status, headers=_HEADERS)


def json(body: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer that nobody keeps."""
    return JSONResponse(body, status, headers={"cache-control": "no-store", **(headers or {})})


def redirect(location: str) -> Response:
    """Send the browser on, with GET whatever it came with."""
    return RedirectResponse(location, status_code=303, headers={"cache-control": "no-store"})


def with_parameters(address: str, parameters: Iterable[tuple[str, str]]) -> str:
    """An address with more parameters in its query (RFC 6749 §4.1.2: those that it has stay)."""
    url = URL(address)
    added = urlencode(list(parameters))
    return str(url.replace(query=f"{url.query}&{added}" if url.query else added))


async def read_body(request: Request) -> bytes:
    """The body, which is short.

    Raises:
        PageRefusal: It is not.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise PageRefusal("too_large", "The request is too large.", status=413)
    return bytes(body)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each of them once.

    Raises:
        PageRefusal: Another content type, not UTF-8, or a field twice (RFC 6749 §3.2).
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise PageRefusal("invalid_request", "The request is no form.")
    try:
        pairs = parse_qsl((await read_body(request)).decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise PageRefusal("invalid_request", "The form is not in UTF-8.") from error
    return once_each(pairs)


def once_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters as a dictionary.

    Raises:
        PageRefusal: One of them comes twice (RFC 6749 §3.1).
    """
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise PageRefusal("invalid_request", "A parameter comes twice.")
    return parameters


async def answer_refusal(request: Request, refusal: Exception) -> Response:
    """The one place that turns refusals into answers."""
    assert isinstance(refusal, Refusal)
    return refusal.answer(request)


@cache
def stylesheet() -> bytes:
    """The stylesheet of the stand-ins' pages."""
    return resources.files(_PACKAGE).joinpath("standins.css").read_bytes()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
