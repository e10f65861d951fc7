"""Collections and indexes, and the check that a database has those of this version.

All names begin with ``handstamp.``, for the database may be the application's own: in ``mongosh`` they read
``db.handstamp.sessions``. Every query of this folder has its index here or goes by ``_id``.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, OperationFailure

from handstamp.core.errors import ConfigurationError

Document = dict[str, Any]
Database = AsyncDatabase[Document]

SESSIONS: Final = "handstamp.sessions"
USERS: Final = "handstamp.users"
IDENTITIES: Final = "handstamp.identities"
CREDENTIALS: Final = "handstamp.credentials"
CHALLENGES: Final = "handstamp.challenges"
ATTEMPTS: Final = "handstamp.attempts"
LEASES: Final = "handstamp.leases"
AUDIT_EVENTS: Final = "handstamp.audit_events"
MAILS: Final = "handstamp.mails"
HEARTBEATS: Final = "handstamp.heartbeats"
VERSION: Final = "handstamp.version"

SHAPE: Final = 3
"""The version of the shape that this version of handstamp needs."""

REMOVED_AFTER: Final = 3600
"""Seconds after which the server itself removes what has expired, where no application does. Not 0: the server's
clock may be ahead of ours, and a challenge that is forgotten too early could be used twice."""

_REMOVED: Final = IndexModel([("expires_on", ASCENDING)], name="removed", expireAfterSeconds=REMOVED_AFTER)
_BY_EXPIRY: Final = IndexModel([("expires_at", ASCENDING)], name="by_expiry")

INDEXES: Final[Mapping[str, list[IndexModel]]] = {
    SESSIONS: [
        IndexModel([("user_id", ASCENDING), ("ended_at", ASCENDING)], name="by_user"),  # end_sessions, list_sessions
        _BY_EXPIRY,  # purge_sessions
        _REMOVED,
    ],
    USERS: [
        IndexModel([("email_lower", ASCENDING)], name="by_email"),  # find_users
        IndexModel([("username_lower", ASCENDING)], name="by_username"),  # find_users
        IndexModel(  # a verified address is one user's
            [("email_lower", ASCENDING), ("email_verified", ASCENDING)],
            name="by_verified_email",
            unique=True,
            partialFilterExpression={"email_verified": True},
        ),
    ],
    IDENTITIES: [IndexModel([("user_id", ASCENDING)], name="by_user")],  # list_identities, delete_user
    CREDENTIALS: [
        IndexModel([("user_id", ASCENDING), ("kind", ASCENDING)], name="by_user"),  # list_credentials, delete_user
        IndexModel([("found_by", ASCENDING)], name="by_lookup", unique=True),  # find_credential
    ],
    CHALLENGES: [_BY_EXPIRY, _REMOVED],  # purge_challenges
    ATTEMPTS: [_BY_EXPIRY, _REMOVED],  # purge_attempts
    AUDIT_EVENTS: [
        IndexModel([("at", DESCENDING), ("_id", DESCENDING)], name="by_time"),  # list_events
        IndexModel([("user_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)], name="by_user"),  # of a user
    ],
    MAILS: [
        IndexModel([("due_at", ASCENDING), ("_id", ASCENDING)], name="by_due"),  # take_mails
        _BY_EXPIRY,  # purge_mails
        _REMOVED,
    ],
    HEARTBEATS: [IndexModel([("at", ASCENDING)], name="removed", expireAfterSeconds=REMOVED_AFTER)],
}
"""What is unique is an ``_id``, identities too, but for two things that hang on an index: that a verified address is
one user's, and that a lookup finds one credential. A store is not opened where one of them is missing."""

_log = logging.getLogger("handstamp.stores.mongodb")

_COMPARED: Final = ("unique", "sparse", "expireAfterSeconds", "partialFilterExpression", "collation")
_CONFLICTS: Final = frozenset({85, 86})  # IndexOptionsConflict, IndexKeySpecsConflict


async def build(database: Database) -> None:
    """Bring a database of any earlier version to the shape of this one.

    Raises:
        ConfigurationError: The database belongs to a newer version, or has another index under a name of ours.
    """
    await _version(database)
    try:
        await _create_indexes(database)
    except DuplicateKeyError:
        await _unverify_the_younger(database)
        await _create_indexes(database)
    await database[VERSION].update_one({"_id": "shape"}, {"$max": {"version": SHAPE}}, upsert=True)


async def _create_indexes(database: Database) -> None:
    for collection, indexes in INDEXES.items():
        try:
            await database[collection].create_indexes(indexes)
        except OperationFailure as error:
            if error.code not in _CONFLICTS:
                raise
            raise ConfigurationError(
                f"an index of the collection {collection} is not the one of this version:"
                " drop it, then run `handstamp migrate`"
            ) from error


async def _unverify_the_younger(database: Database) -> None:
    """Leave an address verified for the oldest user who has it so; for all others it is what somebody claims."""
    users = database[USERS]
    fields = ("email_lower", "created_at", "_id")
    verified = users.find({"email_verified": True}, fields, allow_disk_use=True)
    address: object = None
    younger = 0
    async for user in verified.sort([(field, ASCENDING) for field in fields]):
        if user["email_lower"] == address:
            younger += (
                await users.update_one({"_id": user["_id"]}, {"$set": {"email_verified": False}})
            ).modified_count
        address = user["email_lower"]
    _log.warning(
        "%d users had an e-mail address verified that an older user has verified too: theirs is unverified now",
        younger,
    )


async def check(database: Database) -> None:
    """See that the shape is that of this version.

    Raises:
        ConfigurationError: It is not; the message says what to do.
    """
    if await _version(database) < SHAPE:
        raise ConfigurationError("the database is not set up for this version: run `handstamp migrate`")
    for collection, indexes in INDEXES.items():
        there = await database[collection].index_information()
        for index in indexes:
            wanted = index.document
            if not _is(there.get(wanted["name"]), wanted):
                raise ConfigurationError(
                    f"the collection {collection} lacks the index {wanted['name']}: run `handstamp migrate`"
                )


async def _version(database: Database) -> int:
    """The version of the shape that the database has; 0 where it has none.

    Raises:
        ConfigurationError: It is a newer one than we know.
    """
    found = await database[VERSION].find_one({"_id": "shape"})
    version = 0 if found is None else int(found["version"])
    if version > SHAPE:
        raise ConfigurationError("the database belongs to a newer version of handstamp: install that one")
    return version


def _is(there: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    if there is None or list(there["key"]) != list(wanted["key"].items()):
        return False
    return all(there.get(option) == wanted.get(option) for option in _COMPARED)
