"""What has to survive between the redirect to the provider and the callback.

It travels in an encrypted cookie of the browser that began (OAU-01); sealing is not done here. The cookie is
named by a hash of the state, or of the request token where the protocol has no state (OAuth 1.0a), so that
sign-ins in several tabs do not disturb each other and the callback finds its own.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, get_args, get_type_hints

from handstamp.core.encoding import base64url_encode, json_object
from handstamp.core.errors import LoginFailed
from handstamp.core.ids import new_id
from handstamp.login.oauth.exchange import FLOW_UNKNOWN, INVALID_RESPONSE, parse_form

FLOW_LIFETIME: Final = 600.0
"""Seconds from the redirect to the callback."""

SIGN_IN: Final = "sign_in"
LINK: Final = "link"
CONFIRM: Final = "confirm"

_KEY_CHARACTERS: Final = 22  # 132 bits of the hash: as hard to hit as the state is to guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One attempt to sign in at one provider, in one browser, once. Times are seconds since the epoch."""

    id: str
    """To be used up in the store before anything is exchanged."""
    provider: str
    issuer: str
    created_at: float
    expires_at: float
    state: str | None = field(default=None, repr=False)
    verifier: str | None = field(default=None, repr=False)
    """The PKCE code verifier, RFC 7636."""
    nonce: str | None = field(default=None, repr=False)
    request_token: str | None = field(default=None, repr=False)
    request_token_secret: str | None = field(default=None, repr=False)
    return_to: str | None = None
    remember: bool = False
    aim: str = SIGN_IN
    """``sign_in``, ``link`` or ``confirm``. The latter two are for one session and its user alone."""
    session_id: str | None = None
    user_id: str | None = None

    @classmethod
    def start(
        cls,
        *,
        provider: str,
        issuer: str,
        now: float,
        state: str | None = None,
        verifier: str | None = None,
        nonce: str | None = None,
        request_token: str | None = None,
        request_token_secret: str | None = None,
    ) -> "Flow":
        """A new flow that ends in ``FLOW_LIFETIME`` seconds."""
        return cls(
            id=new_id(now),
            provider=provider,
            issuer=issuer,
            created_at=float(now),
            expires_at=now + FLOW_LIFETIME,
            state=state,
            verifier=verifier,
            nonce=nonce,
            request_token=request_token,
            request_token_secret=request_token_secret,
        )

    @property
    def cookie_key(self) -> str:
        """What the flow's cookie is named by: the same that ``cookie_key_of`` finds from the callback."""
        handle = self.state or self.request_token
        if handle is None:
            raise ValueError("a flow has a state or a request token")
        return _key(handle)

    def to_bytes(self) -> bytes:
        """JSON, to be sealed before it leaves the server."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Flow":
        """The flow that ``to_bytes`` wrote.

        Raises:
            LoginFailed: ``flow_unknown``; it is anything else, as after an upgrade that changed the members.
        """
        try:
            members = json_object(data)
        except ValueError as error:
            raise LoginFailed(FLOW_UNKNOWN, "the flow cannot be read") from error
        if members.keys() != _MEMBERS.keys() or not all(
            isinstance(value, _MEMBERS[name]) for name, value in members.items()
        ):
            raise LoginFailed(FLOW_UNKNOWN, "the flow has other members than a flow")
        return cls(**members)

    def require(self, *, provider: str, issuer: str, now: float) -> None:
        """Go on only in the flow's own provider and time (OAU-01, OAU-04).

        Raises:
            LoginFailed: ``flow_unknown``.
        """
        if self.provider != provider or self.issuer != issuer:
            raise LoginFailed(FLOW_UNKNOWN, "the flow was begun with another provider")
        if now >= self.expires_at:
            raise LoginFailed(FLOW_UNKNOWN, "the flow has expired")


_MEMBERS: Final = {name: get_args(kind) or (kind,) for name, kind in get_type_hints(Flow).items()}


def callback_parameters(query: str) -> dict[str, str]:
    """The parameters of a callback from its query (or form) string.

    Raises:
        LoginFailed: ``invalid_response``; a name is repeated (RFC 6749 §3.1) or the encoding is broken.
    """
    try:
        return parse_form(query)
    except ValueError as error:
        raise LoginFailed(INVALID_RESPONSE, "the callback's parameters cannot be read") from error


def cookie_key_of(parameters: Mapping[str, str]) -> str | None:
    """Which flow a callback says it belongs to, or None if it does not say.

    The state; for OAuth 1.0a the request token, which X calls ``denied`` after a refusal.
    """
    for name in ("state", "denied", "oauth_token"):
        if handle := parameters.get(name):
            return _key(handle)
    return None


def same(expected: str | None, presented: str | None) -> bool:
    """Whether both are there and equal, told in a time that does not depend on where they differ."""
    if not expected or not presented:
        return False
    return hmac.compare_digest(expected.encode(), presented.encode(errors="surrogatepass"))


def _key(handle: str) -> str:
    digest = hashlib.sha256(handle.encode(errors="surrogatepass")).digest()
    return base64url_encode(digest)[:_KEY_CHARACTERS]
