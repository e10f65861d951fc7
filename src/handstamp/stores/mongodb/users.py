"""Users in MongoDB."""

from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from handstamp.core.models import User
from handstamp.core.text import lower_ascii
from handstamp.stores.mongodb.documents import email_fields, user_document, user_from
from handstamp.stores.mongodb.people import People
from handstamp.stores.mongodb.shape import CREDENTIALS, IDENTITIES, USERS, Document


class MongoUsers(People):
    """Keeps what ``UserStore`` says of users."""

    async def add_user(self, user: User) -> bool:
        """See ``UserStore``."""
        users = self._connection.collection(USERS)

        async def work(transaction: AsyncClientSession) -> bool:
            if await users.find_one({"_id": user.id}, session=transaction) is not None:
                return False
            new = await self._honest(transaction, user_document(user), user.id)
            await users.insert_one(new, session=transaction)
            return True

        return await self._together(work)

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        found = await self._one(USERS, user_id)
        return None if found is None else user_from(found)

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """See ``UserStore``."""
        either = [{"_id": handle}, {"email_lower": lower_ascii(handle)}, {"username_lower": lower_ascii(handle)}]
        found = self._connection.collection(USERS).find({"$or": either})
        users = [user_from(document) for document in await self._connection.answer(found.to_list())]
        return tuple(sorted(users, key=lambda user: (user.created_at, user.id)))

    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """See ``UserStore``."""
        if limit <= 0:  # which MongoDB takes for "all"
            return ()
        which = {} if after is None else {"_id": {"$gt": after}}
        found = self._connection.collection(USERS).find(which).sort("_id").limit(limit)
        return tuple(user_from(document) for document in await self._connection.answer(found.to_list()))

    async def set_email(self, user_id: str, email: str | None) -> User | None:
        """See ``UserStore``."""
        which = {"_id": user_id, "$or": [{"email": {"$ne": email}}, {"email_verified": {"$ne": False}}]}
        return await self._after(user_id, which, {"$set": email_fields(email, verified=False)})

    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        """See ``UserStore``."""
        del now  # nothing is dated here
        users = self._connection.collection(USERS)
        ours = email_fields(email, verified=True)

        async def work(transaction: AsyncClientSession) -> User | None:
            user = await users.find_one({"_id": user_id}, session=transaction)
            if user is None or await self._holder(transaction, email, user_id) is not None:
                return None
            await self._take_address(transaction, email, user_id)
            if any(user.get(field) != value for field, value in ours.items()):
                await users.update_one({"_id": user_id}, {"$set": ours}, session=transaction)
            return user_from(user | ours)

        return await self._together(work)

    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        """See ``UserStore``."""
        given, taken = sorted(add - remove), sorted(remove)
        which = {"_id": user_id, "$or": [{"roles": {"$in": taken}}, *({"roles": {"$ne": role}} for role in given)]}
        # Without $literal a role that begins with $ would be read as the name of a field.
        roles = {"$setUnion": [{"$ifNull": ["$roles", []]}, {"$literal": given}]}
        change = [{"$set": {"roles": {"$setDifference": [roles, {"$literal": taken}]}}}]
        return await self._after(user_id, which, change)

    async def disable_user(self, user_id: str, *, now: float) -> User | None:
        """See ``UserStore``."""
        return await self._after(user_id, {"_id": user_id, "disabled_at": None}, {"$set": {"disabled_at": now}})

    async def enable_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        disabled = {"_id": user_id, "disabled_at": {"$ne": None}}
        return await self._after(user_id, disabled, {"$set": {"disabled_at": None}})

    async def delete_user(self, user_id: str) -> bool:
        """See ``UserStore``."""

        async def work(transaction: AsyncClientSession) -> bool:
            for collection in (IDENTITIES, CREDENTIALS):
                theirs = self._connection.collection(collection)
                await theirs.delete_many({"user_id": user_id}, session=transaction)
            users = self._connection.collection(USERS)
            return (await users.delete_one({"_id": user_id}, session=transaction)).deleted_count == 1

        return await self._connection.transaction(work)

    async def _after(self, user_id: str, which: Document, change: Any) -> User | None:
        """The user after a change, which is not made where there is nothing to change: the feed would tell it."""
        document = await self._changed(USERS, which, change)
        return user_from(document) if document else await self.load_user(user_id)
