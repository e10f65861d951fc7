"""OAuth 1.0a as a client (RFC 5849), with HMAC-SHA1: the only method that X speaks.

SHA-1 is broken for collisions, not as a MAC; and a wrong signature here only means that the provider refuses.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from handstamp.core.errors import LoginFailed
from handstamp.core.ids import new_secret
from handstamp.login.oauth.exchange import (
    ACCESS_DENIED,
    INVALID_RESPONSE,
    Exchange,
    HTTPRequest,
    form,
    json_object,
    require_success,
    text_member,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key with its shared secret: the client's, a request token's or an access token's (RFC 5849 §1.1)."""

    key: str
    secret: str = field(repr=False)


def begin(request_token_url: str, client: Credentials, *, callback_url: str, now: float) -> Exchange[Credentials]:
    """Get a request token, to which the callback address is bound (RFC 5849 §2.1).

    Args:
        request_token_url: The provider's endpoint.
        client: Ours.
        callback_url: Where the provider sends the browser; absolute.
        now: Seconds since the epoch, for ``oauth_timestamp``.

    Raises:
        LoginFailed: The provider refused, or did not confirm the callback (which tells 1.0a from the broken 1.0).
    """
    what = "the request-token endpoint"
    header = authorization("POST", request_token_url, client, now=now, oauth_callback=callback_url)
    answer = form((yield HTTPRequest("POST", request_token_url, {"authorization": header}, b"")), what)
    if answer.get("oauth_callback_confirmed") != "true":
        raise LoginFailed(INVALID_RESPONSE, f"{what} did not confirm the callback")
    return _token(answer, what)


def authenticate_url(endpoint: str, token: str) -> str:
    """Where the browser goes to have the request token authorised (RFC 5849 §2.2)."""
    separator = "&" if urlsplit(endpoint).query else "?"
    return f"{endpoint}{separator}{urlencode({'oauth_token': token})}"


def finish(
    access_token_url: str, client: Credentials, request_token: Credentials, *, verifier: str, now: float
) -> Exchange[Credentials]:
    """Exchange an authorised request token for an access token (RFC 5849 §2.3).

    Args:
        access_token_url: The provider's endpoint.
        client: Ours.
        request_token: The one that ``begin`` got for this very browser.
        verifier: ``oauth_verifier`` of the callback.
        now: Seconds since the epoch.

    Raises:
        LoginFailed: The provider refused, or its answer holds no token.
    """
    header = authorization("POST", access_token_url, client, request_token, now=now, oauth_verifier=verifier)
    response = yield HTTPRequest("POST", access_token_url, {"authorization": header}, b"")
    what = "the access-token endpoint"
    return _token(form(response, what), what)


def fetch(url: str, client: Credentials, access_token: Credentials, *, now: float) -> Exchange[dict[str, Any]]:
    """Read a protected resource that is a JSON object (RFC 5849 §3).

    Raises:
        LoginFailed: The provider refused, or answered with anything else.
    """
    header = authorization("GET", url, client, access_token, now=now)
    response = yield HTTPRequest("GET", url, {"authorization": header, "accept": "application/json"})
    return json_object(response, "the account endpoint")


def post(url: str, client: Credentials, access_token: Credentials, *, now: float) -> Exchange[None]:
    """Have something done at a protected resource, without parameters (RFC 5849 §3).

    Raises:
        LoginFailed: The provider refused.
    """
    header = authorization("POST", url, client, access_token, now=now)
    require_success((yield HTTPRequest("POST", url, {"authorization": header}, b"")), "the account endpoint")


def token_of_callback(parameters: Mapping[str, str]) -> str | None:
    """The request token that a callback speaks of; after a refusal, X calls it ``denied``."""
    return parameters.get("denied") or parameters.get("oauth_token")


def verifier_of_callback(parameters: Mapping[str, str]) -> str:
    """The proof that the person authorised the request token and came back by this browser (RFC 5849 §2.2).

    Raises:
        LoginFailed: ``access_denied`` if the person said no, ``invalid_response`` if there is no verifier.
    """
    if "denied" in parameters:
        raise LoginFailed(ACCESS_DENIED, "the sign-in was refused at the provider")
    return text_member(parameters, "oauth_verifier", "the callback")


def authorization(
    method: str,
    url: str,
    client: Credentials,
    token: Credentials | None = None,
    *,
    now: float,
    nonce: str | None = None,
    **protocol_parameters: str,
) -> str:
    """The Authorization header of a signed request without a form body (RFC 5849 §3.5.1).

    Args:
        method: The HTTP method.
        url: With its query, which is signed too.
        client: Ours.
        token: Request or access token, when there is one.
        now: Seconds since the epoch, for ``oauth_timestamp``.
        nonce: Never the same twice; 256 random bits when not given.
        protocol_parameters: ``oauth_callback`` or ``oauth_verifier``.
    """
    parameters = {
        "oauth_consumer_key": client.key,
        "oauth_nonce": nonce or new_secret(),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(now)),
        **protocol_parameters,
    }
    if token is not None:
        parameters["oauth_token"] = token.key
    parameters["oauth_signature"] = signature(method, url, parameters, client, token)
    return "OAuth " + ", ".join(f'{_escape(name)}="{_escape(value)}"' for name, value in parameters.items())


def signature(
    method: str,
    url: str,
    protocol_parameters: dict[str, str],
    client: Credentials,
    token: Credentials | None = None,
) -> str:
    """HMAC-SHA1 over the signature base string, base64 (RFC 5849 §3.4.2)."""
    key = f"{_escape(client.secret)}&{_escape(token.secret) if token else ''}"
    text = base_string(method, url, protocol_parameters)
    return b64encode(hmac.digest(key.encode(), text.encode(), "sha1")).decode("ascii")


def base_string(method: str, url: str, protocol_parameters: dict[str, str]) -> str:
    """What is signed: method, address and all parameters in one order (RFC 5849 §3.4.1)."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    escaped = sorted((_escape(name), _escape(value)) for name, value in [*query, *protocol_parameters.items()])
    normalized = "&".join(f"{name}={value}" for name, value in escaped)
    return "&".join((method.upper(), _escape(_base_address(url)), _escape(normalized)))


def _base_address(url: str) -> str:
    """Scheme, host, port unless it is the default, and path (RFC 5849 §3.4.1.2)."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    if parts.port == _DEFAULT_PORTS.get(parts.scheme):
        host = host.rpartition(":")[0]
    return f"{parts.scheme}://{host}{parts.path or '/'}"


def _escape(text: str) -> str:
    """Percent-encoding of everything but the unreserved characters (RFC 5849 §3.6)."""
    return quote(text, safe="-._~")


def _token(answer: dict[str, str], what: str) -> Credentials:
    return Credentials(text_member(answer, "oauth_token", what), text_member(answer, "oauth_token_secret", what))
