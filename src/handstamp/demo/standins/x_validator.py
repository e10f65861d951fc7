"""What oauthlib asks whoever runs an OAuth 1.0a server, answered from sealed tokens."""
# ruff: noqa: ARG002  oauthlib fixes the signatures, and passes more than is needed

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from oauthlib.common import Request
from oauthlib.oauth1 import RequestValidator
from oauthlib.oauth1.rfc5849.errors import OAuth1Error

from handstamp.demo.standins.clients import Client
from handstamp.demo.standins.grants import BadGrant, Grants, Kind, Once

TIMESTAMP_TOLERANCE: Final = 300
"""Seconds that a client's clock may differ."""
_MAX_NONCE_CHARACTERS: Final = 128
_ANY_TIME: Final = 1 << 62


class Validator(RequestValidator):
    """Judges clients, tokens, verifiers, timestamps and nonces.

    Args:
        client: Who may ask.
        grants: Opens what was handed out.
        clock: Seconds since the epoch.
    """

    def __init__(self, *, client: Client, grants: Grants, clock: Callable[[], float]) -> None:
        super().__init__()
        self._client = client
        self._grants = grants
        self._clock = clock
        self._nonces = Once(clock)

    @property
    def dummy_client(self) -> str:
        """Stands for a client that does not exist."""
        return "nobody"

    @property
    def dummy_request_token(self) -> str:
        """Stands for a token that does not exist."""
        return "nothing"

    @property
    def dummy_access_token(self) -> str:
        """Stands for a token that does not exist."""
        return "nothing"

    @property
    def enforce_ssl(self) -> bool:
        """The stand-ins are on loopback."""
        return False

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        """The one that X has."""
        return ("HMAC-SHA1",)

    @property
    def timestamp_lifetime(self) -> int:
        """No limit: oauthlib reads the wall clock, ``validate_timestamp_and_nonce`` asks ours."""
        return _ANY_TIME

    def check_client_key(self, client_key: str) -> bool:
        """Any form will do: it is compared."""
        return bool(client_key)

    def check_request_token(self, request_token: str) -> bool:
        """Any form will do: it is opened."""
        return bool(request_token)

    def check_access_token(self, request_token: str) -> bool:
        """Any form will do: it is opened."""
        return bool(request_token)

    def check_verifier(self, verifier: str) -> bool:
        """Any form will do: it is opened."""
        return bool(verifier)

    def check_nonce(self, nonce: str) -> bool:
        """Any form that is short enough to remember."""
        return len(nonce) <= _MAX_NONCE_CHARACTERS

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: Request,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        """Whether the request is of now, and not one that was made before (RFC 5849 §3.3)."""
        if abs(self._clock() - int(timestamp)) > TIMESTAMP_TOLERANCE:
            return False
        name = "\0".join((client_key, timestamp, nonce, request_token or "", access_token or ""))
        # A timestamp from the future stays good for that much longer.
        return self._nonces.use(name, lifetime=2 * TIMESTAMP_TOLERANCE)

    def validate_client_key(self, client_key: str, request: Request) -> bool:
        """Whether this is the registered client."""
        return hmac.compare_digest(client_key.encode(), self._client.id.encode())

    def get_client_secret(self, client_key: str, request: Request) -> str:
        """The client's secret; for anyone else one that no one knows."""
        return self._client.secret if client_key == self._client.id else self._grants.secret_of(client_key)

    def validate_redirect_uri(self, client_key: str, redirect_uri: str, request: Request) -> bool:
        """Whether the callback is a registered one.

        Raises:
            OAuth1Error: It is not; X answers 403.
        """
        if redirect_uri not in self._client.redirect_uris:
            raise OAuth1Error(status_code=403)
        return True

    def validate_request_token(self, client_key: str, token: str, request: Request) -> bool:
        """Whether we handed it out and it has not expired."""
        return self._opens(Kind.X_REQUEST_TOKEN, token) is not None

    def validate_access_token(self, client_key: str, token: str, request: Request) -> bool:
        """Whether we handed it out and it has not expired."""
        return self._opens(Kind.X_OAUTH1_ACCESS_TOKEN, token) is not None

    def validate_verifier(self, client_key: str, token: str, verifier: str, request: Request) -> bool:
        """Whether a person authorised this very request token with it (RFC 5849 §2.2)."""
        claims = self._opens(Kind.X_VERIFIER, verifier)
        return claims is not None and claims["token"] == sha256(token.encode()).hexdigest()

    def get_request_token_secret(self, client_key: str, token: str, request: Request) -> str:
        """The secret that was handed out with the token."""
        return self._grants.secret_of(token)

    def get_access_token_secret(self, client_key: str, token: str, request: Request) -> str:
        """The secret that was handed out with the token."""
        return self._grants.secret_of(token)

    def invalidate_request_token(self, client_key: str, request_token: str, request: Request) -> None:
        """Done where the access token is made."""

    def check_realms(self, realms: list[str]) -> bool:
        """Some clients send one; X has none, and does not mind."""
        return True

    def validate_requested_realms(self, client_key: str, realms: list[str], request: Request) -> bool:
        """X has no realms."""
        return True

    def validate_realms(
        self,
        client_key: str,
        token: str,
        request: Request,
        uri: str | None = None,
        realms: list[str] | None = None,
    ) -> bool:
        """X has no realms."""
        return True

    def get_default_realms(self, client_key: str, request: Request) -> list[str]:
        """X has no realms."""
        return []

    def _opens(self, kind: Kind, grant: str) -> dict[str, str] | None:
        try:
            return self._grants.open(kind, grant)
        except BadGrant:
            return None
