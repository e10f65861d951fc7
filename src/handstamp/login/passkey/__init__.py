"""Passkeys: signing in by a key that an authenticator keeps, with nothing to remember and nothing to steal here."""
