"""A stand-in for Google: OpenID Connect with discovery, ID tokens by RS256 and userinfo."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handstamp.core.encoding import base64url_encode
from handstamp.demo.standins import consent
from handstamp.demo.standins.answers import JSONRefusal, json, read_form, redirect
from handstamp.demo.standins.clients import Client
from handstamp.demo.standins.code_flow import CodeFlow
from handstamp.demo.standins.grants import ACCESS_TOKEN_LIFETIME, BadGrant, Grants, Kind
from handstamp.demo.standins.people import PEOPLE, Person

_ALGORITHM: Final = "RS256"
_KEY_BITS: Final = 2048
_HALF_OF_SHA256: Final = 16


def new_signing_key() -> str:
    """A private key for ID tokens, as PEM (PKCS #8). The caller keeps it for all processes of a data folder."""
    key = generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


class Google:
    """The endpoints below ``/google``.

    Args:
        base: Origin of this process's stand-ins: where its endpoints are.
        issuer: Who signs, the same in every process of a data folder.
        signing_key_pem: From ``new_signing_key``.
        client: Who may ask.
        grants: Seals what is handed out.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        *,
        base: str,
        issuer: str,
        signing_key_pem: str,
        client: Client,
        grants: Grants,
        clock: Callable[[], float],
    ) -> None:
        self._base = base
        self._issuer = issuer
        self._client = client
        self._clock = clock
        self._key = RSAKey.import_key(signing_key_pem, {"use": "sig", "alg": _ALGORITHM})
        self._key.ensure_kid()
        self._flow = CodeFlow(
            client=client,
            grants=grants,
            clock=clock,
            code=Kind.GOOGLE_CODE,
            access_token=Kind.GOOGLE_ACCESS_TOKEN,
            issuer=issuer,
            pkce_required=False,
            secret_in_body=True,
        )

    def routes(self) -> list[Route]:
        """Where the endpoints are."""
        return [
            Route("/google/.well-known/openid-configuration", self._metadata, methods=["GET"]),
            Route("/google/authorize", self._authorize, methods=["GET"]),
            Route("/google/authorize", self._decide, methods=["POST"]),
            Route("/google/token", self._token, methods=["POST"]),
            Route("/google/jwks", self._jwks, methods=["GET"]),
            Route("/google/userinfo", self._userinfo, methods=["GET", "POST"]),
        ]

    async def _metadata(self, _: Request) -> Response:
        """OpenID Connect Discovery 1.0 §3."""
        return json(
            {
                "issuer": self._issuer,
                "authorization_endpoint": f"{self._base}/google/authorize",
                "token_endpoint": f"{self._base}/google/token",
                "userinfo_endpoint": f"{self._base}/google/userinfo",
                "jwks_uri": f"{self._base}/google/jwks",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [_ALGORITHM],
                "scopes_supported": ["openid", "email", "profile"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _authorize(self, request: Request) -> Response:
        asked = self._flow.read(request)
        learns = ["who you are, by a number that does not change"]
        if "profile" in asked.scopes:
            learns.append("your name and picture")
        if "email" in asked.scopes:
            learns.append("your e-mail address")
        return consent.ask("google", learns=tuple(learns), returns_to=asked.redirect_uri)

    async def _decide(self, request: Request) -> Response:
        asked = self._flow.read(request)
        person = await consent.read_decision(request)
        return redirect(self._flow.approve(asked, person) if person else self._flow.deny(asked))

    async def _token(self, request: Request) -> Response:
        claims = self._flow.redeem(request.headers.get("authorization"), await read_form(request))
        access_token = self._flow.new_access_token(claims)
        answer = {
            "access_token": access_token,
            "expires_in": ACCESS_TOKEN_LIFETIME,
            "scope": claims["scope"],
            "token_type": "Bearer",
        }
        if "openid" in claims["scope"].split():
            answer["id_token"] = self._id_token(claims, access_token)
        return json(answer)

    async def _jwks(self, _: Request) -> Response:
        return json({"keys": [self._key.as_dict(private=False)]})

    async def _userinfo(self, request: Request) -> Response:
        try:
            claims = self._flow.read_access_token(request.headers.get("authorization"))
        except BadGrant as error:
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise JSONRefusal(401, {"error": "invalid_token"}, challenge) from error
        return json(self._about(PEOPLE[claims["person"]], claims["scope"]))

    def _id_token(self, claims: dict[str, Any], access_token: str) -> str:
        """OpenID Connect Core 1.0 §2 and §3.1.3.6."""
        now = int(self._clock())
        digest = sha256(access_token.encode("ascii")).digest()
        payload = {
            "iss": self._issuer,
            "azp": self._client.id,
            "aud": self._client.id,
            "iat": now,
            "exp": now + ACCESS_TOKEN_LIFETIME,
            "at_hash": base64url_encode(digest[:_HALF_OF_SHA256]),
            **self._about(PEOPLE[claims["person"]], claims["scope"]),
        }
        if claims["nonce"]:
            payload["nonce"] = claims["nonce"]
        header = {"alg": _ALGORITHM, "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, payload, self._key, algorithms=[_ALGORITHM])

    def _about(self, person: Person, scope: str) -> dict[str, Any]:
        """What the scopes let the application know (OpenID Connect Core 1.0 §5.4)."""
        scopes = scope.split()
        about: dict[str, Any] = {"sub": person.google_sub}
        if "profile" in scopes:
            about |= {
                "name": person.name,
                "given_name": person.given_name,
                "family_name": person.family_name,
                "picture": f"{self._base}{person.picture_path}",
            }
        if "email" in scopes:
            about |= {"email": person.email, "email_verified": True}
        return about
