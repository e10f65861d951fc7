"""The way from a page that asks for more than the session has, to where it can be shown, and back."""

from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import HTTPConnection

from handstamp.core.errors import HandstampError, SecondFactorRequired
from handstamp.core.redirects import SafeRedirect
from handstamp.web.host import Place
from handstamp.web.respond import wants_page

REAUTHENTICATE: Final = "/reauthenticate"
"""Below the mount."""


def is_visit(connection: HTTPConnection) -> bool:
    """Whether a person goes to a page, so that they can be sent elsewhere and come back.

    What would change something cannot be done by a redirect, and what a script asks for is not seen by anybody.
    """
    if connection.scope["type"] != "http" or connection.scope["method"] != "GET":
        return False
    return wants_page(connection) and connection.headers.get("sec-fetch-mode", "navigate") == "navigate"


def confirmation_of(error: HandstampError, place: Place, way_back: SafeRedirect | None) -> SafeRedirect:
    """Where somebody shows what an error says is missing, with the way back."""
    asked = {"aal": str(error.aal)} if isinstance(error, SecondFactorRequired) else {}
    path = place.path(REAUTHENTICATE)
    query = urlencode(asked if way_back is None else {"return_to": way_back.location, **asked})
    # The way back may be as long as a location can be; then it is left out, not cut.
    longest = SafeRedirect.parse(f"{path}?{query}" if query else path, place.origins)
    return longest or SafeRedirect.to_path(f"{path}?{urlencode(asked)}" if asked else path)


def way_back_of(connection: HTTPConnection, place: Place) -> SafeRedirect | None:
    """The page that is asked for, with its query; None where no browser could be sent there."""
    query = connection.scope["query_string"].decode("latin-1")
    path = quote(connection.scope["path"])
    return SafeRedirect.parse(f"{path}?{query}" if query else path, place.origins)


def came_from(connection: HTTPConnection, place: Place) -> SafeRedirect | None:
    """The page of ours from which a form was sent, as far as the browser says."""
    referer = connection.headers.get("referer", "")
    return SafeRedirect.parse(referer, place.origins) if referer.startswith(f"{place.origins.origin}/") else None
