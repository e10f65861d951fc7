"""GitHub, and GitHub Enterprise Server.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
https://docs.github.com/en/rest/users/emails
"""

from collections.abc import Sequence
from typing import Any, Final

from handstamp.login.oauth import claims, oauth2
from handstamp.login.oauth.exchange import Exchange, json_objects
from handstamp.login.oauth.oauth2 import Tokens
from handstamp.login.oauth.oauth2_provider import OAuth2Provider
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import read_option, require_secure

_PUBLIC: Final = "https://github.com"
_NOT_OURS_TO_SEE: Final = frozenset({403, 404})


class GitHub(OAuth2Provider):
    """Sign-in with GitHub, whose word on the primary address counts: it sends a link there before it says verified.

    The user's number is the subject. The login name is none: whoever gives it up lets somebody else take it.

    Args:
        client_id: Else ``HANDSTAMP_GITHUB_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_GITHUB_CLIENT_SECRET``.
        url: Of a GitHub Enterprise Server, else ``HANDSTAMP_GITHUB_URL``, else github.com. Its people are others,
            so the issuer is another one too; and whoever runs it can verify what they like, so nothing is believed.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: See ``OAuth2Provider``.
    """

    id = "github"
    label = "GitHub"
    scope = "read:user user:email"
    authentication = "client_secret_post"

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        url: str | None = None,
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        site = require_secure(read_option(self.id, "url", url) or _PUBLIC, "url").rstrip("/")
        # What it calls itself in callbacks since 2026 (RFC 9207).
        self.issuer = f"{site}/login/oauth"
        self.authorization_url = f"{site}/login/oauth/authorize"
        self.token_url = f"{site}/login/oauth/access_token"
        self.profile_url = "https://api.github.com/user" if site == _PUBLIC else f"{site}/api/v3/user"
        self.profile_map = ProfileMap(
            subject="id",
            subject_form=claims.number,
            username="login",
            picture="avatar_url",
            email="primary_email",
            verified=lambda account: site == _PUBLIC and account.get("primary_verified"),
        )
        super().__init__(client_id, client_secret, keep_tokens=keep_tokens, scopes=scopes)

    def account(self, tokens: Tokens) -> Exchange[dict[str, Any]]:
        """The account, with what the list of addresses says of the primary one.

        The ``email`` of the account itself is the one that the person shows to everybody, of which nothing is said.
        """
        account = yield from oauth2.fetch(self.profile_url, tokens, "the profile endpoint")
        response = yield oauth2.bearer_request(f"{self.profile_url}/emails", tokens)
        # A GitHub App without the permission to read addresses is told so: people without address are normal.
        entries = [] if response.status in _NOT_OURS_TO_SEE else json_objects(response, "the list of addresses")
        primary = next((entry for entry in entries if entry.get("primary") is True), {})
        return account | {"primary_email": primary.get("email"), "primary_verified": primary.get("verified")}
