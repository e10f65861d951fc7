"""X, by OAuth 2.0 with PKCE or by OAuth 1.0a: the same person either way, keyed by the numeric id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urlencode

from handstamp.core.errors import ConfigurationError, LoginFailed, MustSignInAgain
from handstamp.core.ids import new_secret
from handstamp.core.models import Profile, ProviderTokens
from handstamp.login.oauth import claims, oauth1, oauth2
from handstamp.login.oauth.exchange import FLOW_UNKNOWN, INVALID_RESPONSE, Exchange
from handstamp.login.oauth.flow import Flow, same
from handstamp.login.oauth.method import OAuthMethod
from handstamp.login.oauth.provider import Begun, more_scopes, read_client, require_secure

_ID: Final = "x"
_ISSUER: Final = "https://x.com"


class X(OAuthMethod):
    """Sign-in with X.

    Args:
        oauth: Which protocol. "1.0a" takes the API key and its secret as client id and secret.
        client_id: Else ``HANDSTAMP_X_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_X_CLIENT_SECRET``.
        public_client: Registered as a native or single-page application, which has no secret (2.0 only).
        email: Ask for the e-mail address; X must have allowed it to the application, and gives out confirmed
            addresses only.
        site: Where people authorise by OAuth 2.0; for stand-ins.
        api: Where everything else is; for stand-ins.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: A client id or secret is missing, or an address is neither https nor on this machine.
    """

    id = _ID
    label = "X"
    issuer = _ISSUER

    def __init__(
        self,
        oauth: Literal["2.0", "1.0a"] = "2.0",
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        public_client: bool = False,
        email: bool = False,
        site: str = "https://x.com",
        api: str = "https://api.x.com",
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        self.keeps_tokens = keep_tokens
        if oauth == "1.0a" and public_client:
            raise ConfigurationError("x: OAuth 1.0a signs with a secret, so there are no public clients")
        client = read_client(_ID, client_id=client_id, client_secret=client_secret, public_client=public_client)
        site, api = require_secure(site, "site").rstrip("/"), require_secure(api, "api").rstrip("/")
        self._protocol = (
            _OAuth1(oauth1.Credentials(client.id, client.secret or ""), api, email)
            if oauth == "1.0a"
            else _OAuth2(client, site, api, email, (*scopes, *(("offline.access",) if keep_tokens else ())))
        )

    def begin(self, *, callback_url: str, now: float, anew: bool = False) -> Exchange[Begun]:
        """Begin a sign-in; see ``Provider``. By OAuth 1.0a it asks X for a request token first."""
        return self._protocol.begin(callback_url=callback_url, now=now, anew=anew)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Find out who came back; see ``Provider``."""
        flow.require(provider=_ID, issuer=_ISSUER, now=now)
        profile = yield from self._protocol.finish(flow, parameters, callback_url=callback_url, now=now)
        return profile if self.keeps_tokens else replace(profile, tokens=None)

    def renew(self, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
        """Have tokens renewed; see ``Provider``. Those of OAuth 1.0a last until they are withdrawn."""
        return self._protocol.renew(tokens, now=now)

    def withdraw(self, tokens: ProviderTokens, *, now: float) -> Exchange[None]:
        """Tell X; see ``Provider``."""
        return self._protocol.withdraw(tokens, now=now)


@dataclass(frozen=True, slots=True)
class _OAuth2:
    client: oauth2.Client
    site: str
    api: str
    email: bool
    scopes: tuple[str, ...]

    def begin(self, *, callback_url: str, now: float, anew: bool) -> Exchange[Begun]:
        del anew  # X knows no such thing by OAuth 2.0
        state, verifier = new_secret(), new_secret()
        url = oauth2.authorization_url(
            f"{self.site}/i/oauth2/authorize",
            client_id=self.client.id,
            callback_url=callback_url,
            # users/me wants tweet.read too.
            scope=more_scopes("users.read tweet.read", (*(("users.email",) if self.email else ()), *self.scopes)),
            state=state,
            verifier=verifier,
        )
        flow = Flow.start(provider=_ID, issuer=_ISSUER, now=now, state=state, verifier=verifier)
        yield from ()
        return Begun(url, flow)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        code = oauth2.code_from_callback(flow, parameters, issuer=_ISSUER)
        tokens = yield from oauth2.redeem(
            self._token_url,
            self.client,
            code=code,
            verifier=flow.verifier,
            callback_url=callback_url,
        )
        fields = "id,name,username,profile_image_url" + (",confirmed_email" if self.email else "")
        url = f"{self.api}/2/users/me?{urlencode({'user.fields': fields})}"
        answer = yield from oauth2.fetch(url, tokens, "users/me")
        account = answer.get("data")
        if not isinstance(account, dict):
            raise LoginFailed(INVALID_RESPONSE, "users/me lacks data")
        return _profile(
            account.get("id"),
            account,
            username=account.get("username"),
            picture=account.get("profile_image_url"),
            email=account.get("confirmed_email") if self.email else None,
            tokens=tokens.kept(now),
        )

    def renew(self, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
        return oauth2.renew(self._token_url, self.client, tokens, now=now)

    def withdraw(self, tokens: ProviderTokens, *, now: float) -> Exchange[None]:
        del now  # OAuth 2.0 signs no time
        return oauth2.revoke(f"{self.api}/2/oauth2/revoke", self.client, tokens)

    @property
    def _token_url(self) -> str:
        return f"{self.api}/2/oauth2/token"


@dataclass(frozen=True, slots=True)
class _OAuth1:
    client: oauth1.Credentials
    api: str
    email: bool

    def begin(self, *, callback_url: str, now: float, anew: bool) -> Exchange[Begun]:
        token = yield from oauth1.begin(
            f"{self.api}/oauth/request_token", self.client, callback_url=callback_url, now=now
        )
        flow = Flow.start(
            provider=_ID,
            issuer=_ISSUER,
            now=now,
            request_token=token.key,
            request_token_secret=token.secret,
        )
        endpoint = f"{self.api}/oauth/authenticate"
        return Begun(oauth1.authenticate_url(f"{endpoint}?force_login=true" if anew else endpoint, token.key), flow)

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        del callback_url  # bound to the request token at begin
        token, secret = flow.request_token, flow.request_token_secret
        if not token or not secret or not same(token, oauth1.token_of_callback(parameters)):
            raise LoginFailed(FLOW_UNKNOWN, "the callback has another request token than the flow")
        access_token = yield from oauth1.finish(
            f"{self.api}/oauth/access_token",
            self.client,
            oauth1.Credentials(token, secret),
            verifier=oauth1.verifier_of_callback(parameters),
            now=now,
        )
        query = {"include_entities": "false", "skip_status": "true"}
        query |= {"include_email": "true"} if self.email else {}
        url = f"{self.api}/1.1/account/verify_credentials.json?{urlencode(query)}"
        account = yield from oauth1.fetch(url, self.client, access_token, now=now)
        return _profile(
            account.get("id_str"),
            account,
            username=account.get("screen_name"),
            picture=account.get("profile_image_url_https"),
            email=account.get("email") if self.email else None,
            tokens=ProviderTokens(access_token=access_token.key, secret=access_token.secret),
        )

    def renew(self, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
        del tokens, now
        yield from ()
        raise MustSignInAgain("a token of OAuth 1.0a that is refused cannot be renewed")

    def withdraw(self, tokens: ProviderTokens, *, now: float) -> Exchange[None]:
        token = oauth1.Credentials(tokens.access_token, tokens.secret or "")
        yield from oauth1.post(f"{self.api}/1.1/oauth/invalidate_token", self.client, token, now=now)


def _profile(
    subject: object,
    account: Mapping[str, Any],
    *,
    username: object,
    picture: object,
    email: object,
    tokens: ProviderTokens,
) -> Profile:
    """The number is the person: names can be changed and taken by others."""
    address = claims.email(email)
    return Profile(
        issuer=_ISSUER,
        subject=claims.digits(subject),
        email=address,
        email_verified=address is not None,
        name=claims.text(account.get("name")),
        username=claims.text(username),
        picture=claims.picture(picture),
        tokens=tokens,
    )
