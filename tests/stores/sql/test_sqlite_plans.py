"""No statement of the SQLite store walks through a whole table."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event

from handstamp.core.models import EndReason
from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.sqlite.reader import SESSION_BY_ID, USER_BY_ID
from handstamp.testing import NOW, a_profile, a_session, an_event

OWN_TABLES = ("sessions", "users", "user_roles", "identities", "challenges", "audit_events")

IN_THE_ORDER_OF_AN_INDEX = {
    "SCAN users": "list_users walks users in the order of their ids, and stops at its limit",
    "SCAN audit_events USING INDEX audit_events_by_time": "list_events, from the newest, and stops at its limit",
}


@pytest.fixture
def statements() -> Iterator[dict[str, Any]]:
    """Every statement that SQLAlchemy runs meanwhile, with parameters."""
    seen: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        seen[statement] = parameters[0] if isinstance(parameters, list) else parameters

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


async def use_every_verb(store: SqlStore) -> None:
    """Call each verb, so that each statement is run."""
    session, profile = a_session(user_id="ada"), a_profile()
    await store.start_session(session, replaces="other", now=NOW)
    await store.swap_generations(session.id, seen=session.generations, becomes=session.generations, now=NOW)
    await store.touch_sessions({session.id: NOW + 1})
    await store.list_sessions("ada", now=NOW)
    await store.end_session(session.id, reason=EndReason.ADMIN, now=NOW, user_id="ada")
    await store.end_sessions("ada", reason=EndReason.ADMIN, now=NOW, keep=session.id)
    await store.purge_sessions(now=NOW, limit=10)
    await store.upsert_identity(profile, user_id="ada", now=NOW)
    await store.upsert_identity(replace(profile, name="Countess"), user_id="ada", now=NOW)
    await store.find_users("ada@example.org")
    await store.list_users(after="a", limit=10)
    await store.list_users()
    await store.list_identities("ada")
    await store.change_roles("ada", add=frozenset("a"), remove=frozenset("b"))
    await store.disable_user("ada", now=NOW)
    await store.enable_user("ada")
    await store.delete_user("ada")
    await store.consume_challenge("one", expires_at=NOW + 1, now=NOW)
    await store.purge_challenges(now=NOW, limit=10)
    await store.record_event(an_event())
    await store.list_events()
    await store.list_events(user_id="ada")


async def test_every_statement_finds_its_rows_by_an_index(
    sqlite_store: SqlStore, shell: sqlite3.Connection, statements: dict[str, Any]
) -> None:
    """The plan of no statement scans a table, but where it walks an index and stops at a limit."""
    await use_every_verb(sqlite_store)
    statements |= {SESSION_BY_ID: ("one",), USER_BY_ID: ("ada",)}
    plans = {
        f"{step[3]} in {statement}"
        for statement, parameters in statements.items()
        if not statement.startswith(("BEGIN", "PRAGMA"))
        for step in shell.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    }
    assert len(plans) > len(OWN_TABLES)
    scans = {plan.partition(" in ")[0] for plan in plans if plan.startswith("SCAN")}
    assert {scan for scan in scans if scan.split()[1] in OWN_TABLES} <= IN_THE_ORDER_OF_AN_INDEX.keys()
    walks = [plan for plan in plans if plan.startswith("SCAN users")]
    assert all("LIMIT" in walk and "ORDER BY users.id" in walk for walk in walks)
