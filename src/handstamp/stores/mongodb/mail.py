"""Mails that wait, in MongoDB."""

from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from handstamp.core.mail import QueuedMail
from handstamp.stores.mongodb.documents import expiry
from handstamp.stores.mongodb.part import Part
from handstamp.stores.mongodb.shape import MAILS, Document


class MongoMail(Part):
    """Keeps ``MailStore``. The server itself removes one an hour after it expired."""

    async def queue_mail(self, mail: QueuedMail) -> None:
        """See ``MailStore``."""
        document = {
            "_id": mail.id,
            "sealed": mail.sealed,
            "created_at": mail.created_at,
            "due_at": mail.due_at,
            **expiry(mail.expires_at),
            "attempts": mail.attempts,
        }
        try:
            await self._connection.answer(self._connection.collection(MAILS).insert_one(document))
        except DuplicateKeyError as error:
            raise ValueError("there is a mail with this id") from error

    async def take_mails(self, *, now: float, until: float, limit: int) -> tuple[QueuedMail, ...]:
        """See ``MailStore``. Each is taken by an operation of its own."""
        mails = self._connection.collection(MAILS)
        due = {"due_at": {"$lte": now}, "expires_at": {"$gt": now}}
        change = {"$set": {"due_at": until}, "$inc": {"attempts": 1}}

        async def work() -> tuple[QueuedMail, ...]:
            taken: list[QueuedMail] = []
            while len(taken) < limit:
                found: Document | None = await mails.find_one_and_update(
                    due,
                    change,
                    sort=[("due_at", ASCENDING), ("_id", ASCENDING)],
                    return_document=ReturnDocument.AFTER,
                )
                if found is None:
                    break
                taken.append(_mail_from(found))
            return tuple(taken)

        return await self._connection.answer(work())

    async def put_off_mail(self, mail_id: str, *, due_at: float) -> bool:
        """See ``MailStore``."""
        return await self._changed(MAILS, {"_id": mail_id}, {"$set": {"due_at": due_at}}) is not None

    async def drop_mail(self, mail_id: str) -> bool:
        """See ``MailStore``."""
        gone = await self._connection.answer(self._connection.collection(MAILS).delete_one({"_id": mail_id}))
        return gone.deleted_count == 1

    async def purge_mails(self, *, now: float, limit: int) -> int:
        """See ``MailStore``."""
        return await self._purge(MAILS, now=now, limit=limit)


def _mail_from(document: Document) -> QueuedMail:
    return QueuedMail(
        id=document["_id"],
        sealed=document["sealed"],
        created_at=document["created_at"],
        due_at=document["due_at"],
        expires_at=document["expires_at"],
        attempts=document["attempts"],
    )
