"""Identities that go while somebody signs in by them, or whose user went unseen."""

import asyncio
import sqlite3

import psycopg
import pytest

from handstamp.stores.sql import SqlStore
from handstamp.testing import NOW, a_profile, a_user
from handstamp.testing.samples import LATER

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def test_an_identity_whose_user_was_deleted_by_hand_can_be_linked(
    sqlite_store: SqlStore, shell: sqlite3.Connection
) -> None:
    """A shell enforces no foreign key, so that the identity is left; it belongs to nobody."""
    profile = a_profile()
    await sqlite_store.upsert_identity(profile, user_id="ada", now=NOW)
    shell.execute("DELETE FROM users")
    await sqlite_store.add_user(a_user(id="grace"))
    identity = await sqlite_store.link_identity(profile, user_id="grace", now=LATER)
    assert identity is not None
    assert await sqlite_store.list_identities("grace") == (identity,)


@pytest.mark.network
@pytest.mark.xdist_group("postgresql")
async def test_an_identity_that_is_unlinked_lets_nobody_in_who_was_waiting(
    postgresql_store: SqlStore, psql: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    """A sign-in that began before finds, when it is its turn, that the identity is not that user's any more."""
    profile = a_profile(email=None)
    await postgresql_store.upsert_identity(profile, user_id="ada", now=NOW)
    with psql.transaction():
        psql.execute("SELECT id FROM users FOR UPDATE")
        signing_in = asyncio.ensure_future(postgresql_store.upsert_identity(profile, user_id="grace", now=LATER))
        while psql.execute(WAITING).fetchone() == (0,):  # noqa: ASYNC110  it is the server that waits
            await asyncio.sleep(0.01)
        psql.execute("DELETE FROM identities")
    user, made = await signing_in
    assert (user.id, made) == ("grace", True)


@pytest.mark.network
@pytest.mark.xdist_group("postgresql")
async def test_who_made_the_identity_meanwhile_has_not_taken_the_address(
    postgresql_store: SqlStore, psql: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    """A sign-in that waits beside another of the same identity finds the user of that, and not its address taken."""
    profile = a_profile()
    await postgresql_store.add_user(a_user(id="squatter", email=profile.email))
    with psql.transaction():
        psql.execute("SELECT id FROM users FOR UPDATE")
        signing_in = asyncio.ensure_future(postgresql_store.upsert_identity(profile, user_id="grace", now=LATER))
        while psql.execute(WAITING).fetchone() == (0,):  # noqa: ASYNC110  it is the server that waits
            await asyncio.sleep(0.01)
        psql.execute("UPDATE users SET email = NULL")
        psql.execute(
            "INSERT INTO users (id, created_at, email, email_verified) VALUES ('ada', 0, %s, true)", [profile.email]
        )
        psql.execute(
            "INSERT INTO identities (issuer, subject, user_id, created_at, last_used_at)"
            " VALUES (%s, %s, 'ada', 0, 0)",
            [profile.issuer, profile.subject],
        )
    user, made = await signing_in
    assert (user.id, made) == ("ada", False)
