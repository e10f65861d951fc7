"""Identities in SQL."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from handstamp.core.errors import AddressTaken
from handstamp.core.models import Identity, Profile, User
from handstamp.stores.sql.part import insert_new
from handstamp.stores.sql.people import (
    People,
    change_user,
    find_user,
    holder_of,
    honest,
    lock_address,
    lock_user,
    refuse_last_way_in,
    take_address,
)
from handstamp.stores.sql.rows import Values, identity_from, user_from, user_values
from handstamp.stores.sql.tables import identities, users

_IDENTITY: Final = (
    identities.c.issuer,
    identities.c.subject,
    identities.c.user_id,
    identities.c.created_at,
    identities.c.last_used_at,
)
"""Without the tokens, which are not for whoever asks by what a user signs in."""


class SqlIdentities(People):
    """Keeps what ``UserStore`` says of identities."""

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """See ``UserStore``."""
        return await self._write(lambda connection: _upsert(connection, profile, user_id=user_id, now=now))

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """See ``UserStore``."""
        statement = (
            select(*_IDENTITY)
            .where(identities.c.user_id == user_id)
            .order_by(identities.c.created_at, identities.c.issuer, identities.c.subject)
        )
        rows = await self._database.read(lambda connection: connection.execute(statement).all(), alone=True)
        return tuple(identity_from(row) for row in rows)

    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        """See ``UserStore``."""
        used = update(identities).where(_is(profile.issuer, profile.subject), identities.c.user_id == user_id)

        def work(connection: Connection) -> Identity | None:
            if not lock_user(connection, user_id):
                return None
            _forget_nobodys(connection, profile)
            new = _new(profile, user_id=user_id, now=now)
            if insert_new(connection, identities, [new]):
                return Identity(**new)
            row = connection.execute(used.values(last_used_at=now).returning(*_IDENTITY)).one_or_none()
            return None if row is None else identity_from(row)

        return await self._database.write(work)

    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        """See ``UserStore``."""
        this = (_is(issuer, subject), identities.c.user_id == user_id)

        def work(connection: Connection) -> Identity | None:
            lock_user(connection, user_id)
            row = connection.execute(select(*_IDENTITY).where(*this)).one_or_none()
            if row is None:
                return None
            if keep_a_way_in:
                refuse_last_way_in(connection, user_id)
            connection.execute(delete(identities).where(*this))
            return identity_from(row)

        return await self._database.write(work)


def _upsert(connection: Connection, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
    this = _is(profile.issuer, profile.subject)
    owner = select(identities.c.user_id).where(this)
    proved = profile.email if profile.email_verified else None
    holder: str | None = None
    while True:
        known = connection.execute(owner).scalar_one_or_none()
        if known is None:
            # Each statement may see more than the one before: who has the address may have made this very identity.
            if holder is not None:
                raise AddressTaken(holder)
            holder = _holder(connection, proved, user_id)
            if holder is None:
                return _made(connection, profile, user_id=user_id, now=now), True
            continue
        _lock(connection, known, proved)
        user = find_user(connection, known)
        used = update(identities).where(this, identities.c.user_id == known).values(last_used_at=now)
        # While we waited for the lock the identity may have been unlinked, or the user deleted: we look again.
        if user is None:
            _forget_nobodys(connection, profile)
        elif connection.execute(used).rowcount:
            return _told(connection, profile, user), False
        holder = None


def _holder(connection: Connection, proved: str | None, user_id: str) -> str | None:
    """Who has an address verified already; those who have it are locked."""
    if proved is None:
        return None
    lock_address(connection, proved, user_id)
    return holder_of(connection, proved, user_id)


def _made(connection: Connection, profile: Profile, *, user_id: str, now: float) -> User:
    said = _told_by(profile)
    if profile.email is not None and profile.email_verified:
        take_address(connection, profile.email, user_id)
    new = user_values(User(id=user_id, created_at=now)) | said
    connection.execute(insert(users).values(new))
    connection.execute(insert(identities).values(_new(profile, user_id=user_id, now=now)))
    return user_from(list(new.values()), ())


def _lock(connection: Connection, user_id: str, proved: str | None) -> None:
    if proved is None:
        lock_user(connection, user_id)
    else:
        lock_address(connection, proved, user_id)


def _told(connection: Connection, profile: Profile, user: User) -> User:
    """The user with what the profile says; an address that is proved gives way to none that is not."""
    said = honest(connection, _told_by(profile), user.id)
    if said.get("email_verified"):
        if not user.email_verified or said["email"] != user.email:  # else it is theirs already
            take_address(connection, said["email"], user.id)
    elif user.email_verified:
        said = {column: value for column, value in said.items() if column not in {"email", "email_verified"}}
    return change_user(connection, user, said)


def _forget_nobodys(connection: Connection, profile: Profile) -> None:
    """An identity whose user was deleted by hand, where foreign keys do not cascade, is unknown."""
    has_user = exists().where(users.c.id == identities.c.user_id)
    connection.execute(delete(identities).where(_is(profile.issuer, profile.subject), ~has_user))


def _is(issuer: str, subject: str) -> ColumnElement[bool]:
    return (identities.c.issuer == issuer) & (identities.c.subject == subject)


def _new(profile: Profile, *, user_id: str, now: float) -> Values:
    return {
        "issuer": profile.issuer,
        "subject": profile.subject,
        "user_id": user_id,
        "created_at": now,
        "last_used_at": now,
    }


def _told_by(profile: Profile) -> Values:
    """What the profile says that is not None; the address and its flag go together."""
    said: Values = {
        column: value for column in ("name", "username", "picture") if (value := getattr(profile, column)) is not None
    }
    if profile.email is not None:
        said |= {"email": profile.email, "email_verified": profile.email_verified}
    return said
