"""One-time codes of an authenticator app as a second factor, and recovery codes for when the app is lost."""

from handstamp.login.totp.way import Totp

__all__ = ["Totp"]
