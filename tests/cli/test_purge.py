"""Removing what has expired, at once."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from command_line import System, run
from handstamp.core.policy import DAY, HOUR
from handstamp.core.protocols import SessionBackend
from handstamp.services.upkeep import LEASE, NAME
from handstamp.stores.sql import SqlStore
from handstamp.testing import a_session

LONG_AGO = time.time() - 90 * DAY  # noqa: TID251  the command looks at the clock too


async def fill(store: SessionBackend) -> None:
    """Two sessions and one of each other kind that have expired, and a session that has not."""
    for _ in range(2):
        await store.start_session(a_session(expires_at=LONG_AGO + DAY), replaces=None, now=LONG_AGO)
    await store.start_session(a_session(expires_at=LONG_AGO + 180 * DAY), replaces=None, now=LONG_AGO)
    await store.consume_challenge("used", expires_at=LONG_AGO + HOUR, now=LONG_AGO)
    await store.count_attempt("key", burst=3, every=HOUR, now=LONG_AGO)


def at(system: System, work: Callable[[SessionBackend], Awaitable[object]], file: str = "handstamp.db") -> None:
    """Do something with the database, as another process does, which sweeps nothing."""

    async def opened() -> None:
        store = SqlStore(f"sqlite:///{system.data / file}")
        await store.open()
        await work(store)
        await store.close()

    asyncio.run(opened())


def test_what_has_expired_is_removed(system: System) -> None:
    """It says how much of each kind; the second time there is nothing."""
    at(system, fill)
    purged = run("purge", "--data", system.data)
    assert purged.exit_code == 0
    assert purged.stdout.splitlines() == [
        "Expired sessions that were removed: 2",
        "Used-up sign-ins that were forgotten: 1",
        "Counts of attempts that were forgotten: 1",
    ]
    assert purged.stderr == ""
    again = run("purge", "--json", "--data", system.data)
    assert json.loads(again.stdout) == {"sessions": 0, "challenges": 0, "attempts": 0, "finished": True}


def test_a_script_gets_json(system: System) -> None:
    """One document, whose names are those of the fields."""
    at(system, fill)
    purged = run("purge", "--json", "--data", system.data)
    assert purged.exit_code == 0
    assert json.loads(purged.stdout) == {"sessions": 2, "challenges": 1, "attempts": 1, "finished": True}


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_another_process_that_is_at_it_is_left_alone(system: System, words: tuple[str, ...]) -> None:
    """Exit code 1, and what to do; nothing was removed, and the other one keeps its lease."""
    at(system, fill)
    now = time.time()  # noqa: TID251  the command looks at the clock too
    at(system, lambda store: store.take_lease(NAME, holder="another", until=now + LEASE, now=now))
    first, second = (run("purge", *words, "--data", system.data) for _ in range(2))
    assert (first.exit_code, first.stdout, first.stderr) == (second.exit_code, second.stdout, second.stderr)
    assert first.exit_code == 1
    assert first.stderr.startswith("Error: another process is removing what has expired: ")
    assert "try again in two minutes" in first.stderr
    if words:
        assert json.loads(first.stdout) == {"sessions": 0, "challenges": 0, "attempts": 0, "finished": False}


def test_a_process_that_was_killed_is_not_waited_for(system: System) -> None:
    """Its lease is over."""
    at(system, fill)
    at(system, lambda store: store.take_lease(NAME, holder="killed", until=LONG_AGO + LEASE, now=LONG_AGO))
    assert run("purge", "--data", system.data).exit_code == 0


def test_sessions_in_another_store_are_removed_there(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each store is swept of what it keeps."""
    monkeypatch.setenv("HANDSTAMP_SESSIONS", f"sqlite:///{system.data / 'sessions.db'}")
    assert run("migrate", "--data", system.data).exit_code == 0
    at(system, fill)
    at(system, fill, "sessions.db")
    purged = run("purge", "--json", "--data", system.data)
    assert json.loads(purged.stdout) == {"sessions": 4, "challenges": 2, "attempts": 2, "finished": True}


def test_a_database_that_is_missing_is_exit_code_4(tmp_path: Path) -> None:
    """With what to do."""
    refused = run("purge", "--data", tmp_path)
    assert refused.exit_code == 4
    assert "handstamp migrate" in refused.stderr
