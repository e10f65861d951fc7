"""Google, by OpenID Connect."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from handstamp.login.oauth.openid_connect import OpenIDConnect

ISSUER: Final = "https://accounts.google.com"


class Google(OpenIDConnect):
    """Sign-in with Google, which proves an address before it calls it verified.

    https://developers.google.com/identity/openid-connect/openid-connect

    Args:
        client_id: Else ``HANDSTAMP_GOOGLE_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_GOOGLE_CLIENT_SECRET``.
        issuer: For stand-ins.
        metadata_url: For stand-ins.
        keep_tokens: Whether the tokens are kept, for ``auth.vault``; Google is asked for a refresh token then.
        scopes: What the application wants to do besides signing people in.

    Raises:
        ConfigurationError: A client id or secret is missing, or an address is neither https nor on this machine.
    """

    id = "google"
    label = "Google"
    _offline_scopes = ()
    _offline_parameters: ClassVar[Mapping[str, str]] = {"access_type": "offline", "prompt": "consent"}
    """Google knows no scope for it, and gives a refresh token again only to whoever is asked again."""
    _says_when = False

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        issuer: str = ISSUER,
        metadata_url: str | None = None,
        keep_tokens: bool = False,
        scopes: Sequence[str] = (),
    ) -> None:
        super().__init__(
            self.id,
            issuer,
            self.label,
            client_id=client_id,
            client_secret=client_secret,
            metadata_url=metadata_url,
            trusts_email=True,
            keep_tokens=keep_tokens,
            scopes=scopes,
        )
