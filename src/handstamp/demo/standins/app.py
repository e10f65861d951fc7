"""The stand-ins as one application."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.demo.standins import answers
from handstamp.demo.standins.clients import Clients
from handstamp.demo.standins.google import Google
from handstamp.demo.standins.grants import Grants
from handstamp.demo.standins.people import PEOPLE
from handstamp.demo.standins.x_oauth1 import XOAuth1
from handstamp.demo.standins.x_oauth2 import XOAuth2


def standins(
    *,
    base: str,
    issuer: str,
    key: bytes,
    signing_key_pem: str,
    clients: Clients,
    clock: Callable[[], float],
) -> Starlette:
    """Stand-ins for X (below ``/x``) and Google (below ``/google``).

    Args:
        base: The origin that this process is reached at, without a slash at the end: ``http://localhost:8001``.
        issuer: What the stand-in for Google calls itself in its tokens: one for a data folder, whatever the port.
        key: At least 32 random bytes, one for a data folder: seals what is handed out.
        signing_key_pem: From ``new_signing_key``, one for a data folder: signs ID tokens.
        clients: Who is registered.
        clock: Seconds since the epoch.
    """
    grants = Grants(key, clock)
    google = Google(
        base=base,
        issuer=issuer,
        signing_key_pem=signing_key_pem,
        client=clients.google,
        grants=grants,
        clock=clock,
    )
    return Starlette(
        routes=[
            Route("/", _home, methods=["GET"]),
            Route("/standins.css", _stylesheet, methods=["GET"]),
            Route("/people/{key}.svg", _picture, methods=["GET"]),
            *XOAuth1(base=base, client=clients.x_oauth1, grants=grants, clock=clock).routes(),
            *XOAuth2(base=base, client=clients.x_oauth2, grants=grants, clock=clock).routes(),
            *google.routes(),
        ],
        exception_handlers={answers.Refusal: answers.answer_refusal},
    )


async def _home(_: Request) -> Response:
    return answers.page("home.html", provider="both", people=PEOPLE.values())


async def _stylesheet(_: Request) -> Response:
    return Response(answers.stylesheet(), media_type="text/css", headers={"x-content-type-options": "nosniff"})


async def _picture(request: Request) -> Response:
    person = PEOPLE.get(request.path_params["key"])
    if person is None:
        raise answers.PageRefusal("not_found", "Nobody of that name has an account here.", status=404)
    headers = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"}
    return Response(person.picture, media_type="image/svg+xml", headers=headers)
