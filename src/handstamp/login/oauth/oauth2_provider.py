"""A provider that speaks OAuth 2.0 and no OpenID Connect: a code, a token, and a question who that is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from handstamp.core.ids import new_secret
from handstamp.core.models import Profile, ProviderTokens
from handstamp.login.oauth import oauth2
from handstamp.login.oauth.exchange import Exchange
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.method import OAuthMethod
from handstamp.login.oauth.oauth2 import Client, ClientAuthentication, Tokens
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import Begun, more_scopes, read_client, require_secure


class OAuth2Provider(OAuthMethod):
    """Sign-in by authorization code with PKCE. A provider is a subclass that holds data, and perhaps one question.

    Such a provider signs nothing: that the answer is about whoever signed in follows from asking it ourselves, over
    TLS, with the token that our own code was exchanged for.

    Args:
        client_id: Else ``HANDSTAMP_<ID>_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_<ID>_CLIENT_SECRET``.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: A client id or secret is missing, or an address is neither https nor on this machine.
    """

    id: str
    label: str
    issuer: str
    """Half of the key of an identity, and what ``iss`` in a callback has to be if it is there (RFC 9207)."""
    authorization_url: str
    token_url: str
    profile_url: str
    scope: str
    authentication: ClassVar[ClientAuthentication] = "client_secret_basic"
    profile_map: ProfileMap
    offline_scope: ClassVar[str | None] = None
    """What is asked for besides where tokens are kept, so that there is a refresh token."""
    revocation_url: str | None = None
    anew: ClassVar[Mapping[str, str]] = {}
    """What asks for a new sign-in, where the provider knows such a thing; else it may come back without a word."""

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        self.keeps_tokens = keep_tokens
        self.scope = more_scopes(self.scope, (*scopes, *self._offline()))
        for name in ("issuer", "authorization_url", "token_url", "profile_url"):
            require_secure(getattr(self, name), name)
        client = read_client(self.id, client_id=client_id, client_secret=client_secret, public_client=False)
        self._client: Final = Client(client.id, client.secret, self.authentication)

    def begin(self, *, callback_url: str, now: float, anew: bool = False) -> Exchange[Begun]:
        """Begin a sign-in; see ``Provider``."""
        state, verifier = new_secret(), new_secret()
        url = oauth2.authorization_url(
            self.authorization_url,
            client_id=self._client.id,
            callback_url=callback_url,
            scope=self.scope,
            state=state,
            verifier=verifier,
            **(self.anew if anew else {}),
        )
        yield from ()
        return Begun(url, Flow.start(provider=self.id, issuer=self.issuer, now=now, state=state, verifier=verifier))

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Find out who came back; see ``Provider``."""
        flow.require(provider=self.id, issuer=self.issuer, now=now)
        code = oauth2.code_from_callback(flow, parameters, issuer=self.issuer)
        tokens = yield from oauth2.redeem(
            self.token_url, self._client, code=code, verifier=flow.verifier, callback_url=callback_url
        )
        profile = self.profile_map.read(self.issuer, (yield from self.account(tokens)))
        return replace(profile, tokens=tokens.kept(now)) if self.keeps_tokens else profile

    def renew(self, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
        """Have tokens renewed; see ``Provider``."""
        return oauth2.renew(self.token_url, self._client, tokens, now=now)

    def withdraw(self, tokens: ProviderTokens, *, now: float) -> Exchange[None]:
        """Tell the provider; see ``Provider``."""
        del now
        if self.revocation_url is not None:
            yield from oauth2.revoke(self.revocation_url, self._client, tokens)

    def _offline(self) -> tuple[str, ...]:
        return (self.offline_scope,) if self.keeps_tokens and self.offline_scope else ()

    def account(self, tokens: Tokens) -> Exchange[dict[str, Any]]:
        """What the provider says of whoever signed in, for ``profile_map``.

        Raises:
            LoginFailed: It refused, or answered with anything but a JSON object.
        """
        return (yield from oauth2.fetch(self.profile_url, tokens, "the profile endpoint"))
