"""Users as a database may have had them before an address could be verified by one of them only."""

from dataclasses import replace
from typing import Final

from handstamp.core.models import User
from handstamp.testing import NOW, a_user

_ADMIN: Final = frozenset({"admin"})

BEFORE: Final = (
    a_user(id="nobody", email=None, email_verified=False),
    a_user(id="oldest", created_at=NOW - 2, email="Ada@example.org", email_verified=True),
    a_user(id="other", created_at=NOW, email="grace@example.org", email_verified=True),
    a_user(id="unproved", created_at=NOW - 9, email="ADA@example.org", email_verified=False),
    a_user(id="younger", created_at=NOW - 1, email="ada@EXAMPLE.org", email_verified=True),
    a_user(id="youngest", created_at=NOW - 1, email="Ada@example.org", email_verified=True),
)
"""In the order of their ids; ``younger`` is given the role ``admin`` besides."""


def _after(user: User) -> User:
    if user.id == "younger":
        return replace(user, email_verified=False, roles=_ADMIN)
    return replace(user, email_verified=user.email_verified and user.id != "youngest")


AFTER: Final = tuple(_after(user) for user in BEFORE)
"""The same users when the database was migrated."""
