"""GitLab, gitlab.com's or one's own, by OpenID Connect.

https://docs.gitlab.com/integration/openid_connect_provider/
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from handstamp.login.oauth.openid_connect import OpenIDConnect
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import read_option, require_secure

_PUBLIC: Final = "https://gitlab.com"


class GitLab(OpenIDConnect):
    """Sign-in with GitLab. gitlab.com sends a link to an address before it says that it is verified.

    Args:
        client_id: The application id, else ``HANDSTAMP_GITLAB_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_GITLAB_CLIENT_SECRET``.
        url: Of a GitLab of one's own, as it calls itself, else ``HANDSTAMP_GITLAB_URL``, else gitlab.com.
        trusts_email: Whether a GitLab of one's own is believed too: its administrators can verify what they like.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: A client id or secret is missing, or the address is neither https nor on this machine.
    """

    id = "gitlab"
    label = "GitLab"
    _offline_scopes = ()  # it gives refresh tokens unasked, and knows no such scope
    _offline_parameters: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        url: str | None = None,
        trusts_email: bool = False,
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        issuer = require_secure(read_option(self.id, "url", url) or _PUBLIC, "url").rstrip("/")
        believed = trusts_email or issuer == _PUBLIC
        super().__init__(
            self.id,
            issuer,
            self.label,
            client_id=client_id,
            client_secret=client_secret,
            keep_tokens=keep_tokens,
            scopes=scopes,
            profile_map=ProfileMap(
                # Releases before 2025 say only nickname.
                username=lambda claims: claims.get("preferred_username", claims.get("nickname")),
                verified=lambda claims: believed and claims.get("email_verified"),
            ),
        )
