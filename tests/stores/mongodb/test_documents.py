"""What is written into documents by hand, and what would be read as something else."""

import pytest

from handstamp.core.models import EndReason
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.mongodb.shape import CHALLENGES, IDENTITIES, SESSIONS, USERS, Database
from handstamp.testing import NOW, a_profile, a_session, a_user
from handstamp.testing.samples import LATER

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("mongodb")]


async def test_a_role_is_never_read_as_a_field(mongo_store: MongoStore) -> None:
    """A role may begin with a dollar sign."""
    await mongo_store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    odd = frozenset({"$email", "$$ROOT", "a.b", ""})
    user = await mongo_store.change_roles("ada", add=odd)
    assert user is not None
    assert user.roles == odd
    user = await mongo_store.change_roles("ada", remove=frozenset({"$email", "$$ROOT"}))
    assert user is not None
    assert user.roles == {"a.b", ""}


@pytest.mark.parametrize("handle", ["$ne", '{"$ne": null}', "$email_lower", ".*"])
async def test_a_handle_is_never_read_as_a_query(mongo_store: MongoStore, handle: str) -> None:
    """Operators in a text are text."""
    await mongo_store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    assert await mongo_store.find_users(handle) == ()


@pytest.mark.parametrize("end", [{"ended_at": "yesterday"}, {"ended_at": True}, {"expires_at": "soon"}])
async def test_a_time_that_is_no_number_is_long_ago(
    mongo_store: MongoStore, shell: Database, end: dict[str, object]
) -> None:
    """Whoever writes a date by hand ends the session, whatever its form."""
    session = a_session()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    await shell[SESSIONS].update_one({"_id": session.id}, {"$set": end})
    found = await mongo_store.load_session(session.id)
    assert found is not None
    assert found.ended_because(NOW) in {EndReason.UNKNOWN, EndReason.EXPIRED}


async def test_an_unknown_reason_is_unknown(mongo_store: MongoStore, shell: Database) -> None:
    """A reason that was written by hand need not be one of ours."""
    session = a_session()
    await mongo_store.start_session(session, replaces=None, now=NOW)
    by_hand = {"ended_at": NOW, "end_reason": "because"}
    await shell[SESSIONS].update_one({"_id": session.id}, {"$set": by_hand})
    found = await mongo_store.load_session(session.id)
    assert found is not None
    assert found.end_reason is EndReason.UNKNOWN


async def test_fields_that_were_removed_by_hand_are_empty(mongo_store: MongoStore, shell: Database) -> None:
    """A user without roles has none, and can be given some; one without ``disabled_at`` is not disabled."""
    await mongo_store.upsert_identity(a_profile(), user_id="ada", now=NOW)
    await shell[USERS].update_one({"_id": "ada"}, {"$unset": {"roles": 1, "disabled_at": 1}})
    user = await mongo_store.load_user("ada")
    assert user is not None
    assert (user.roles, user.disabled_at) == (frozenset(), None)
    user = await mongo_store.change_roles("ada", add=frozenset({"admin"}))
    assert user is not None
    assert user.roles == {"admin"}
    user = await mongo_store.disable_user("ada", now=LATER)
    assert user is not None
    assert user.disabled_at == LATER


async def test_an_identity_whose_user_was_deleted_by_hand_signs_up_again(
    mongo_store: MongoStore, shell: Database
) -> None:
    """It makes a new user, and is not left without one."""
    profile = a_profile()
    await mongo_store.upsert_identity(profile, user_id="ada", now=NOW)
    await shell[USERS].delete_one({"_id": "ada"})
    user, made = await mongo_store.upsert_identity(profile, user_id="grace", now=LATER)
    assert (user.id, made) == ("grace", True)
    (identity,) = await mongo_store.list_identities("grace")
    assert identity.created_at == LATER


async def test_an_identity_whose_user_was_deleted_by_hand_can_be_linked(
    mongo_store: MongoStore, shell: Database
) -> None:
    """It belongs to nobody."""
    profile = a_profile()
    await mongo_store.upsert_identity(profile, user_id="ada", now=NOW)
    await shell[USERS].delete_one({"_id": "ada"})
    await mongo_store.add_user(a_user(id="grace"))
    identity = await mongo_store.link_identity(profile, user_id="grace", now=LATER)
    assert identity is not None
    assert await mongo_store.list_identities("grace") == (identity,)


async def test_there_cannot_be_two_of_an_identity(mongo_store: MongoStore, shell: Database) -> None:
    """Not even where all indexes were dropped."""
    await shell[IDENTITIES].drop()
    profile = a_profile()
    await mongo_store.upsert_identity(profile, user_id="ada", now=NOW)
    user, made = await mongo_store.upsert_identity(profile, user_id="grace", now=NOW)
    assert (user.id, made) == ("ada", False)
    assert await shell[IDENTITIES].count_documents({}) == 1


async def test_the_server_is_told_when_to_remove(mongo_store: MongoStore, shell: Database) -> None:
    """Beside the exact time stands a date, which is what an index of expiry needs."""
    session = a_session(expires_at=LATER + 0.25)
    await mongo_store.start_session(session, replaces=None, now=NOW)
    await mongo_store.consume_challenge("one", expires_at=LATER, now=NOW)
    for collection in (SESSIONS, CHALLENGES):
        document = await shell[collection].find_one()
        assert document is not None
        assert (document["expires_on"].isoformat()[:16]) == "2027-01-15T09:00"
    document = await shell[SESSIONS].find_one()
    assert document is not None
    assert document["expires_at"] == LATER + 0.25
