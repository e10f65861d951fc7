"""Credentials in MongoDB."""

from collections.abc import Sequence

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from handstamp.core.credentials import TAKEN, all_of
from handstamp.core.models import Credential, CredentialKind
from handstamp.stores.mongodb.documents import credential_document, credential_from, found_by, swapped_fields
from handstamp.stores.mongodb.people import People
from handstamp.stores.mongodb.shape import CREDENTIALS

Credentials = tuple[Credential, ...]


class MongoCredentials(People):
    """Keeps ``CredentialStore``."""

    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        """See ``CredentialStore``."""
        theirs = {"user_id": credential.user_id, "kind": credential.kind.value}
        place = self._connection.collection(CREDENTIALS)

        async def work(transaction: AsyncClientSession) -> bool:
            if not await self._locked(transaction, credential.user_id):
                return False
            if len(await self._credentials(theirs, transaction)) >= most:
                return False
            await place.insert_one(credential_document(credential), session=transaction)
            return True

        try:
            return await self._connection.transaction(work)
        except DuplicateKeyError:
            return False

    async def list_credentials(self, user_id: str) -> Credentials:
        """See ``CredentialStore``."""
        return await self._connection.answer(self._credentials({"user_id": user_id}))

    async def find_credential(self, kind: CredentialKind, lookup: str) -> Credential | None:
        """See ``CredentialStore``."""
        this = {"found_by": found_by(kind, lookup)}
        found = await self._connection.answer(self._connection.collection(CREDENTIALS).find_one(this))
        return None if found is None else credential_from(found)

    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        """See ``CredentialStore``."""
        still_there = {"_id": seen.id, "version": seen.version}
        change = {"$set": {**swapped_fields(becomes), "version": seen.version + 1}}
        return await self._changed(CREDENTIALS, still_there, change) is not None

    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        """See ``CredentialStore``."""
        this = {"_id": credential_id, "user_id": user_id}

        async def work(transaction: AsyncClientSession) -> Credential | None:
            if not await self._locked(transaction, user_id):
                return None
            found = await self._credentials(this, transaction)
            if not found:
                return None
            if keep_a_way_in and found[0].is_way_in:
                await self._refuse_last_way_in(transaction, user_id)
            await self._connection.collection(CREDENTIALS).delete_one(this, session=transaction)
            return found[0]

        return await self._together(work)

    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        """See ``CredentialStore``."""
        new = all_of(credentials, user_id=user_id, kind=kind)
        theirs = {"user_id": user_id, "kind": kind.value}
        place = self._connection.collection(CREDENTIALS)

        async def work(transaction: AsyncClientSession) -> Credentials | None:
            if not await self._locked(transaction, user_id):
                return None
            there_before = await self._credentials(theirs, transaction)
            await place.delete_many(theirs, session=transaction)
            for credential in new:  # not many at once: of those that are taken, the first error says so
                await place.insert_one(credential_document(credential), session=transaction)
            return there_before

        try:
            return await self._connection.transaction(work)
        except DuplicateKeyError as error:
            raise ValueError(TAKEN) from error
