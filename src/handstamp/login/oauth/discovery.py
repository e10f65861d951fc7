"""What an OpenID provider says of itself, and its keys: fetched when needed, kept for an hour.

The document is only as good as its issuer: the one it names must be the one we were configured with, letter for
letter (OAU-05), or a provider could speak in the name of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from handstamp.core.errors import InvalidKey, LoginFailed
from handstamp.core.jwk import JwkSet
from handstamp.core.origins import is_loopback_host
from handstamp.login.oauth.exchange import (
    INVALID_RESPONSE,
    Exchange,
    HTTPRequest,
    is_secure_url,
    json_object,
    require_success,
    text_member,
)
from handstamp.login.oauth.oauth2 import ClientAuthentication

MAX_AGE: Final = 3600.0
"""Seconds for which the document and the keys are believed."""
REFETCH_INTERVAL: Final = 60.0
"""Seconds between two fetches of the keys for key ids that we do not know, however many ask (OAU-08)."""

_JSON: Final = {"accept": "application/json"}
_DOCUMENT: Final = "the discovery document"
_KEYS: Final = "the key endpoint"
_DEFAULT_AUTHENTICATION: Final = ["client_secret_basic"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The part of the discovery document that we use (OpenID Connect Discovery §3, RFC 8414 §2)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    revocation_endpoint: str | None
    """RFC 8414 §2."""
    names_itself: bool
    """Whether every callback carries ``iss`` (RFC 9207 §3)."""
    authentication: ClientAuthentication


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    since: float

    def is_fresh(self, now: float) -> bool:
        return now - self.since < MAX_AGE


class Discovery:
    """Metadata and keys of one provider, with their ages. Shared by all sign-ins of a process.

    Args:
        issuer: Whom the document has to be of.
        metadata_url: Where it is; by default where OpenID Connect Discovery §4 has it.
    """

    def __init__(self, issuer: str, metadata_url: str | None = None) -> None:
        self._issuer: Final = issuer
        self._url: Final = metadata_url or f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        self._metadata: _Kept[Metadata] | None = None
        self._keys: _Kept[JwkSet] | None = None
        self._refetched_at: float | None = None
        self._key_issuers: Mapping[str, object] = {}

    def metadata(self, now: float) -> Exchange[Metadata]:
        """The provider's metadata, at most ``MAX_AGE`` old.

        Raises:
            LoginFailed: It cannot be had, is of another issuer, or lacks an endpoint that may be spoken to.
        """
        kept = self._metadata
        if kept is None or not kept.is_fresh(now):
            document = json_object((yield HTTPRequest("GET", self._url, _JSON)), _DOCUMENT)
            kept = self._metadata = _Kept(self._read(document), now)
        return kept.value

    def keys(self, now: float) -> Exchange[JwkSet]:
        """The provider's public keys, at most ``MAX_AGE`` old.

        Raises:
            LoginFailed: They cannot be had, or are no JWK Set.
        """
        kept = self._keys
        if kept is None or not kept.is_fresh(now):
            kept = yield from self._fetch_keys(now)
        return kept.value

    def keys_again(self, now: float) -> Exchange[JwkSet]:
        """The keys as they are now, for a key id that is not among those known: the provider may have a new one.

        Less than ``REFETCH_INTERVAL`` after another such call, the known ones.

        Raises:
            LoginFailed: As for ``keys``.
        """
        if self._refetched_at is not None and now - self._refetched_at < REFETCH_INTERVAL:
            return (yield from self.keys(now))
        # Noted before the request, so that whoever asks while it is under way makes no other.
        self._refetched_at = now
        return (yield from self._fetch_keys(now)).value

    def key_issuer(self, kid: str) -> object:
        """Whose the set says that this key is, or None: Microsoft keeps the keys of many issuers in one set."""
        return self._key_issuers.get(kid)

    def _fetch_keys(self, now: float) -> Exchange[_Kept[JwkSet]]:
        metadata = yield from self.metadata(now)
        response = yield HTTPRequest("GET", metadata.jwks_uri, _JSON)
        require_success(response, _KEYS)
        try:
            keys = JwkSet.of_public_keys(response.body)
        except InvalidKey as error:
            raise LoginFailed(INVALID_RESPONSE, f"{_KEYS} did not answer with a good JWK Set") from error
        self._keys = _Kept(keys, now)
        entries = json_object(response, _KEYS)["keys"]
        self._key_issuers = {entry["kid"]: entry["issuer"] for entry in entries if {"kid", "issuer"} <= entry.keys()}
        return self._keys

    def _read(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self._issuer:
            raise LoginFailed(INVALID_RESPONSE, f"{_DOCUMENT} is of another issuer")
        return Metadata(
            authorization_endpoint=self._endpoint(document, "authorization_endpoint"),
            token_endpoint=self._endpoint(document, "token_endpoint"),
            jwks_uri=self._endpoint(document, "jwks_uri"),
            userinfo_endpoint=self._optional(document, "userinfo_endpoint"),
            revocation_endpoint=self._optional(document, "revocation_endpoint"),
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
            authentication=_authentication(document),
        )

    def _optional(self, document: dict[str, Any], name: str) -> str | None:
        return self._endpoint(document, name) if name in document else None

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        url = text_member(document, name, _DOCUMENT)
        if not is_secure_url(url) or (_is_inside(url) and not _is_inside(self._url)):
            raise LoginFailed(INVALID_RESPONSE, f"{name} is no address that this provider may send us to")
        return url


def _is_inside(url: str) -> bool:
    """Whether the host is this machine or an address that is not public.

    A document from outside must not send us there (OAU-08). A name that resolves to such an address needs a
    certificate for that name, so the provider cannot point it at someone else's server.
    """
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return is_loopback_host(host)


def _authentication(document: dict[str, Any]) -> ClientAuthentication:
    """How we show our secret to the token endpoint; Basic where it may be chosen (RFC 6749 §2.3.1)."""
    supported = document.get("token_endpoint_auth_methods_supported", _DEFAULT_AUTHENTICATION)
    if isinstance(supported, list) and "client_secret_basic" not in supported and "client_secret_post" in supported:
        return "client_secret_post"
    return "client_secret_basic"
