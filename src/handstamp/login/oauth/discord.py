"""Discord.

https://discord.com/developers/docs/topics/oauth2
https://discord.com/developers/docs/resources/user
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from handstamp.login.oauth import claims
from handstamp.login.oauth.oauth2_provider import OAuth2Provider
from handstamp.login.oauth.profile_map import ProfileMap

_IMAGE: Final = re.compile(r"(?:a_)?[0-9a-f]{32}")


def _picture(account: Mapping[str, Any]) -> object:
    """The address of the avatar, made of the hash that names it; nothing else gets into a path."""
    image = account.get("avatar")
    if not isinstance(image, str) or not _IMAGE.fullmatch(image):
        return None
    return f"https://cdn.discordapp.com/avatars/{claims.digits(account.get('id'))}/{image}.png"


class Discord(OAuth2Provider):
    """Sign-in with Discord, which says of an address whether its owner has followed the link that was sent there.

    The snowflake is the subject. User names can be changed and taken by others.

    Args:
        client_id: Else ``HANDSTAMP_DISCORD_CLIENT_ID``.
        client_secret: Else ``HANDSTAMP_DISCORD_CLIENT_SECRET``.

    Raises:
        ConfigurationError: See ``OAuth2Provider``.
    """

    id = "discord"
    label = "Discord"
    issuer = "https://discord.com"
    authorization_url = "https://discord.com/oauth2/authorize"
    token_url = "https://discord.com/api/oauth2/token"  # noqa: S105  an address, not a token
    profile_url = "https://discord.com/api/v10/users/@me"
    scope = "identify email"
    profile_map = ProfileMap(
        subject="id",
        subject_form=claims.digits,
        name="global_name",
        username="username",
        picture=_picture,
        verified="verified",
    )
    revocation_url = "https://discord.com/api/oauth2/token/revoke"
