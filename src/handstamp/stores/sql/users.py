"""Users in SQL."""

from sqlalchemy import Connection, Update, delete, func, insert, or_, select, update

from handstamp.core.models import User
from handstamp.core.text import lower_ascii
from handstamp.stores.sql.part import insert_new
from handstamp.stores.sql.people import (
    People,
    all_users,
    change_user,
    find_user,
    has_address,
    holder_of,
    honest,
    lock_address,
    lock_user,
    take_address,
)
from handstamp.stores.sql.rows import user_values
from handstamp.stores.sql.tables import credentials, identities, user_roles, users


class SqlUsers(People):
    """Keeps what ``UserStore`` says of users."""

    async def add_user(self, user: User) -> bool:
        """See ``UserStore``."""

        def work(connection: Connection) -> bool:
            if connection.execute(select(users.c.id).where(users.c.id == user.id)).first() is not None:
                return False
            connection.execute(insert(users).values(honest(connection, user_values(user), user.id)))
            insert_new(connection, user_roles, [{"user_id": user.id, "role": role} for role in sorted(user.roles)])
            return True

        return await self._write(work)

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        return await self._database.load_user(user_id)

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """See ``UserStore``."""
        statement = (
            select(users)
            .where(
                or_(
                    users.c.id == handle,
                    has_address(handle),
                    func.lower(users.c.username) == lower_ascii(handle),
                )
            )
            .order_by(users.c.created_at, users.c.id)
        )
        return await self._database.read(lambda connection: all_users(connection, statement))

    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """See ``UserStore``."""
        statement = select(users).order_by(users.c.id).limit(limit)
        if after is not None:
            statement = statement.where(users.c.id > after)
        return await self._database.read(lambda connection: all_users(connection, statement))

    async def set_email(self, user_id: str, email: str | None) -> User | None:
        """See ``UserStore``."""

        def work(connection: Connection) -> User | None:
            lock_user(connection, user_id)
            user = find_user(connection, user_id)
            return user and change_user(connection, user, {"email": email, "email_verified": False})

        return await self._database.write(work)

    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        """See ``UserStore``."""
        del now  # nothing is dated here
        return await self._write(lambda connection: _claim(connection, user_id, email))

    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        """See ``UserStore``."""

        def work(connection: Connection) -> User | None:
            if not lock_user(connection, user_id):
                return None
            given = [{"user_id": user_id, "role": role} for role in sorted(add - remove)]
            insert_new(connection, user_roles, given)
            if remove:
                theirs = user_roles.c.user_id == user_id
                connection.execute(delete(user_roles).where(theirs, user_roles.c.role.in_(sorted(remove))))
            return find_user(connection, user_id)

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
            lock_user(connection, user_id)
            # The foreign keys cascade too; here it does not depend on a setting of the connection.
            connection.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
            connection.execute(delete(identities).where(identities.c.user_id == user_id))
            connection.execute(delete(credentials).where(credentials.c.user_id == user_id))
            return connection.execute(delete(users).where(users.c.id == user_id)).rowcount == 1

        return await self._database.write(work)


def _claim(connection: Connection, user_id: str, email: str) -> User | None:
    lock_address(connection, email, user_id)
    user = find_user(connection, user_id)
    if user is None or holder_of(connection, email, user_id) is not None:
        return None
    take_address(connection, email, user_id)
    return change_user(connection, user, {"email": email, "email_verified": True})


def _after(connection: Connection, statement: Update, user_id: str) -> User | None:
    connection.execute(statement)
    return find_user(connection, user_id)
