"""What the MongoDB verbs about people share: the ground of ``users``, ``identities`` and ``credentials``."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

from pymongo.asynchronous.client_session import AsyncClientSession

from handstamp.core.errors import LastWayIn
from handstamp.core.models import Credential
from handstamp.core.text import lower_ascii
from handstamp.stores.mongodb.documents import credential_from, email_fields
from handstamp.stores.mongodb.part import Part, changed
from handstamp.stores.mongodb.shape import CREDENTIALS, IDENTITIES, USERS, Document

T = TypeVar("T")

_TRIES: Final = 3
"""Times that a verb may meet a key that was not there when it looked."""

_ENOUGH: Final = 2


class People(Part):
    """Verbs about more than one document of a person, each a transaction."""

    async def _together(self, work: Callable[[AsyncClientSession], Coroutine[Any, Any, T]]) -> T:
        """What ``work`` gives. It may run several times: whoever meets a key that is new finds it the next time."""
        return await self._connection.transaction(work, tries=_TRIES)

    async def _locked(self, transaction: AsyncClientSession, user_id: str) -> bool:
        """Let nobody else change the ways in of this user until the end; whether there is one.

        Two transactions that only read one document do not notice each other. So each writes a field of the user that
        nobody reads, and that the feed passes over.
        """
        users = self._connection.collection(USERS)
        user = await changed(users, {"_id": user_id}, {"$inc": {"ways_in": 1}}, transaction=transaction)
        return user is not None

    async def _honest(self, transaction: AsyncClientSession, said: Document, user_id: str) -> Document:
        """What was said of a user; an address that is missing, or that another user has verified, is unverified."""
        if not said.get("email_verified"):
            return said
        if said["email"] is None or await self._holder(transaction, said["email"], user_id) is not None:
            return said | {"email_verified": False}
        return said

    async def _holder(self, transaction: AsyncClientSession, email: str, user_id: str) -> str | None:
        """The id of the other user who has an address verified."""
        another = {"email_lower": lower_ascii(email), "email_verified": True, "_id": {"$ne": user_id}}
        found = await self._connection.collection(USERS).find_one(another, {"_id": 1}, session=transaction)
        return None if found is None else str(found["_id"])

    async def _take_address(self, transaction: AsyncClientSession, email: str, user_id: str) -> None:
        """Take an address from all others, who have it unverified."""
        theirs = {"email_lower": lower_ascii(email), "_id": {"$ne": user_id}}
        gone = {"$set": email_fields(None, verified=False)}
        await self._connection.collection(USERS).update_many(theirs, gone, session=transaction)

    async def _refuse_last_way_in(self, transaction: AsyncClientSession, user_id: str) -> None:
        """See that the user, who is locked, has one more way in than the one that is about to go.

        Raises:
            LastWayIn: It is the last one.
        """
        theirs = self._connection.collection(IDENTITIES).find({"user_id": user_id}, {"_id": 1}, session=transaction)
        identities = len(await theirs.limit(_ENOUGH).to_list())
        credentials = await self._credentials({"user_id": user_id}, transaction)
        if identities + sum(one.is_way_in for one in credentials) < _ENOUGH:
            raise LastWayIn("the last way in cannot be removed")

    async def _credentials(
        self, which: Mapping[str, Any], transaction: AsyncClientSession | None = None
    ) -> tuple[Credential, ...]:
        """Credentials, the oldest first."""
        found = self._connection.collection(CREDENTIALS).find(which, session=transaction)
        credentials = [credential_from(document) for document in await found.to_list()]
        return tuple(sorted(credentials, key=lambda one: (one.created_at, one.id)))
