"""Identities in MongoDB."""

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from handstamp.core.errors import AddressTaken
from handstamp.core.models import Identity, Profile, User
from handstamp.stores.mongodb.documents import identity_from, identity_id, said_by, user_document, user_from
from handstamp.stores.mongodb.part import changed
from handstamp.stores.mongodb.people import People
from handstamp.stores.mongodb.shape import IDENTITIES, USERS


class MongoIdentities(People):
    """Keeps what ``UserStore`` says of identities."""

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """See ``UserStore``. A ``user_id`` that is taken raises ValueError."""

        async def work(transaction: AsyncClientSession) -> tuple[User, bool]:
            known = await self._known(transaction, profile, now=now)
            if known is not None:
                return known, False
            return await self._made(transaction, profile, user_id=user_id, now=now), True

        try:
            return await self._together(work)
        except DuplicateKeyError as error:
            raise ValueError("there is a user with this id") from error

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """See ``UserStore``."""
        found = self._connection.collection(IDENTITIES).find({"user_id": user_id})
        identities = [identity_from(document) for document in await self._connection.answer(found.to_list())]
        return tuple(sorted(identities, key=lambda one: (one.created_at, one.issuer, one.subject)))

    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        """See ``UserStore``."""
        key = identity_id(profile.issuer, profile.subject)
        identities, users = self._connection.collection(IDENTITIES), self._connection.collection(USERS)

        async def work(transaction: AsyncClientSession) -> Identity | None:
            if not await self._locked(transaction, user_id):
                return None
            own = {"_id": key, "user_id": user_id}
            used = await changed(identities, own, {"$set": {"last_used_at": now}}, transaction=transaction)
            if used is not None:
                return identity_from(used)
            another = await identities.find_one({"_id": key}, session=transaction)
            if another and await users.find_one({"_id": another["user_id"]}, session=transaction):
                return None
            return await self._put(transaction, profile, user_id=user_id, now=now)

        return await self._together(work)

    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        """See ``UserStore``."""
        this = {"_id": identity_id(issuer, subject), "user_id": user_id}
        identities = self._connection.collection(IDENTITIES)

        async def work(transaction: AsyncClientSession) -> Identity | None:
            if not await self._locked(transaction, user_id):
                return None
            found = await identities.find_one(this, session=transaction)
            if found is None:
                return None
            if keep_a_way_in:
                await self._refuse_last_way_in(transaction, user_id)
            await identities.delete_one(this, session=transaction)
            return identity_from(found)

        return await self._together(work)

    async def _known(self, transaction: AsyncClientSession, profile: Profile, *, now: float) -> User | None:
        """The user of an identity, with what the profile says; None where it has none.

        An identity whose user was deleted by hand has none.
        """
        identities, users = self._connection.collection(IDENTITIES), self._connection.collection(USERS)
        this, used = {"_id": identity_id(profile.issuer, profile.subject)}, {"$set": {"last_used_at": now}}
        identity = await changed(identities, this, used, transaction=transaction)
        user = identity and await users.find_one({"_id": identity["user_id"]}, session=transaction)
        if not user:
            return None
        said = await self._honest(transaction, said_by(profile), user["_id"])
        if said.get("email_verified"):
            if not user["email_verified"] or said["email"] != user["email"]:  # else it is theirs already
                await self._take_address(transaction, said["email"], user["_id"])
        elif user["email_verified"]:  # what is proved gives way to nothing that is not
            said = {field: value for field, value in said.items() if not field.startswith("email")}
        news = {field: value for field, value in said.items() if user.get(field) != value}
        if news:
            user |= news
            await users.update_one({"_id": user["_id"]}, {"$set": news}, session=transaction)
        return user_from(user)

    async def _made(self, transaction: AsyncClientSession, profile: Profile, *, user_id: str, now: float) -> User:
        said = said_by(profile)
        if said.get("email_verified"):
            holder = await self._holder(transaction, said["email"], user_id)
            if holder is not None:
                raise AddressTaken(holder)
            await self._take_address(transaction, said["email"], user_id)
        user = user_document(User(id=user_id, created_at=now)) | said
        await self._put(transaction, profile, user_id=user_id, now=now)
        await self._connection.collection(USERS).insert_one(user, session=transaction)
        return user_from(user)

    async def _put(self, transaction: AsyncClientSession, profile: Profile, *, user_id: str, now: float) -> Identity:
        """Store an identity, in place of one whose user was deleted by hand."""
        key = {"_id": identity_id(profile.issuer, profile.subject)}
        new = {"user_id": user_id, "created_at": now, "last_used_at": now}
        await self._connection.collection(IDENTITIES).replace_one(key, new, upsert=True, session=transaction)
        return identity_from(key | new)
