"""Users in memory."""

from dataclasses import replace

from handstamp.core.models import User
from handstamp.core.text import lower_ascii
from handstamp.stores.memory.people import People


class MemoryUsers(People):
    """Keeps what ``UserStore`` says of users."""

    async def add_user(self, user: User) -> bool:
        """See ``UserStore``."""
        if user.id in self._users:
            return False
        self._put_user(self._honest(user))
        return True

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        return self._users.get(user_id)

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """See ``UserStore``."""
        lower = lower_ascii(handle)
        found = (
            user
            for user in self._users.values()
            if user.id == handle or lower in {lower_ascii(name) for name in (user.email, user.username) if name}
        )
        return tuple(sorted(found, key=lambda user: (user.created_at, user.id)))

    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """See ``UserStore``."""
        ids = sorted(user_id for user_id in self._users if after is None or user_id > after)
        return tuple(self._users[user_id] for user_id in ids[:limit])

    async def set_email(self, user_id: str, email: str | None) -> User | None:
        """See ``UserStore``."""
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, email=email, email_verified=False))

    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        """See ``UserStore``."""
        del now  # nothing is dated here
        user = self._users.get(user_id)
        if user is None or self._holder(email, user_id) is not None:
            return None
        return self._put_proved(replace(user, email=email, email_verified=True))

    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        """See ``UserStore``."""
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, roles=(user.roles | add) - remove))

    async def disable_user(self, user_id: str, *, now: float) -> User | None:
        """See ``UserStore``."""
        user = self._users.get(user_id)
        if user is None or user.disabled_at is not None:
            return user
        return self._put_user(replace(user, disabled_at=now))

    async def enable_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, disabled_at=None))

    async def delete_user(self, user_id: str) -> bool:
        """See ``UserStore``."""
        if self._users.pop(user_id, None) is None:
            return False
        for identity in self._identities_of(user_id):
            self._drop_identity(identity.issuer, identity.subject)
        for credential in self._credentials_of(user_id):
            del self._credentials[credential.id]
        self._journal.tell(user=user_id)
        return True
