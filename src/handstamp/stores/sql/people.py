"""What the SQL statements about people share: the ground of ``users``, ``identities`` and ``credentials``."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from handstamp.core.errors import LastWayIn
from handstamp.core.models import CredentialKind, User
from handstamp.core.text import lower_ascii
from handstamp.stores.sql.part import Part
from handstamp.stores.sql.rows import Values, user_from, user_values
from handstamp.stores.sql.tables import credentials, identities, user_roles, users

T = TypeVar("T")

_TRIES: Final = 3
"""Times that a verb may meet a key that was not there when it looked."""

_IS_WAY_IN: Final = or_(
    credentials.c.kind == CredentialKind.PASSWORD.value,
    and_(credentials.c.kind == CredentialKind.PASSKEY.value, credentials.c.confirmed_at.is_not(None)),
)
"""As ``Credential.is_way_in`` has it."""


_USER_WITH_ROLES: Final = (
    select(*users.columns, user_roles.c.role).outerjoin_from(users, user_roles).where(users.c.id == bindparam("id"))
)
"""One row for each role; one with NULL where there is none."""


class People(Part):
    """Verbs that may meet a key that another caller has just made: an identity, a verified address."""

    async def _write(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` gives. Where writers do not wait for each other it may run several times."""
        for _ in range(_TRIES - 1):
            try:
                return await self._database.write(work)
            except IntegrityError:
                continue  # now it finds what the other one has made
        return await self._database.write(work)


def lock_user(connection: Connection, user_id: str) -> bool:
    """Let nobody else change this user, roles, or ways in, until the end of the transaction; whether there is one.

    Always the first lock on what belongs to a user, so that no two wait for each other. SQLite has one writer anyway.
    A statement by itself: one that had to wait for the lock would still see the roles of before.
    """
    locked = connection.execute(select(users.c.id).where(users.c.id == user_id).with_for_update())
    return locked.one_or_none() is not None


def has_address(email: str) -> ColumnElement[bool]:
    """Whose e-mail address this is, without regard to the case of ASCII letters."""
    return func.lower(users.c.email) == lower_ascii(email)


def holder_of(connection: Connection, email: str, user_id: str) -> str | None:
    """The id of the other user who has this address verified."""
    others = select(users.c.id).where(has_address(email), users.c.email_verified, users.c.id != user_id)
    return connection.execute(others).scalar_one_or_none()


def lock_address(connection: Connection, email: str, user_id: str) -> None:
    """Let nobody else change this user, nor those who have this address, until the end of the transaction.

    All in the order of their ids: two who claim what the other one has at once do not wait for each other.
    """
    concerned = select(users.c.id).where(or_(users.c.id == user_id, has_address(email)))
    connection.execute(concerned.order_by(users.c.id).with_for_update()).close()


def take_address(connection: Connection, email: str, user_id: str) -> None:
    """Take an address from all others, who have it unverified. It is locked."""
    others = update(users).where(has_address(email), users.c.id != user_id, users.c.email_verified.is_(False))
    connection.execute(others.values(email=None))


def honest(connection: Connection, said: Values, user_id: str) -> Values:
    """What was said of a user; an address that is missing, or that another user has verified, is unverified."""
    if not said.get("email_verified"):
        return said
    if said["email"] is None or holder_of(connection, said["email"], user_id) is not None:
        return said | {"email_verified": False}
    return said


def refuse_last_way_in(connection: Connection, user_id: str) -> None:
    """See that the user, who is locked, has one more way in than the one that is about to go.

    Raises:
        LastWayIn: It is the last one.
    """
    ways = (
        select(func.count()).select_from(identities).where(identities.c.user_id == user_id),
        select(func.count()).select_from(credentials).where(credentials.c.user_id == user_id, _IS_WAY_IN),
    )
    if sum(connection.execute(count).scalar_one() for count in ways) < 2:  # noqa: PLR2004  that one, and another
        raise LastWayIn("the last way in cannot be removed")


def change_user(connection: Connection, user: User, said: Values) -> User:
    """The user with what was said. Where nothing is new, nothing is written, for the feed would tell it."""
    new = {column: value for column, value in said.items() if getattr(user, column) != value}
    if not new:
        return user
    connection.execute(update(users).where(users.c.id == user.id).values(new))
    return user_from(list((user_values(user) | new).values()), user.roles)


def find_user(connection: Connection, user_id: str) -> User | None:
    """The user as the transaction sees it."""
    rows = connection.execute(_USER_WITH_ROLES, {"id": user_id}).all()
    return user_from(rows[0], [row[-1] for row in rows if row[-1] is not None]) if rows else None


def all_users(connection: Connection, statement: Select[*tuple[Any, ...]]) -> tuple[User, ...]:
    """The users that a statement on ``users`` finds, each with all roles."""
    rows = connection.execute(statement).all()
    roles: defaultdict[str, list[str]] = defaultdict(list)
    theirs = select(user_roles).where(user_roles.c.user_id.in_(select(statement.subquery().c.id)))
    for user_id, role in connection.execute(theirs):
        roles[user_id].append(role)
    return tuple(user_from(row, roles[row[0]]) for row in rows)
