"""X's side of OAuth 1.0a, on oauthlib's server: a second implementation that checks every signature.

Everyone who comes to ``/oauth/authenticate`` is signed in as ada, or says no with ``?deny=1``.
"""

import re
import secrets
import sys
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from oauthlib.oauth1 import WebApplicationServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_KEY: Final = "consumer-key"
CLIENT_SECRET: Final = "consumer-secret&ü"
ADA: Final = {
    "id": 42,
    "id_str": "42",
    "screen_name": "ada",
    "name": "Ada",
    "profile_image_url_https": "https://pbs.example/ada.jpg",
}
EMAIL: Final = "ada@mail.example"
CLOCK_LIMIT: Final = 300
"""Seconds that a timestamp may be off."""

_NOBODY: Final = "a-secret-of-nobody"


@dataclass
class RequestToken:
    """A request token and what has happened to it."""

    secret: str
    callback_url: str
    verifier: str | None = None


@dataclass
class Book:
    """What the provider remembers."""

    now: float
    callback_url: str
    request_tokens: dict[str, RequestToken] = field(default_factory=dict[str, RequestToken])
    access_tokens: dict[str, str] = field(default_factory=dict[str, str])
    nonces: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])


class Validator:
    """Answers from the book what oauthlib asks of its ``RequestValidator``.

    Not derived from that class, whose annotations contradict how its own server uses it.
    """

    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1",)
    timestamp_lifetime = sys.maxsize  # judged below, by the book's clock
    dummy_client = "nobody"
    dummy_request_token = dummy_access_token = "no-token"

    def __init__(self, book: Book) -> None:
        self.book = book

    def check_client_key(self, value: str) -> bool:
        """Whether it may be looked up: any letters, digits, hyphens and underscores."""
        return re.fullmatch(r"[A-Za-z0-9_-]{1,50}", value) is not None

    check_request_token = check_access_token = check_verifier = check_nonce = check_client_key

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        """Whether there is such a client."""
        return client_key == CLIENT_KEY

    def get_client_secret(self, client_key: str, request: Any) -> str:
        """Its secret."""
        return CLIENT_SECRET if client_key == CLIENT_KEY else _NOBODY

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: Any, **_tokens: Any
    ) -> bool:
        """Whether the request is fresh and the first of its kind (RFC 5849 §3.3)."""
        seen = (timestamp, nonce) in self.book.nonces
        self.book.nonces.add((timestamp, nonce))
        return not seen and abs(self.book.now - int(timestamp)) <= CLOCK_LIMIT

    def validate_redirect_uri(self, client_key: str, redirect_uri: str, request: Any) -> bool:
        """Whether the callback is registered."""
        return redirect_uri == self.book.callback_url

    def save_request_token(self, token: dict[str, str], request: Any) -> None:
        """A request token was given out."""
        self.book.request_tokens[token["oauth_token"]] = RequestToken(
            token["oauth_token_secret"], request.redirect_uri
        )

    def validate_request_token(self, client_key: str, token: str, request: Any) -> bool:
        """Whether it is still there."""
        return token in self.book.request_tokens

    def verify_request_token(self, token: str, request: Any) -> bool:
        """The same, before the person is asked."""
        return token in self.book.request_tokens

    def get_request_token_secret(self, client_key: str, token: str, request: Any) -> str:
        """Its secret."""
        known = self.book.request_tokens.get(token)
        return known.secret if known else _NOBODY

    def get_redirect_uri(self, token: str, request: Any) -> str:
        """The callback that is bound to it."""
        return self.book.request_tokens[token].callback_url

    def save_verifier(self, token: str, verifier: dict[str, str], request: Any) -> None:
        """The person said yes."""
        self.book.request_tokens[token].verifier = verifier["oauth_verifier"]

    def validate_verifier(self, client_key: str, token: str, verifier: str, request: Any) -> bool:
        """Whether whoever brings the token was told the verifier."""
        return secrets.compare_digest(self.book.request_tokens[token].verifier or "", verifier)

    def invalidate_request_token(self, client_key: str, request_token: str, request: Any) -> None:
        """It was exchanged."""
        del self.book.request_tokens[request_token]

    def save_access_token(self, token: dict[str, str], request: Any) -> None:
        """An access token was given out."""
        self.book.access_tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        """Whether there is such a token."""
        return token in self.book.access_tokens

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        """Its secret."""
        return self.book.access_tokens.get(token, _NOBODY)

    def check_realms(self, realms: list[str]) -> bool:
        """X has no realms."""
        return not any(realms)

    def get_default_realms(self, client_key: str, request: Any) -> list[str]:
        """X has no realms."""
        return []

    def get_realms(self, token: str, request: Any) -> list[str]:
        """X has no realms."""
        return []

    def validate_requested_realms(self, client_key: str, realms: list[str], request: Any) -> bool:
        """X has no realms."""
        return True

    def validate_realms(
        self, client_key: str, token: str, request: Any, uri: str | None = None, realms: list[str] | None = None
    ) -> bool:
        """X has no realms."""
        return True


def provider_x(book: Book) -> Starlette:
    """X as an application."""
    validator: Any = Validator(book)
    server: Any = WebApplicationServer(validator)

    async def asked(request: Request) -> tuple[str, str, str, dict[str, str]]:
        return str(request.url), request.method, (await request.body()).decode(), dict(request.headers)

    async def request_token(request: Request) -> Response:
        headers, content, status = server.create_request_token_response(*await asked(request))
        return Response(content, status, headers)

    async def authenticate(request: Request) -> Response:
        token = request.query_params["oauth_token"]
        if "deny" in request.query_params:
            callback = book.request_tokens.pop(token).callback_url
            return RedirectResponse(f"{callback}?{urlencode({'denied': token})}", 302)
        arguments = await asked(request)
        realms, credentials = server.get_realms_and_credentials(*arguments)
        headers, _, status = server.create_authorization_response(*arguments, realms, credentials)
        return Response(None, status, headers)

    async def access_token(request: Request) -> Response:
        headers, content, status = server.create_access_token_response(*await asked(request))
        return Response(content, status, headers)

    async def verify_credentials(request: Request) -> Response:
        valid, _ = server.validate_protected_resource_request(*await asked(request), realms=[])
        if not valid:
            return JSONResponse({"errors": [{"code": 32}]}, 401)
        wanted = request.query_params.get("include_email") == "true"
        return JSONResponse(ADA | ({"email": EMAIL} if wanted else {}))

    async def invalidate_token(request: Request) -> Response:
        valid, asked_for = server.validate_protected_resource_request(*await asked(request), realms=[])
        if not valid:
            return JSONResponse({"errors": [{"code": 89}]}, 401)
        del book.access_tokens[asked_for.resource_owner_key]
        return JSONResponse({"access_token": asked_for.resource_owner_key})

    return Starlette(
        routes=[
            Route("/1.1/oauth/invalidate_token", invalidate_token, methods=["POST"]),
            Route("/oauth/request_token", request_token, methods=["POST"]),
            Route("/oauth/authenticate", authenticate),
            Route("/oauth/access_token", access_token, methods=["POST"]),
            Route("/1.1/account/verify_credentials.json", verify_credentials),
        ]
    )
