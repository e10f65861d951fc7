"""Users in SQL."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from handstamp.core.models import Identity, Profile, User
from handstamp.stores.sql.part import Part, insert_new
from handstamp.stores.sql.rows import Values, identity_from, user_from, user_values
from handstamp.stores.sql.tables import identities, user_roles, users

_USER_WITH_ROLES = (
    select(*users.columns, user_roles.c.role).outerjoin_from(users, user_roles).where(users.c.id == bindparam("id"))
)
"""One row for each role; one with NULL where there is none."""


class SqlUsers(Part):
    """Keeps ``UserStore``."""

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """See ``UserStore``."""

        def work(connection: Connection) -> tuple[User, bool]:
            return _upsert(connection, profile, user_id=user_id, now=now)

        try:
            return await self._database.write(work)
        except IntegrityError:
            # Where writers do not wait for each other, another one has just made the user of this identity.
            return await self._database.write(work)

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        return await self._database.load_user(user_id)

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """See ``UserStore``."""
        lower = handle.encode().lower().decode()  # bytes know ASCII letters alone, as ``lower`` does of these columns
        statement = (
            select(users)
            .where(
                or_(
                    users.c.id == handle,
                    func.lower(users.c.email) == lower,
                    func.lower(users.c.username) == lower,
                )
            )
            .order_by(users.c.created_at, users.c.id)
        )
        return await self._database.read(lambda connection: _users(connection, statement))

    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """See ``UserStore``."""
        statement = select(users).order_by(users.c.id).limit(limit)
        if after is not None:
            statement = statement.where(users.c.id > after)
        return await self._database.read(lambda connection: _users(connection, statement))

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """See ``UserStore``."""
        statement = (
            select(identities)
            .where(identities.c.user_id == user_id)
            .order_by(identities.c.created_at, identities.c.issuer, identities.c.subject)
        )
        rows = await self._database.read(lambda connection: connection.execute(statement).all(), alone=True)
        return tuple(identity_from(row) for row in rows)

    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        """See ``UserStore``."""

        def work(connection: Connection) -> User | None:
            if not _lock(connection, user_id):
                return None
            given = [{"user_id": user_id, "role": role} for role in sorted(add - remove)]
            insert_new(connection, user_roles, given)
            if remove:
                theirs = user_roles.c.user_id == user_id
                connection.execute(delete(user_roles).where(theirs, user_roles.c.role.in_(sorted(remove))))
            return _user(connection, user_id)

        return await self._database.write(work)

    async def disable_user(self, user_id: str, *, now: float) -> User | None:
        """See ``UserStore``."""
        statement = update(users).where(users.c.id == user_id, users.c.disabled_at.is_(None)).values(disabled_at=now)
        return await self._database.write(lambda connection: _after(connection, statement, user_id))

    async def enable_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        statement = (
            update(users).where(users.c.id == user_id, users.c.disabled_at.is_not(None)).values(disabled_at=None)
        )
        return await self._database.write(lambda connection: _after(connection, statement, user_id))

    async def delete_user(self, user_id: str) -> bool:
        """See ``UserStore``."""

        def work(connection: Connection) -> bool:
            _lock(connection, user_id)
            # The foreign keys cascade too; here it does not depend on a setting of the connection.
            connection.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
            connection.execute(delete(identities).where(identities.c.user_id == user_id))
            return connection.execute(delete(users).where(users.c.id == user_id)).rowcount == 1

        return await self._database.write(work)


def _upsert(connection: Connection, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
    this_identity = (identities.c.issuer == profile.issuer, identities.c.subject == profile.subject)
    row = connection.execute(select(identities).where(*this_identity)).one_or_none()
    if row is not None:
        known = identity_from(row)
        _lock(connection, known.user_id)
        user = _user(connection, known.user_id)
        if user is not None:
            connection.execute(update(identities).where(*this_identity).values(last_used_at=now))
            return _update(connection, user, _told_by(profile)), False
        # An identity whose user was deleted by hand, where foreign keys do not cascade, is unknown.
        connection.execute(delete(identities).where(*this_identity, identities.c.user_id == known.user_id))
    new = user_values(User(id=user_id, created_at=now)) | _told_by(profile)
    connection.execute(insert(users).values(new))
    connection.execute(
        insert(identities).values(
            issuer=profile.issuer, subject=profile.subject, user_id=user_id, created_at=now, last_used_at=now
        )
    )
    return user_from(list(new.values()), ()), True


def _told_by(profile: Profile) -> Values:
    """What the profile says that is not None; the address and its flag go together."""
    said: Values = {
        column: value for column in ("name", "username", "picture") if (value := getattr(profile, column)) is not None
    }
    if profile.email is not None:
        said |= {"email": profile.email, "email_verified": profile.email_verified}
    return said


def _update(connection: Connection, user: User, said: Values) -> User:
    """The user with what was said. Where nothing is new, nothing is written, for the feed would tell it."""
    new = {column: value for column, value in said.items() if getattr(user, column) != value}
    if not new:
        return user
    connection.execute(update(users).where(users.c.id == user.id).values(new))
    return user_from(list((user_values(user) | new).values()), user.roles)


def _after(connection: Connection, statement: Update, user_id: str) -> User | None:
    connection.execute(statement)
    return _user(connection, user_id)


def _lock(connection: Connection, user_id: str) -> bool:
    """Let nobody else change this user, nor the roles, until the end of the transaction; whether there is one.

    Always the first lock on what belongs to a user, so that no two wait for each other. SQLite has one writer anyway.
    A statement by itself: one that had to wait for the lock would still see the roles of before.
    """
    found = connection.execute(select(users.c.id).where(users.c.id == user_id).with_for_update())
    return found.one_or_none() is not None


def _user(connection: Connection, user_id: str) -> User | None:
    rows = connection.execute(_USER_WITH_ROLES, {"id": user_id}).all()
    return user_from(rows[0], [row[-1] for row in rows if row[-1] is not None]) if rows else None


def _users(connection: Connection, statement: Select[*tuple[Any, ...]]) -> tuple[User, ...]:
    rows = connection.execute(statement).all()
    roles: defaultdict[str, list[str]] = defaultdict(list)
    theirs = select(user_roles).where(user_roles.c.user_id.in_(select(statement.subquery().c.id)))
    for user_id, role in connection.execute(theirs):
        roles[user_id].append(role)
    return tuple(user_from(row, roles[row[0]]) for row in rows)
