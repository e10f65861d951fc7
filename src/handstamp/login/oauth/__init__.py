"""Sign-in with a provider: OAuth 1.0a and 2.0 with X, OpenID Connect with Google or anyone else."""

from handstamp.login.oauth.google import Google
from handstamp.login.oauth.openid_connect import OpenIDConnect
from handstamp.login.oauth.provider import Begun, Provider
from handstamp.login.oauth.x import X

__all__ = ["Begun", "Google", "OpenIDConnect", "Provider", "X"]
