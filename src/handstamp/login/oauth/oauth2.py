"""OAuth 2.0 as a client: authorization code with PKCE (RFC 6749, RFC 7636, RFC 9700, RFC 9207)."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote_plus, urlencode, urlsplit

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import LoginFailed
from handstamp.login.oauth.exchange import (
    ACCESS_DENIED,
    FLOW_UNKNOWN,
    INVALID_RESPONSE,
    PROVIDER_ERROR,
    PROVIDER_UNAVAILABLE,
    Exchange,
    HTTPRequest,
    error_code,
    json_object,
    text_member,
)
from handstamp.login.oauth.flow import Flow, same

ClientAuthentication = Literal["client_secret_basic", "client_secret_post"]

_MAX_CODE: Final = 4096
_ERRORS: Final = {
    "access_denied": ACCESS_DENIED,
    "server_error": PROVIDER_UNAVAILABLE,
    "temporarily_unavailable": PROVIDER_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to a provider. Without a secret we are a public client, and PKCE alone binds the code."""

    id: str
    secret: str | None = field(default=None, repr=False)
    authentication: ClientAuthentication = "client_secret_basic"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave. Used for the one sign-in, then dropped."""

    access_token: str = field(repr=False)
    id_token: str | None = field(default=None, repr=False)


def authorization_url(
    endpoint: str,
    *,
    client_id: str,
    callback_url: str,
    scope: str,
    state: str,
    verifier: str,
    **more: str,
) -> str:
    """Where the browser goes to sign in (RFC 6749 §4.1.1), always with PKCE S256 (OAU-02).

    Args:
        endpoint: The provider's; a query that it has is kept.
        client_id: Ours.
        callback_url: Where the provider sends the browser back; absolute.
        scope: Space-separated.
        state: At least 128 random bits.
        verifier: At least 256 random bits; only their hash is sent.
        more: Further parameters, such as ``nonce``.
    """
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": callback_url,
        "scope": scope,
        "state": state,
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
        **more,
    }
    separator = "&" if urlsplit(endpoint).query else "?"
    return f"{endpoint}{separator}{urlencode(parameters)}"


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64url_encode(hashlib.sha256(verifier.encode("ascii")).digest())


def code_from_callback(
    flow: Flow, parameters: Mapping[str, str], *, issuer: str, issuer_required: bool = False
) -> str:
    """The authorization code, from a callback that belongs to the flow.

    Args:
        flow: What this browser began.
        parameters: Of the callback.
        issuer: Who is expected to have answered.
        issuer_required: Whether the provider promises to name itself (RFC 9207 §2.4). A callback that does name
            an issuer must name the right one in any case (OAU-04).

    Raises:
        LoginFailed: ``flow_unknown`` for another state (OAU-01); ``access_denied``, ``provider_error`` or
            ``provider_unavailable`` as the provider says; ``invalid_response`` for a wrong or missing issuer or
            code.
    """
    if not same(flow.state, parameters.get("state")):
        raise LoginFailed(FLOW_UNKNOWN, "the callback has another state than the flow")
    stated = parameters.get("iss")
    if stated != issuer and (stated is not None or issuer_required):
        raise LoginFailed(INVALID_RESPONSE, "the callback comes from another issuer than the flow's")
    if "error" in parameters:
        code = error_code(parameters["error"])
        raise LoginFailed(_ERRORS.get(code, PROVIDER_ERROR), f"the provider answered {code}")
    code = parameters.get("code", "")
    if not code or len(code) > _MAX_CODE:
        raise LoginFailed(INVALID_RESPONSE, "the callback has no code")
    return code


def redeem(token_url: str, client: Client, *, code: str, verifier: str | None, callback_url: str) -> Exchange[Tokens]:
    """Exchange the code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).

    Args:
        token_url: The provider's endpoint.
        client: Ours.
        code: From ``code_from_callback``.
        verifier: The flow's.
        callback_url: The same that ``authorization_url`` was given.

    Raises:
        LoginFailed: The flow has no verifier, the provider refused, or its answer is no bearer token.
    """
    if not verifier:
        raise LoginFailed(FLOW_UNKNOWN, "the flow has no PKCE verifier")
    parameters = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url,
        "code_verifier": verifier,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if client.secret is None:
        parameters["client_id"] = client.id
    elif client.authentication == "client_secret_post":
        parameters |= {"client_id": client.id, "client_secret": client.secret}
    else:
        headers["authorization"] = _basic(client.id, client.secret)
    what = "the token endpoint"
    request = HTTPRequest("POST", token_url, headers, urlencode(parameters).encode("ascii"))
    answer = json_object((yield request), what)
    if "error" in answer:  # GitHub refuses with 200
        raise LoginFailed(PROVIDER_ERROR, f"{what} answered {error_code(answer['error'])}")
    if text_member(answer, "token_type", what).lower() != "bearer":
        raise LoginFailed(INVALID_RESPONSE, f"{what} gave a token of another type than bearer")
    id_token = text_member(answer, "id_token", what) if "id_token" in answer else None
    return Tokens(_header_safe(text_member(answer, "access_token", what), what), id_token)


def fetch(url: str, tokens: Tokens, what: str) -> Exchange[dict[str, Any]]:
    """Read a JSON object with the access token in the header, never in the URL (RFC 6750 §2.1, §5.3).

    Raises:
        LoginFailed: The provider refused, or answered with anything else.
    """
    return json_object((yield bearer_request(url, tokens)), what)


def bearer_request(url: str, tokens: Tokens) -> HTTPRequest:
    """A GET that shows the access token where no log or history keeps it (RFC 6750 §2.1)."""
    return HTTPRequest("GET", url, {"authorization": f"Bearer {tokens.access_token}", "accept": "application/json"})


def _basic(client_id: str, secret: str) -> str:
    """HTTP Basic as OAuth has it: both halves form-encoded first (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"


def _header_safe(token: str, what: str) -> str:
    """A token that can stand in a header: visible ASCII (RFC 6749 appendix A.12)."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise LoginFailed(INVALID_RESPONSE, f"{what} gave a token that no header can carry")
    return token
