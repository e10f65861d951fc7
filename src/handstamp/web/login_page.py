"""The login page: every way in has its place on it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Host, Place
from handstamp.web.methods import Asked
from handstamp.web.pages.contexts import Link, Login, Notice, Part
from handstamp.web.respond import page, see_other


def login_page(
    request: Request,
    host: Host,
    asked: Asked,
    *,
    notice: Notice | None = None,
    instead: Mapping[str, Part] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The ways in.

    Args:
        request: Who asks.
        host: The application.
        asked: Where people want to go, and whether they want to stay signed in.
        notice: Something to be read first.
        instead: The parts of ways in, by their id, that are shown instead of their usual ones: a form that was
            refused, with what was wrong.
        status: Of HTTP.
        headers: More of them.
    """
    place, given = host.place, instead or {}
    way_back = {} if asked.return_to is None else {"return_to": asked.return_to.location}
    remembered = way_back | {"remember": "1"}
    chosen, other = (remembered, way_back) if asked.remember else (way_back, remembered)
    ways = [way for way in host.methods if way.signs_in]
    parts = {way.id: given.get(way.id) or way.login_part(asked) for way in ways}
    context = Login(
        parts=tuple(part for part in parts.values() if part is not None),
        ways=tuple(
            Link(label=way.label, href=with_query(place.path(way.path), chosen))
            for way in ways
            if parts[way.id] is None
        ),
        remember=asked.remember,
        remember_toggle=with_query(place.path("/login"), other),
        notice=notice,
    )
    return page(request, place, context, status=status, headers=headers)


def to_login(place: Place, return_to: str) -> Response:
    """Send somebody who is not signed in there, and back to a path of ours afterwards."""
    return see_other(SafeRedirect.to_path(with_query(place.path("/login"), {"return_to": return_to})))


def with_query(path: str, query: Mapping[str, str]) -> str:
    """A path and its query, if it has one."""
    return f"{path}?{urlencode(query)}" if query else path
