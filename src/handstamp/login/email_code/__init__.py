"""Sign-in by a code that is sent by mail."""

from handstamp.login.email_code.way import EmailCode

__all__ = ["EmailCode"]
