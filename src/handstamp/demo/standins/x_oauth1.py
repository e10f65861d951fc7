"""A stand-in for X by OAuth 1.0a (RFC 5849) on oauthlib's server side."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from oauthlib.common import Request as OAuthRequest
from oauthlib.common import urlencode
from oauthlib.oauth1 import WebApplicationServer
from oauthlib.oauth1.rfc5849.errors import OAuth1Error
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.demo.standins import consent
from handstamp.demo.standins.answers import (
    JSONRefusal,
    PageRefusal,
    json,
    once_each,
    read_body,
    redirect,
    with_parameters,
)
from handstamp.demo.standins.clients import Client
from handstamp.demo.standins.grants import (
    ACCESS_TOKEN_LIFETIME,
    CODE_LIFETIME,
    REQUEST_TOKEN_LIFETIME,
    BadGrant,
    Grants,
    Kind,
    Once,
)
from handstamp.demo.standins.people import PEOPLE, Person
from handstamp.demo.standins.x_validator import Validator

_ERRORS: Final = {
    400: (215, "Bad Authentication data."),
    401: (32, "Could not authenticate you."),
    403: (415, "Callback URL not approved for this client application."),
}
"""Code and message, as API v1.1 words them."""


class XOAuth1:
    """The endpoints below ``/x`` that speak OAuth 1.0a.

    Args:
        base: Origin of this process's stand-ins. Signatures cover it, so clients must have called it by this name.
        client: Who may ask.
        grants: Seals what is handed out.
        clock: Seconds since the epoch.
    """

    def __init__(self, *, base: str, client: Client, grants: Grants, clock: Callable[[], float]) -> None:
        self._base = base
        self._grants = grants
        self._once = Once(clock)
        # Any: oauthlib's endpoints have no annotations.
        self._server: Any = _Server(Validator(client=client, grants=grants, clock=clock), grants, self._once)

    def routes(self) -> list[Route]:
        """Where the endpoints are."""
        return [
            Route("/x/oauth/request_token", self._request_token, methods=["POST"]),
            Route("/x/oauth/authenticate", self._authenticate, methods=["GET"]),
            Route("/x/oauth/authenticate", self._decide, methods=["POST"]),
            Route("/x/oauth/access_token", self._access_token, methods=["POST"]),
            Route("/x/1.1/account/verify_credentials.json", self._account, methods=["GET"]),
        ]

    async def _request_token(self, request: Request) -> Response:
        return _tokens(self._server.create_request_token_response(*await self._signed(request)))

    async def _access_token(self, request: Request) -> Response:
        return _tokens(self._server.create_access_token_response(*await self._signed(request)))

    async def _authenticate(self, request: Request) -> Response:
        _, claims = self._request_token_of(request)
        learns = ("your name, screen name and picture", "your e-mail address, if it asks for it")
        return consent.ask("x", learns=learns, returns_to=claims["callback"])

    async def _decide(self, request: Request) -> Response:
        """Send the person back with a verifier, or with the token that they denied."""
        token, claims = self._request_token_of(request)
        person = await consent.read_decision(request)
        if person is None:
            self._once.use(token, lifetime=REQUEST_TOKEN_LIFETIME)
            return redirect(with_parameters(claims["callback"], [("denied", token)]))
        verifier = self._grants.issue(
            Kind.X_VERIFIER,
            {"person": person.key, "token": sha256(token.encode("ascii")).hexdigest()},
            lifetime=CODE_LIFETIME,
        )
        answer = [("oauth_token", token), ("oauth_verifier", verifier)]
        return redirect(with_parameters(claims["callback"], answer))

    async def _account(self, request: Request) -> Response:
        valid, signed = self._server.validate_protected_resource_request(*await self._signed(request))
        if not valid:
            raise _refusal(401)
        claims = self._grants.open(Kind.X_OAUTH1_ACCESS_TOKEN, signed.resource_owner_key)
        with_email = request.query_params.get("include_email") == "true"
        return json(self._about(PEOPLE[claims["person"]], with_email=with_email))

    async def _signed(self, request: Request) -> tuple[str, str, str, dict[str, str]]:
        """A request as oauthlib takes it: what was signed is the address that the client called."""
        query = f"?{request.url.query}" if request.url.query else ""
        body = (await read_body(request)).decode("utf-8", errors="replace")
        return f"{self._base}{request.url.path}{query}", request.method, body, dict(request.headers)

    def _request_token_of(self, request: Request) -> tuple[str, dict[str, Any]]:
        token = once_each(request.query_params.multi_items()).get("oauth_token", "")
        try:
            claims = self._grants.open(Kind.X_REQUEST_TOKEN, token)
        except BadGrant as error:
            raise _bad_request_token() from error
        if self._once.is_used(token):
            raise _bad_request_token()
        return token, claims

    def _about(self, person: Person, *, with_email: bool) -> dict[str, Any]:
        picture = f"{self._base}{person.picture_path}"
        about = {
            "id": int(person.x_id),
            "id_str": person.x_id,
            "name": person.name,
            "screen_name": person.screen_name,
            "profile_image_url": picture,
            "profile_image_url_https": picture,
        }
        return about | {"email": person.email} if with_email else about


class _Server(WebApplicationServer):
    """oauthlib's server, with tokens that are sealed instead of kept."""

    def __init__(self, validator: Validator, grants: Grants, once: Once) -> None:
        super().__init__(validator)
        self._grants = grants
        self._once = once

    def create_request_token(self, request: OAuthRequest, credentials: dict[str, str]) -> str:
        """A request token, bound to its callback (RFC 5849 §2.1)."""
        claims = {"callback": str(request.redirect_uri)}
        token = self._grants.issue(Kind.X_REQUEST_TOKEN, claims, lifetime=REQUEST_TOKEN_LIFETIME)
        return self._pair(token, oauth_callback_confirmed="true", **credentials)

    def create_access_token(self, request: OAuthRequest, credentials: dict[str, str]) -> str:
        """An access token, for a request token and its verifier that were checked just now (RFC 5849 §2.3).

        Raises:
            OAuth1Error: The request token was used before.
        """
        if not self._once.use(str(request.resource_owner_key), lifetime=REQUEST_TOKEN_LIFETIME):
            raise OAuth1Error(status_code=401)
        person = PEOPLE[self._grants.open(Kind.X_VERIFIER, str(request.verifier))["person"]]
        token = self._grants.issue(Kind.X_OAUTH1_ACCESS_TOKEN, {"person": person.key}, lifetime=ACCESS_TOKEN_LIFETIME)
        return self._pair(token, user_id=person.x_id, screen_name=person.screen_name, **credentials)

    def _pair(self, token: str, **more: str) -> str:
        secret = self._grants.secret_of(token)
        return urlencode([("oauth_token", token), ("oauth_token_secret", secret), *more.items()])


def _tokens(answer: tuple[dict[str, str], str | None, int]) -> Response:
    """The answer of oauthlib: tokens in a form, or a status that X puts into words."""
    headers, body, status = answer
    if status in _ERRORS:
        raise _refusal(status)
    return Response(body, status, headers={**headers, "cache-control": "no-store"})


def _refusal(status: int) -> JSONRefusal:
    code, message = _ERRORS[status]
    return JSONRefusal(status, {"errors": [{"code": code, "message": message}]})


def _bad_request_token() -> PageRefusal:
    return PageRefusal("invalid_token", "The request token of this page is unknown, was used before, or has expired.")
