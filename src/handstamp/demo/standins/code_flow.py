"""The authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636), as X and Google both have it."""

import hmac
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.requests import Request

from handstamp.core.encoding import base64url_encode
from handstamp.demo.standins.answers import JSONRefusal, PageRefusal, SentBack, once_each, with_parameters
from handstamp.demo.standins.clients import Client
from handstamp.demo.standins.grants import (
    ACCESS_TOKEN_LIFETIME,
    CODE_LIFETIME,
    BadGrant,
    Grants,
    Kind,
    Once,
)
from handstamp.demo.standins.people import Person

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base64url."""
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that may be put to the person."""

    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes one by one."""
        return frozenset(self.scope.split())


class CodeFlow:
    """One provider's authorization code grant.

    Args:
        client: Who may ask.
        grants: Seals what is handed out.
        clock: Seconds since the epoch.
        code: What codes of this provider are called.
        access_token: What its access tokens are called.
        issuer: Sent with every answer as ``iss`` (RFC 9207), where the provider does that.
        pkce_required: Whether a request without a challenge is refused.
        secret_in_body: Whether the client may send its secret as a form field as well as by Basic.
    """

    def __init__(
        self,
        *,
        client: Client,
        grants: Grants,
        clock: Callable[[], float],
        code: Kind,
        access_token: Kind,
        issuer: str | None = None,
        pkce_required: bool = True,
        secret_in_body: bool = False,
    ) -> None:
        self._client = client
        self._grants = grants
        self._once = Once(clock)
        self._code = code
        self._access_token = access_token
        self._issuer = issuer
        self._pkce_required = pkce_required
        self._secret_in_body = secret_in_body

    def read(self, request: Request) -> AuthorizationRequest:
        """Read and judge an authorization request.

        Raises:
            PageRefusal: Client or redirect address are not the registered ones, so nobody is sent anywhere.
            SentBack: Anything else is wrong.
        """
        query = once_each(request.query_params.multi_items())
        if query.get("client_id") != self._client.id:
            raise PageRefusal("invalid_client", "No application with this client id is registered here.")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in self._client.redirect_uris:
            raise PageRefusal(
                "redirect_uri_mismatch", "The application asks to send you to an address that is not registered."
            )
        asked = AuthorizationRequest(
            redirect_uri=redirect_uri,
            scope=query.get("scope", ""),
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
        )
        if query.get("response_type") != "code":
            raise self._sent_back(asked, "unsupported_response_type")
        if not asked.scopes:
            raise self._sent_back(asked, "invalid_scope")
        if not self._acceptable_challenge(asked.challenge, query.get("code_challenge_method")):
            raise self._sent_back(asked, "invalid_request")
        return asked

    def approve(self, asked: AuthorizationRequest, person: Person) -> str:
        """Where to send the person, with a code."""
        code = self._grants.issue(
            self._code,
            {
                "person": person.key,
                "redirect_uri": asked.redirect_uri,
                "scope": asked.scope,
                "nonce": asked.nonce,
                "challenge": asked.challenge,
            },
            lifetime=CODE_LIFETIME,
        )
        return self._location(asked, code=code)

    def deny(self, asked: AuthorizationRequest) -> str:
        """Where to send a person who said no (RFC 6749 §4.1.2.1)."""
        return self._location(asked, error="access_denied")

    def redeem(self, authorization: str | None, form: dict[str, str]) -> dict[str, Any]:
        """What a code says, once (RFC 6749 §4.1.3).

        Raises:
            JSONRefusal: Not our client, or not a code that it may redeem.
        """
        self._authenticate(authorization, form)
        if form.get("grant_type") != "authorization_code":
            raise JSONRefusal(400, {"error": "unsupported_grant_type"})
        code = form.get("code", "")
        try:
            claims = self._grants.open(self._code, code)
        except BadGrant as error:
            raise _invalid_grant("The code is unknown, or past its time.") from error
        if form.get("redirect_uri") != claims["redirect_uri"]:
            raise _invalid_grant("The redirect address is another one than before.")
        if not _matches(claims["challenge"], form.get("code_verifier")):
            raise _invalid_grant("The code verifier does not match.")
        # Last, so that who cannot redeem a code cannot use it up either.
        if not self._once.use(code, lifetime=CODE_LIFETIME):
            raise _invalid_grant("The code was used before.")
        return claims

    def new_access_token(self, claims: dict[str, Any]) -> str:
        """An access token for what a code said."""
        return self._grants.issue(
            self._access_token,
            {"person": claims["person"], "scope": claims["scope"]},
            lifetime=ACCESS_TOKEN_LIFETIME,
        )

    def read_access_token(self, authorization: str | None) -> dict[str, Any]:
        """What the access token of a request says (RFC 6750 §2.1).

        Raises:
            BadGrant: There is none, or not a good one.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise BadGrant("no bearer token")
        return self._grants.open(self._access_token, token.strip())

    def _acceptable_challenge(self, challenge: str, method: str | None) -> bool:
        if not challenge:
            return not self._pkce_required
        return method == "S256" and _CHALLENGE.fullmatch(challenge) is not None

    def _authenticate(self, authorization: str | None, form: dict[str, str]) -> None:
        """Check the client's secret (RFC 6749 §2.3.1)."""
        if authorization is not None:
            presented = _basic(authorization)
        elif self._secret_in_body:
            presented = (form.get("client_id", ""), form.get("client_secret", ""))
        else:
            presented = ("", "")
        known = (self._client.id, self._client.secret)
        matches = [hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(presented, known, strict=True)]
        if not all(matches):
            raise JSONRefusal(401, {"error": "invalid_client"}, {"www-authenticate": 'Basic realm="stand-in"'})

    def _sent_back(self, asked: AuthorizationRequest, error: str) -> SentBack:
        return SentBack(self._location(asked, error=error))

    def _location(self, asked: AuthorizationRequest, **answer: str) -> str:
        if asked.state:
            answer["state"] = asked.state
        if self._issuer is not None:
            answer["iss"] = self._issuer
        return with_parameters(asked.redirect_uri, answer.items())


def _basic(authorization: str) -> tuple[str, str]:
    """Client id and secret, each of them form-encoded before Basic joins them (RFC 6749 §2.3.1)."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = b64decode(credentials, validate=True).decode("utf-8").partition(":")
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:
        return "", ""


def _matches(challenge: str, verifier: str | None) -> bool:
    """Whether a verifier belongs to a challenge (RFC 7636 §4.6); without a challenge there must be none."""
    if not challenge or verifier is None:
        return not challenge and verifier is None
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64url_encode(sha256(verifier.encode("ascii")).digest())
    return hmac.compare_digest(digest, challenge)


def _invalid_grant(description: str) -> JSONRefusal:
    return JSONRefusal(400, {"error": "invalid_grant", "error_description": description})
