"""Identities in memory."""

from dataclasses import replace

from handstamp.core.errors import AddressTaken
from handstamp.core.models import Identity, Profile, User
from handstamp.stores.memory.people import People


class MemoryIdentities(People):
    """Keeps what ``UserStore`` says of identities."""

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """See ``UserStore``."""
        known = self._identities.get((profile.issuer, profile.subject))
        if known is None:
            holder = self._holder(profile.email, user_id) if profile.email and profile.email_verified else None
            if holder is not None:
                raise AddressTaken(holder.id)
            self._put_identity(profile, user_id=user_id, now=now)
            return self._put_proved(self._honest(_told_by(profile, User(id=user_id, created_at=now)))), True
        self._use(known, now)
        before = self._users[known.user_id]
        after = self._honest(_told_by(profile, before))
        if before.email_verified and not after.email_verified:
            after = replace(after, email=before.email, email_verified=True)
        return self._put_proved(after), False

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """See ``UserStore``."""
        return tuple(sorted(self._identities_of(user_id), key=lambda one: (one.created_at, one.issuer, one.subject)))

    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        """See ``UserStore``."""
        known = self._identities.get((profile.issuer, profile.subject))
        if user_id not in self._users or (known and known.user_id != user_id):
            return None
        return self._use(known, now) if known else self._put_identity(profile, user_id=user_id, now=now)

    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        """See ``UserStore``."""
        known = self._identities.get((issuer, subject))
        if known is None or known.user_id != user_id:
            return None
        if keep_a_way_in:
            self._keep_a_way_in(user_id)
        return self._drop_identity(issuer, subject)

    def _put_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity:
        made = Identity(
            issuer=profile.issuer, subject=profile.subject, user_id=user_id, created_at=now, last_used_at=now
        )
        self._identities[profile.issuer, profile.subject] = made
        return made

    def _use(self, known: Identity, now: float) -> Identity:
        used = self._identities[known.issuer, known.subject] = replace(known, last_used_at=now)
        return used


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
