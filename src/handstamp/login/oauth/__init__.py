"""Sign-in with a provider: by OAuth 1.0a (X), OAuth 2.0, or OpenID Connect with anyone."""

from handstamp.login.oauth.apple import Apple
from handstamp.login.oauth.discord import Discord
from handstamp.login.oauth.facebook import Facebook
from handstamp.login.oauth.github import GitHub
from handstamp.login.oauth.gitlab import GitLab
from handstamp.login.oauth.google import Google
from handstamp.login.oauth.microsoft import Microsoft
from handstamp.login.oauth.oauth2_provider import OAuth2Provider
from handstamp.login.oauth.openid_connect import OpenIDConnect
from handstamp.login.oauth.profile_map import ProfileMap
from handstamp.login.oauth.provider import Begun, Provider
from handstamp.login.oauth.x import X

__all__ = [
    "Apple",
    "Begun",
    "Discord",
    "Facebook",
    "GitHub",
    "GitLab",
    "Google",
    "Microsoft",
    "OAuth2Provider",
    "OpenIDConnect",
    "ProfileMap",
    "Provider",
    "X",
]
