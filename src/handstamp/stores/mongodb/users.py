"""Users in MongoDB."""

from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from handstamp.core.models import Identity, Profile, User
from handstamp.stores.mongodb.documents import (
    identity_from,
    identity_id,
    lower,
    said_by,
    user_document,
    user_from,
)
from handstamp.stores.mongodb.part import Part, changed
from handstamp.stores.mongodb.shape import IDENTITIES, USERS, Document

_SIGN_UP_TRIES = 3


class MongoUsers(Part):
    """Keeps ``UserStore``."""

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """See ``UserStore``. A ``user_id`` that is taken raises ValueError."""

        async def work(transaction: AsyncClientSession) -> tuple[User, bool]:
            known = await self._known(transaction, profile, now=now)
            if known is not None:
                return known, False
            return await self._made(transaction, profile, user_id=user_id, now=now), True

        try:
            # Whoever meets the key of a sign-up that was a moment earlier finds that one when it looks again.
            return await self._connection.transaction(work, tries=_SIGN_UP_TRIES)
        except DuplicateKeyError as error:
            raise ValueError("there is a user with this id") from error

    async def load_user(self, user_id: str) -> User | None:
        """See ``UserStore``."""
        found = await self._one(USERS, user_id)
        return None if found is None else user_from(found)

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """See ``UserStore``."""
        either = [{"_id": handle}, {"email_lower": lower(handle)}, {"username_lower": lower(handle)}]
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

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """See ``UserStore``."""
        found = self._connection.collection(IDENTITIES).find({"user_id": user_id})
        identities = [identity_from(document) for document in await self._connection.answer(found.to_list())]
        return tuple(sorted(identities, key=lambda one: (one.created_at, one.issuer, one.subject)))

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
            identities, users = self._connection.collection(IDENTITIES), self._connection.collection(USERS)
            await identities.delete_many({"user_id": user_id}, session=transaction)
            return (await users.delete_one({"_id": user_id}, session=transaction)).deleted_count == 1

        return await self._connection.transaction(work)

    async def _after(self, user_id: str, which: Document, change: Any) -> User | None:
        """The user after a change, which is not made where there is nothing to change: the feed would tell it."""
        document = await self._changed(USERS, which, change)
        return user_from(document) if document else await self.load_user(user_id)

    async def _known(self, transaction: AsyncClientSession, profile: Profile, *, now: float) -> User | None:
        """The user of an identity, with what the profile says; None where it has none.

        An identity whose user was deleted by hand has none.
        """
        identities, users = self._connection.collection(IDENTITIES), self._connection.collection(USERS)
        used = {"$set": {"last_used_at": now}}
        identity = await changed(identities, {"_id": identity_id(profile)}, used, transaction=transaction)
        user = identity and await users.find_one({"_id": identity["user_id"]}, session=transaction)
        if not user:
            return None
        news = {field: value for field, value in said_by(profile).items() if user.get(field) != value}
        if news:
            user |= news
            await users.update_one({"_id": user["_id"]}, {"$set": news}, session=transaction)
        return user_from(user)

    async def _made(self, transaction: AsyncClientSession, profile: Profile, *, user_id: str, now: float) -> User:
        user = user_document(user_id, said_by(profile), now=now)
        await self._connection.collection(IDENTITIES).replace_one(
            {"_id": identity_id(profile)},
            {"user_id": user_id, "created_at": now, "last_used_at": now},
            upsert=True,
            session=transaction,
        )
        await self._connection.collection(USERS).insert_one(user, session=transaction)
        return user_from(user)
