"""OAuth 2.0 as a client: authorization code with PKCE (RFC 6749, RFC 7636, RFC 9700, RFC 9207)."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote_plus, urlencode, urlsplit

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import LoginFailed, MustSignInAgain
from handstamp.core.models import ProviderTokens
from handstamp.login.oauth.exchange import (
    ACCESS_DENIED,
    FLOW_UNKNOWN,
    INVALID_RESPONSE,
    PROVIDER_ERROR,
    PROVIDER_UNAVAILABLE,
    Exchange,
    HTTPRequest,
    HTTPResponse,
    error_code,
    json_object,
    require_success,
    stated_error,
    text_member,
)
from handstamp.login.oauth.flow import Flow, same

ClientAuthentication = Literal["client_secret_basic", "client_secret_post"]

_MAX_CODE: Final = 4096
_LONGEST: Final = 10 * 365 * 86_400.0
_REFUSED: Final = frozenset({"invalid_grant", "bad_refresh_token"})
"""That the refresh token is the fault: by RFC 6749 §5.2, and by GitHub."""
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
    """What the token endpoint gave. Used for the one sign-in, then dropped, but where tokens are to be kept."""

    access_token: str = field(repr=False)
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    lifetime: float | None = None
    """Seconds, from when it was given; None where the provider does not say."""

    def kept(self, now: float) -> ProviderTokens:
        """What is kept of them.

        Args:
            now: When they were asked for.
        """
        return ProviderTokens(
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            expires_at=None if self.lifetime is None else now + self.lifetime,
        )


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
    return _tokens((yield _authenticated(token_url, client, parameters)))


def renew(token_url: str, client: Client, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
    """Have tokens renewed (RFC 6749 §6). A refresh token that is not given anew stays good, and is left out.

    Raises:
        MustSignInAgain: There is no refresh token, or the provider takes it no more (``invalid_grant``, §5.2).
        LoginFailed: The provider cannot be asked, refused for another reason, or its answer is no bearer token.
    """
    if tokens.refresh_token is None:
        raise MustSignInAgain("there is nothing to renew the access token by")
    parameters = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    response = yield _authenticated(token_url, client, parameters)
    if stated_error(response) in _REFUSED:
        raise MustSignInAgain("the provider takes the refresh token no more")
    return _tokens(response).kept(now)


def revoke(revocation_url: str, client: Client, tokens: ProviderTokens) -> Exchange[None]:
    """Tell the provider that tokens are not needed any more (RFC 7009 §2.1).

    The refresh token, which takes the access tokens with it; where there is none, the access token.

    Raises:
        LoginFailed: It did not take notice.
    """
    token, hint = (
        (tokens.access_token, "access_token")
        if tokens.refresh_token is None
        else (tokens.refresh_token, "refresh_token")
    )
    parameters = {"token": token, "token_type_hint": hint}
    require_success((yield _authenticated(revocation_url, client, parameters)), "the revocation endpoint")


def _authenticated(url: str, client: Client, parameters: Mapping[str, str]) -> HTTPRequest:
    """A POST in which we show who we are (RFC 6749 §2.3.1)."""
    parameters = dict(parameters)
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if client.secret is None:
        parameters["client_id"] = client.id
    elif client.authentication == "client_secret_post":
        parameters |= {"client_id": client.id, "client_secret": client.secret}
    else:
        headers["authorization"] = _basic(client.id, client.secret)
    return HTTPRequest("POST", url, headers, urlencode(parameters).encode("ascii"))


def _tokens(response: HTTPResponse) -> Tokens:
    what = "the token endpoint"
    answer = json_object(response, what)
    if "error" in answer:  # GitHub refuses with 200
        raise LoginFailed(PROVIDER_ERROR, f"{what} answered {error_code(answer['error'])}")
    if text_member(answer, "token_type", what).lower() != "bearer":
        raise LoginFailed(INVALID_RESPONSE, f"{what} gave a token of another type than bearer")
    return Tokens(
        _header_safe(text_member(answer, "access_token", what), what),
        text_member(answer, "id_token", what) if "id_token" in answer else None,
        text_member(answer, "refresh_token", what) if answer.get("refresh_token") is not None else None,
        _lifetime(answer.get("expires_in")),
    )


def _lifetime(said: object) -> float | None:
    """Seconds; a number, which some providers write as a string. What is neither was not said."""
    try:
        seconds = float(said) if isinstance(said, int | float | str) and not isinstance(said, bool) else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds <= _LONGEST else None


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
