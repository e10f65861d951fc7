"""Answers of our own routes: JSON for programs, pages and redirects for people. Never kept by a cache."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from handstamp.core.origins import is_loopback_origin
from handstamp.core.redirects import SafeRedirect
from handstamp.web.caller import NO_STORE, SCOPE_KEY, Caller
from handstamp.web.host import Place
from handstamp.web.languages import language_among
from handstamp.web.pages import Pages
from handstamp.web.pages.contexts import PageContext

PROBLEM_JSON: Final = "application/problem+json"


def caller_of(connection: HTTPConnection) -> Caller:
    """The request's ``Caller``."""
    caller = connection.scope[SCOPE_KEY]
    assert isinstance(caller, Caller)
    return caller


def wants_page(connection: HTTPConnection) -> bool:
    """Whether the client asks for HTML, and not rather for JSON (RFC 9110 §12.5.1). Without a word about it: JSON."""
    quality = {"text/html": 0.0, "application/json": 0.0}
    for item in ",".join(connection.headers.getlist("accept")).split(","):
        media_type, _, parameters = item.strip().partition(";")
        weight = _weight(parameters)
        name = media_type.strip().lower()
        if name in quality:
            quality[name] = max(quality[name], weight)
    return 0.0 < quality["text/html"] >= quality["application/json"]


def is_form(request: Request) -> bool:
    """Whether the body is an HTML form's."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}


def page(
    connection: HTTPConnection,
    place: Place,
    context: PageContext,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page under a policy that lets it run no script, sit in no frame and send its forms to nobody but us.

    It is in the language that the request asks for, as far as we have it.
    """
    language = language_among(connection, place.languages)
    html = Pages(app_name=place.app_name, base=place.mount, theme=place.theme).render(context, language=language)
    told = {"Content-Language": language, "Vary": "Accept-Language"}
    return HTMLResponse(html, status, {**page_headers(place), **told, **(headers or {})})


def page_headers(place: Place) -> dict[str, str]:
    """Security headers of our pages (ASVS 3.4.3-3.4.8)."""
    pictures = "'self' https:"
    if is_loopback_origin(place.origins.origin):
        pictures += " http://localhost:* http://127.0.0.1:*"
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": pictures,
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "object-src": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cache-Control": NO_STORE,
    }


def data(content: object, *, status: int = 200) -> Response:
    """A JSON answer."""
    return JSONResponse(content, status, {"Cache-Control": NO_STORE, "X-Content-Type-Options": "nosniff"})


def nothing() -> Response:
    """204."""
    return Response(status_code=204, headers={"Cache-Control": NO_STORE})


def see_other(target: SafeRedirect) -> Response:
    """303 to a place that was checked: after a POST the browser asks by GET (RFC 9110 §15.4.4)."""
    return RedirectResponse(target.location, 303, {"Cache-Control": NO_STORE, "Referrer-Policy": "no-referrer"})


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
