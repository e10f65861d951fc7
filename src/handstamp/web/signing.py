"""The cookies that go with signing in and out."""

from starlette.responses import Response

from handstamp.services.sessions import Issued
from handstamp.web.caller import signed_in_cookies
from handstamp.web.host import Host


def signed_in(host: Host, response: Response, issued: Issued) -> Response:
    """Let a response carry a new session."""
    return _with_cookies(response, signed_in_cookies(host, issued))


def signed_out(host: Host, response: Response) -> Response:
    """Let a response take the cookies back, and what the browser cached of the signed-in pages (COO-06)."""
    response.headers["Clear-Site-Data"] = '"cache"'
    return _with_cookies(response, host.place.signed_out_cookies)


def _with_cookies(response: Response, cookies: tuple[bytes, ...]) -> Response:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.decode("latin-1"))
    return response
