"""No statement of the PostgreSQL store walks through a whole table."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from handstamp.stores.sql import SqlStore
from handstamp.stores.sql.postgresql.reader import SESSION_BY_ID, USER_BY_ID
from store_verbs import use_every_verb

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]


FEWEST = 20
"""Statements that the verbs have, so that none of them is looked at in vain."""


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
    postgresql_store: SqlStore, psql: "psycopg.Connection[tuple[object, ...]]", statements: dict[str, Any]
) -> None:
    """Where the server may choose any plan but a scan, there is one for each statement."""
    await use_every_verb(postgresql_store)
    ours = {
        statement: values
        for statement, values in statements.items()
        if "pg_" not in statement and not statement.startswith("SET ")
    }
    ours |= {SESSION_BY_ID: ("one",), USER_BY_ID: ("ada",)}
    psql.execute("SET enable_seqscan = off")
    scans = [
        f"{step} in {statement}"
        for statement, values in ours.items()
        for (step,) in psql.execute(f"EXPLAIN {statement}".encode(), values).fetchall()
        if "Seq Scan" in str(step)
    ]
    assert len(ours) > FEWEST
    assert scans == []


async def test_a_list_never_walks_through_all_that_expires(
    postgresql_store: SqlStore, psql: "psycopg.Connection[tuple[object, ...]]", statements: dict[str, Any]
) -> None:
    """Before the first ANALYZE of a large table the planner would take that index; it is of no use to a list."""
    await postgresql_store.list_sessions("ada", now=1.0)
    (listing,) = [statement for statement in statements if "ORDER BY sessions.last_used_at" in statement]
    psql.execute("DROP INDEX sessions_by_user")  # now nothing is left but that one, or a scan
    psql.execute("SET enable_seqscan = off")
    plan = psql.execute(f"EXPLAIN {listing}".encode(), statements[listing]).fetchall()
    assert "sessions_by_expiry" not in str(plan)
