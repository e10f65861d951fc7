"""Anyone who speaks OpenID Connect, by discovery."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Literal

from handstamp.core import jws
from handstamp.core.errors import ConfigurationError, InvalidToken, LoginFailed
from handstamp.core.ids import new_secret
from handstamp.core.keys import Key
from handstamp.core.models import Profile, ProviderTokens
from handstamp.login.oauth import id_token, oauth2
from handstamp.login.oauth.discovery import Discovery, Metadata
from handstamp.login.oauth.exchange import INVALID_RESPONSE, Exchange
from handstamp.login.oauth.flow import CONFIRM, Flow
from handstamp.login.oauth.method import OAuthMethod
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import Begun, more_scopes, read_client, require_secure

STANDARD: Final = ProfileMap()
"""The standard claims, but ``email_verified``: anyone can run a provider and verify what they like."""

BELIEVED: Final = ProfileMap(verified="email_verified")
"""The standard claims, of a provider that proves an address before it says that it is verified."""

_PROVIDER_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class OpenIDConnect(OAuthMethod):
    """Sign-in with an OpenID provider: authorization code, PKCE, nonce, and a verified ID token.

    Args:
        provider_id: Its name in addresses: lower-case letters, digits, hyphens.
        issuer: As the provider writes it, letter for letter.
        label: Its name for people.
        client_id: Else ``HANDSTAMP_<PROVIDER_ID>_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_<PROVIDER_ID>_CLIENT_SECRET``.
        public_client: Registered without a secret.
        scope: Space-separated; ``openid`` is among it.
        metadata_url: Where the discovery document is, if not under the issuer. Its issuer is the same in any case.
        trusts_email: Whether ``email_verified`` from this provider is believed. Anyone can run a provider and
            verify what they like: say yes only to one that proves addresses before it says so.
        profile_map: Where the claims have what we want to know, for a provider with claims of its own. It says
            itself what is believed of addresses, so ``trusts_email`` is not looked at.
        response_mode: ``form_post`` for a provider that answers by a form (OAuth 2.0 Form Post Response Mode).
        asks_userinfo: Whether userinfo is asked for an address or a name that the ID token lacks.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``; a refresh token is asked for then.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: A client id or secret is missing, or an argument cannot be right.
    """

    _offline_scopes: ClassVar[tuple[str, ...]] = ("offline_access",)
    _offline_parameters: ClassVar[Mapping[str, str]] = {"prompt": "consent"}
    """What brings a refresh token (OpenID Connect Core §11)."""
    _says_when: ClassVar[bool] = True
    """Whether it says when the person signed in, where a new sign-in is asked for (OpenID Connect Core §2)."""

    def __init__(
        self,
        provider_id: str,
        issuer: str,
        label: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        public_client: bool = False,
        scope: str = "openid email profile",
        metadata_url: str | None = None,
        trusts_email: bool = False,
        profile_map: ProfileMap | None = None,
        response_mode: Literal["form_post"] | None = None,
        asks_userinfo: bool = True,
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        self.keeps_tokens = keep_tokens
        if not _PROVIDER_ID.fullmatch(provider_id):
            raise ConfigurationError(f"a provider's id has a-z, 0-9 and hyphens, up to 32: not {provider_id!r}")
        if "openid" not in scope.split():
            raise ConfigurationError(f"{provider_id}: without the scope openid there is no ID token")
        self.id = provider_id
        self.label = label
        self.issuer = require_secure(issuer, "issuer")
        self._client: Final = read_client(
            provider_id, client_id=client_id, client_secret=client_secret, public_client=public_client
        )
        self._scope: Final = more_scopes(scope, (*scopes, *(self._offline_scopes if keep_tokens else ())))
        self._profile_map: Final = profile_map or (BELIEVED if trusts_email else STANDARD)
        self._more: Final = {
            **({} if response_mode is None else {"response_mode": response_mode}),
            **(self._offline_parameters if keep_tokens else {}),
        }
        self._asks_userinfo: Final = asks_userinfo
        if metadata_url is not None:
            require_secure(metadata_url, "metadata_url")
        self._discovery: Final = Discovery(issuer, metadata_url)

    def begin(self, *, callback_url: str, now: float, anew: bool = False) -> Exchange[Begun]:
        """Begin a sign-in; see ``Provider``. It asks for the discovery document when that is not known."""
        metadata = yield from self._discovery.metadata(now)
        state, verifier, nonce = new_secret(), new_secret(), new_secret()
        url = oauth2.authorization_url(
            metadata.authorization_endpoint,
            client_id=self._client.id,
            callback_url=callback_url,
            scope=self._scope,
            state=state,
            verifier=verifier,
            nonce=nonce,
            **(_anew(self._more) if anew else self._more),
        )
        flow = Flow.start(provider=self.id, issuer=self.issuer, now=now, state=state, verifier=verifier, nonce=nonce)
        return Begun(url, flow)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Find out who came back; see ``Provider``."""
        flow.require(provider=self.id, issuer=self.issuer, now=now)
        metadata = yield from self._discovery.metadata(now)
        code = oauth2.code_from_callback(flow, parameters, issuer=self.issuer, issuer_required=metadata.names_itself)
        tokens = yield from oauth2.redeem(
            metadata.token_endpoint,
            self._shown(metadata, now),
            code=code,
            verifier=flow.verifier,
            callback_url=callback_url,
        )
        claims = yield from self._claims(flow, tokens, now)
        if flow.aim == CONFIRM:
            id_token.require_new_sign_in(claims, flow.created_at, says_when=self._says_when)
        profile = self._profile((yield from self._completed(claims, tokens, metadata)), parameters)
        return replace(profile, tokens=tokens.kept(now)) if self.keeps_tokens else profile

    def renew(self, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
        """Have tokens renewed; see ``Provider``."""
        metadata = yield from self._discovery.metadata(now)
        return (yield from oauth2.renew(metadata.token_endpoint, self._shown(metadata, now), tokens, now=now))

    def withdraw(self, tokens: ProviderTokens, *, now: float) -> Exchange[None]:
        """Tell the provider; see ``Provider``."""
        metadata = yield from self._discovery.metadata(now)
        if metadata.revocation_endpoint is not None:
            yield from oauth2.revoke(metadata.revocation_endpoint, self._shown(metadata, now), tokens)

    def _shown(self, metadata: Metadata, now: float) -> oauth2.Client:
        return replace(self._registration(now), authentication=metadata.authentication)

    def _registration(self, now: float) -> oauth2.Client:
        """What we are to the provider; for one whose secret is made anew each time."""
        del now
        return self._client

    def _issuer_of(self, parsed: jws.Parsed) -> str:
        """Who has to have issued this ID token; for a provider that speaks for many."""
        del parsed
        return self.issuer

    def _claims(self, flow: Flow, tokens: oauth2.Tokens, now: float) -> Exchange[dict[str, Any]]:
        if tokens.id_token is None:
            raise LoginFailed(INVALID_RESPONSE, "the token endpoint gave no ID token")
        parsed = id_token.parse(tokens.id_token)
        key = yield from self._key(parsed.kid, now)
        return id_token.verify(
            parsed,
            key,
            issuer=self._issuer_of(parsed),
            client_id=self._client.id,
            nonce=flow.nonce,
            access_token=tokens.access_token,
            now=now,
        )

    def _key(self, kid: str, now: float) -> Exchange[Key]:
        keys = yield from self._discovery.keys(now)
        try:
            return keys.find(kid)
        except InvalidToken:
            keys = yield from self._discovery.keys_again(now)
        try:
            return keys.find(kid)
        except InvalidToken as error:
            raise LoginFailed(INVALID_RESPONSE, "the ID token is signed with an unknown key") from error

    def _completed(
        self, claims: dict[str, Any], tokens: oauth2.Tokens, metadata: Metadata
    ) -> Exchange[dict[str, Any]]:
        """With what userinfo adds, where the ID token lacks an address or name that we asked for."""
        scopes = self._scope.split()
        wanted = [name for name, scope in (("email", "email"), ("name", "profile")) if scope in scopes]
        endpoint = metadata.userinfo_endpoint if self._asks_userinfo else None
        if endpoint is None or all(name in claims for name in wanted):
            return claims
        more = yield from oauth2.fetch(endpoint, tokens, "userinfo")
        if more.get("sub") != claims["sub"]:  # OpenID Connect Core §5.3.2
            raise LoginFailed(INVALID_RESPONSE, "userinfo speaks of someone else")
        # An address and what is said of it come from one place.
        verified = (claims if "email" in claims else more).get("email_verified")
        return {**more, **claims, "email_verified": verified}

    def _profile(self, claims: dict[str, Any], parameters: Mapping[str, str]) -> Profile:
        """Who that is. The parameters of the callback are nobody's word: the browser could have changed them."""
        del parameters
        return self._profile_map.read(claims["iss"], claims)


def _anew(parameters: Mapping[str, str]) -> dict[str, str]:
    """With what asks for a new sign-in (OpenID Connect Core §3.1.2.1)."""
    prompts = dict.fromkeys(("login", *parameters.get("prompt", "").split()))
    return {**parameters, "prompt": " ".join(prompts), "max_age": "0"}
