"""Facebook.

https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
https://developers.facebook.com/docs/graph-api/guides/secure-requests
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from handstamp.login.oauth import claims, oauth2
from handstamp.login.oauth.exchange import Exchange
from handstamp.login.oauth.oauth2 import Tokens
from handstamp.login.oauth.oauth2_provider import OAuth2Provider
from handstamp.login.oauth.profile_map import ProfileMap


def _picture(account: Mapping[str, Any]) -> object:
    """The picture, where the person has one: for the others there is a grey head, which says nothing."""
    data = account["picture"]["data"]
    return data["url"] if data["is_silhouette"] is False else None


class Facebook(OAuth2Provider):
    """Sign-in with Facebook, which does not say whether an address is verified: so none is.

    The subject is scoped to the app: with another app (client id) everybody is somebody else.

    Args:
        client_id: The app id, else ``HANDSTAMP_FACEBOOK_CLIENT_ID``.
        client_secret: The app secret, else ``HANDSTAMP_FACEBOOK_CLIENT_SECRET``.
        version: Of the Graph API; each works for about two years.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``; Facebook gives no refresh token.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: See ``OAuth2Provider``.
    """

    id = "facebook"
    label = "Facebook"
    issuer = "https://www.facebook.com"
    scope = "public_profile email"
    authentication = "client_secret_post"
    anew: ClassVar[Mapping[str, str]] = {"auth_type": "reauthenticate"}
    profile_map = ProfileMap(subject="id", subject_form=claims.digits, username=None, picture=_picture, verified=None)

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        version: str = "v24.0",
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        self.authorization_url = f"https://www.facebook.com/{version}/dialog/oauth"
        self.token_url = f"https://graph.facebook.com/{version}/oauth/access_token"
        self.profile_url = f"https://graph.facebook.com/{version}/me"
        super().__init__(client_id, client_secret, keep_tokens=keep_tokens, scopes=scopes)

    def account(self, tokens: Tokens) -> Exchange[dict[str, Any]]:
        """The account, asked for with a proof that we know the secret: a stolen token alone is worth nothing."""
        secret = (self._client.secret or "").encode()
        query = {
            "fields": "id,name,email,picture.type(large)",
            "appsecret_proof": hmac.new(secret, tokens.access_token.encode("ascii"), hashlib.sha256).hexdigest(),
        }
        url = f"{self.profile_url}?{urlencode(query)}"
        return (yield from oauth2.fetch(url, tokens, "the profile endpoint"))
