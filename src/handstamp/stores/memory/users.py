"""Users in memory."""

from dataclasses import replace

from handstamp.core.models import Identity, Profile, User
from handstamp.stores.memory.part import Part

_ASCII_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class MemoryUsers(Part):
    """Keeps ``UserStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._users: dict[str, User] = {}
        self._identities: dict[tuple[str, str], Identity] = {}

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """See ``UserStore``."""
        key = (profile.issuer, profile.subject)
        known = self._identities.get(key)
        if known is None:
            self._identities[key] = Identity(
                issuer=profile.issuer,
                subject=profile.subject,
                user_id=user_id,
                created_at=now,
                last_used_at=now,
            )
            return self._put_user(_told_by(profile, User(id=user_id, created_at=now))), True
        self._identities[key] = replace(known, last_used_at=now)
        return self._put_user(_told_by(profile, self._users[known.user_id])), False

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        return self._users.get(user_id)

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """See ``UserStore``."""
        lower = handle.translate(_ASCII_LOWER)
        found = (
            user
            for user in self._users.values()
            if user.id == handle
            or lower in {(name or "").translate(_ASCII_LOWER) for name in (user.email, user.username) if name}
        )
        return tuple(sorted(found, key=lambda user: (user.created_at, user.id)))

    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """See ``UserStore``."""
        ids = sorted(user_id for user_id in self._users if after is None or user_id > after)
        return tuple(self._users[user_id] for user_id in ids[:limit])

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """See ``UserStore``."""
        theirs = (one for one in self._identities.values() if one.user_id == user_id)
        return tuple(sorted(theirs, key=lambda one: one.created_at))

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
        for identity in await self.list_identities(user_id):
            del self._identities[identity.issuer, identity.subject]
        self._journal.tell(user=user_id)
        return True

    def _put_user(self, user: User) -> User:
        if self._users.get(user.id) != user:
            self._users[user.id] = user
            self._journal.tell(user=user.id)
        return user


def _told_by(profile: Profile, user: User) -> User:
    """The user with what the profile says; the address and its flag go together."""
    if profile.email is not None:
        user = replace(user, email=profile.email, email_verified=profile.email_verified)
    return replace(
        user,
        name=user.name if profile.name is None else profile.name,
        username=user.username if profile.username is None else profile.username,
        picture=user.picture if profile.picture is None else profile.picture,
    )
