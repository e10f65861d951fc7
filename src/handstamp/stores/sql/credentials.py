"""Credentials in SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from handstamp.core.credentials import TAKEN, all_of
from handstamp.core.models import Credential, CredentialKind
from handstamp.stores.sql.part import Part, insert_new
from handstamp.stores.sql.people import lock_user, refuse_last_way_in
from handstamp.stores.sql.rows import Values, credential_from, credential_values, swapped_values
from handstamp.stores.sql.tables import credentials

Credentials = tuple[Credential, ...]


class SqlCredentials(Part):
    """Keeps ``CredentialStore``. Nothing here is told: the feed watches other tables."""

    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        """See ``CredentialStore``."""
        theirs = (credentials.c.user_id == credential.user_id, credentials.c.kind == credential.kind.value)
        count = select(func.count()).select_from(credentials).where(*theirs)

        def work(connection: Connection) -> bool:
            if not lock_user(connection, credential.user_id) or connection.execute(count).scalar_one() >= most:
                return False
            return insert_new(connection, credentials, [credential_values(credential)]) == 1

        return await self._database.write(work, told=False)

    async def list_credentials(self, user_id: str) -> Credentials:
        """See ``CredentialStore``."""
        return await self._database.read(lambda connection: _found(connection, _oldest_first(user_id)))

    async def find_credential(self, kind: CredentialKind, lookup: str) -> Credential | None:
        """See ``CredentialStore``."""
        this = select(credentials).where(credentials.c.kind == kind.value, credentials.c.lookup == lookup)
        found = await self._database.read(lambda connection: _found(connection, this))
        return found[0] if found else None

    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        """See ``CredentialStore``."""
        still_there = (credentials.c.id == seen.id, credentials.c.version == seen.version)
        statement = (
            update(credentials).where(*still_there).values(swapped_values(becomes) | {"version": seen.version + 1})
        )
        return await self._database.write(lambda connection: connection.execute(statement).rowcount == 1, told=False)

    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        """See ``CredentialStore``."""
        this = (credentials.c.id == credential_id, credentials.c.user_id == user_id)

        def work(connection: Connection) -> Credential | None:
            lock_user(connection, user_id)
            found = _found(connection, select(credentials).where(*this))
            if not found:
                return None
            if keep_a_way_in and found[0].is_way_in:
                refuse_last_way_in(connection, user_id)
            connection.execute(delete(credentials).where(*this))
            return found[0]

        return await self._database.write(work, told=False)

    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        """See ``CredentialStore``."""
        new = [credential_values(one) for one in all_of(credentials, user_id=user_id, kind=kind)]

        def work(connection: Connection) -> Credentials | None:
            return _put_in_place(connection, user_id, kind, new) if lock_user(connection, user_id) else None

        try:
            return await self._database.write(work, told=False)
        except IntegrityError as error:
            raise ValueError(TAKEN) from error


def _put_in_place(connection: Connection, user_id: str, kind: CredentialKind, new: list[Values]) -> Credentials:
    theirs = (credentials.c.user_id == user_id, credentials.c.kind == kind.value)
    there_before = _found(connection, _oldest_first(user_id).where(credentials.c.kind == kind.value))
    connection.execute(delete(credentials).where(*theirs))
    if new:
        connection.execute(insert(credentials), new)
    return there_before


def _oldest_first(user_id: str) -> Select[*tuple[object, ...]]:
    theirs = select(credentials).where(credentials.c.user_id == user_id)
    return theirs.order_by(credentials.c.created_at, credentials.c.id)


def _found(connection: Connection, statement: Select[*tuple[object, ...]]) -> Credentials:
    return tuple(credential_from(row) for row in connection.execute(statement))
