"""Passwords: how they are hashed, which may be chosen, and how hashes from elsewhere come in."""
