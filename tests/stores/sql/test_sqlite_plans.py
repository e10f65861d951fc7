"""No statement of the SQLite store walks through a whole table."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.sqlite.reader import SESSION_BY_ID, USER_BY_ID
from store_verbs import use_every_verb

OWN_TABLES = (
    "sessions",
    "users",
    "user_roles",
    "identities",
    "credentials",
    "challenges",
    "attempts",
    "leases",
    "mails",
    "audit_events",
)

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
