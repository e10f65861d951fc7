"""A stand-in for X by OAuth 2.0: authorization code with PKCE, then ``users/me``."""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.demo.standins import consent
from handstamp.demo.standins.answers import JSONRefusal, json, read_form, redirect
from handstamp.demo.standins.clients import Client
from handstamp.demo.standins.code_flow import CodeFlow
from handstamp.demo.standins.grants import ACCESS_TOKEN_LIFETIME, BadGrant, Grants, Kind
from handstamp.demo.standins.people import PEOPLE, Person

_SCOPES_OF_ME: Final = frozenset({"users.read", "tweet.read"})
"""Both are needed for users/me."""


class XOAuth2:
    """The endpoints below ``/x`` that speak OAuth 2.0.

    Args:
        base: Origin of this process's stand-ins, for the addresses of pictures.
        client: Who may ask.
        grants: Seals what is handed out.
        clock: Seconds since the epoch.
    """

    def __init__(self, *, base: str, client: Client, grants: Grants, clock: Callable[[], float]) -> None:
        self._base = base
        self._flow = CodeFlow(
            client=client, grants=grants, clock=clock, code=Kind.X_CODE, access_token=Kind.X_ACCESS_TOKEN
        )

    def routes(self) -> list[Route]:
        """Where the endpoints are."""
        return [
            Route("/x/i/oauth2/authorize", self._authorize, methods=["GET"]),
            Route("/x/i/oauth2/authorize", self._decide, methods=["POST"]),
            Route("/x/2/oauth2/token", self._token, methods=["POST"]),
            Route("/x/2/users/me", self._me, methods=["GET"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        asked = self._flow.read(request)
        learns: tuple[str, ...] = ("your name, screen name and picture",)
        if "users.email" in asked.scopes:
            learns += ("your e-mail address",)
        return consent.ask("x", learns=learns, returns_to=asked.redirect_uri)

    async def _decide(self, request: Request) -> Response:
        asked = self._flow.read(request)
        person = await consent.read_decision(request)
        return redirect(self._flow.approve(asked, person) if person else self._flow.deny(asked))

    async def _token(self, request: Request) -> Response:
        claims = self._flow.redeem(request.headers.get("authorization"), await read_form(request))
        return json(
            {
                "token_type": "bearer",
                "expires_in": ACCESS_TOKEN_LIFETIME,
                "access_token": self._flow.new_access_token(claims),
                "scope": claims["scope"],
            }
        )

    async def _me(self, request: Request) -> Response:
        try:
            claims = self._flow.read_access_token(request.headers.get("authorization"))
        except BadGrant as error:
            raise _problem(401, "Unauthorized") from error
        scopes = frozenset(claims["scope"].split())
        if not scopes >= _SCOPES_OF_ME:
            raise _problem(403, "Forbidden")
        fields = frozenset(request.query_params.get("user.fields", "").split(","))
        return json({"data": self._account(PEOPLE[claims["person"]], fields, scopes)})

    def _account(self, person: Person, fields: frozenset[str], scopes: frozenset[str]) -> dict[str, Any]:
        account = {"id": person.x_id, "name": person.name, "username": person.screen_name}
        if "profile_image_url" in fields:
            account["profile_image_url"] = f"{self._base}{person.picture_path}"
        if "confirmed_email" in fields and "users.email" in scopes:
            account["confirmed_email"] = person.email
        return account


def _problem(status: int, title: str) -> JSONRefusal:
    """An error as API v2 words it."""
    return JSONRefusal(status, {"title": title, "type": "about:blank", "status": status, "detail": title})
