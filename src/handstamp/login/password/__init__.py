"""Passwords: signing up and in, which may be chosen, how they are hashed, and how hashes from elsewhere come in."""

from handstamp.login.password.method import Password

__all__ = ["Password"]
