"""Google, by OpenID Connect."""

from typing import Final

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

    Raises:
        ConfigurationError: A client id or secret is missing, or an address is neither https nor on this machine.
    """

    id = "google"
    label = "Google"

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        issuer: str = ISSUER,
        metadata_url: str | None = None,
    ) -> None:
        super().__init__(
            self.id,
            issuer,
            self.label,
            client_id=client_id,
            client_secret=client_secret,
            metadata_url=metadata_url,
            trusts_email=True,
        )
