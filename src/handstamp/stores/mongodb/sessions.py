"""Sessions in MongoDB."""

from collections.abc import Mapping
from typing import Final

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from handstamp.core.models import EndReason, Generations, Session
from handstamp.stores.mongodb.documents import generation_fields, session_document, session_from
from handstamp.stores.mongodb.part import Part, changed
from handstamp.stores.mongodb.shape import SESSIONS, Document

_LIVE: Final = {"ended_at": None}


class MongoSessions(Part):
    """Keeps ``SessionStore``."""

    async def start_session(self, session: Session, *, replaces: str | None, now: float) -> Session | None:
        """See ``SessionStore``."""
        try:
            return await self._start(session_document(session), replaces=replaces, now=now)
        except DuplicateKeyError as error:
            raise ValueError("there is a session with this id") from error

    async def load_session(self, session_id: str) -> Session | None:
        """See ``SessionStore``."""
        found = await self._one(SESSIONS, session_id)
        return None if found is None else session_from(found)

    async def swap_generations(self, session_id: str, *, seen: Generations, becomes: Generations, now: float) -> bool:
        """See ``SessionStore``."""
        del now  # the generations carry their times
        which = {
            "_id": session_id,
            "generation": seen.issued,
            "confirmed_generation": seen.confirmed,
            **_LIVE,
        }
        return await self._changed(SESSIONS, which, {"$set": generation_fields(becomes)}) is not None

    async def touch_sessions(self, uses: Mapping[str, float]) -> None:
        """See ``SessionStore``. Each session is moved by itself: a call that is cut short can be repeated."""
        touches = [_touch(session_id, at) for session_id, at in uses.items()]
        if touches:
            sessions = self._connection.collection(SESSIONS)
            await self._connection.answer(sessions.bulk_write(touches, ordered=False))

    async def end_session(
        self, session_id: str, *, reason: EndReason, now: float, user_id: str | None = None
    ) -> Session | None:
        """See ``SessionStore``."""
        which = {"_id": session_id, **_LIVE, **({} if user_id is None else {"user_id": user_id})}
        ended = await self._changed(SESSIONS, which, _ending(reason, now))
        return None if ended is None else session_from(ended)

    async def end_sessions(
        self, user_id: str, *, reason: EndReason, now: float, keep: str | None = None
    ) -> tuple[str, ...]:
        """See ``SessionStore``."""
        sessions = self._connection.collection(SESSIONS)

        async def work(transaction: AsyncClientSession) -> tuple[str, ...]:
            # What changes between these two steps makes the second one fail, and both run again.
            found = sessions.find({"user_id": user_id, **_LIVE}, {"_id": 1}, session=transaction)
            ids = [document["_id"] async for document in found if document["_id"] != keep]
            if ids:
                await sessions.update_many({"_id": {"$in": ids}}, _ending(reason, now), session=transaction)
            return tuple(ids)

        return await self._connection.transaction(work)

    async def list_sessions(self, user_id: str, *, now: float) -> tuple[Session, ...]:
        """See ``SessionStore``."""
        found = self._connection.collection(SESSIONS).find({"user_id": user_id, **_LIVE})
        theirs = [session_from(document) for document in await self._connection.answer(found.to_list())]
        live = (session for session in theirs if session.ended_because(now) is None)
        return tuple(sorted(live, key=lambda session: (-session.last_used_at, session.id)))

    async def purge_sessions(self, *, now: float, limit: int) -> int:
        """See ``SessionStore``."""
        return await self._purge(SESSIONS, now=now, limit=limit)

    async def _start(self, document: Document, *, replaces: str | None, now: float) -> Session | None:
        sessions = self._connection.collection(SESSIONS)
        if replaces is None:
            await self._connection.answer(sessions.insert_one(document))
            return None

        async def work(transaction: AsyncClientSession) -> Document | None:
            await sessions.insert_one(document, session=transaction)
            old = {"_id": replaces, **_LIVE}
            return await changed(sessions, old, _ending(EndReason.REPLACED, now), transaction=transaction)

        replaced = await self._connection.transaction(work)
        return None if replaced is None else session_from(replaced)


def _ending(reason: EndReason, now: float) -> Document:
    return {"$set": {"ended_at": now, "end_reason": reason.value}}


def _touch(session_id: str, at: float) -> UpdateOne:
    """Changes ``last_used_at`` and nothing else: by this the feed knows that there is nothing to tell."""
    idle_at = {"$add": ["$last_used_at", "$idle_timeout"]}
    which = {"_id": session_id, "last_used_at": {"$lt": at}, "$expr": {"$gt": [idle_at, at]}, **_LIVE}
    return UpdateOne(which, {"$max": {"last_used_at": at}})
