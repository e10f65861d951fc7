"""What each operation asks of its stores is what ``docs/costs.md`` says, to the number."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from costs import PAGE, TABLE, Operation, Place, expected, formula, page_as_it_should_be
from costs_world import Shop, shop
from handstamp.stores.mongodb import MongoStore
from handstamp.stores.redis import RedisStore
from handstamp.stores.sql import SqlStore
from parts.mongo_emulator import running_emulator
from parts.postgresql import running_postgresql
from parts.redis_server import running
from parts.taps import MongodbTap, PostgresqlTap, RedisTap, SqliteTap, Tap

pytestmark = [pytest.mark.network]

MANY = (1, 10, 100)


async def counted(taps: Sequence[Tap], *stores: Any) -> list[dict[str, str]]:
    """What each operation asks, for each tap."""
    async with shop(*stores) as built:
        found = {name: await _counted(built, taps, operation) for name, operation in TABLE.items()}
    return [{name: formulas[number] for name, formulas in found.items()} for number in range(len(taps))]


async def _counted(built: Shop, taps: Sequence[Tap], operation: Operation) -> list[str]:
    counts: list[dict[int, int]] = [{} for _ in taps]
    await (await operation.prepare(built, 1))()  # whatever is made once is made before
    for n in MANY if operation.of_many else MANY[:1]:
        act = await operation.prepare(built, n)
        for tap in taps:
            tap.drain()
        await act()
        for tap, count in zip(taps, counts, strict=True):
            count[n] = len(tap.drain())
    return [formula(count) for count in counts]


async def test_what_is_asked_of_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements, BEGIN and COMMIT among them."""
    (found,) = await counted([SqliteTap(monkeypatch)], SqlStore(f"sqlite:///{tmp_path}/app.db"))
    assert found == expected(Place.SQLITE)


@pytest.mark.xdist_group("postgresql")
async def test_what_is_asked_of_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Round trips, those of BEGIN and COMMIT among them."""
    tap = PostgresqlTap(monkeypatch, tmp_path)
    with running_postgresql() as server, server.database() as url:
        (found,) = await counted([tap], SqlStore(url))
    tap.close()
    assert found == expected(Place.POSTGRESQL)


@pytest.mark.xdist_group("redis")
async def test_what_is_asked_of_valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, each one way there and back; and what is left for the database of users."""
    users, sqlite = SqlStore(f"sqlite:///{tmp_path}/users.db"), SqliteTap(monkeypatch)
    with running("valkey-server", tmp_path) as server, server.shell() as shell:
        valkey = RedisTap(shell)
        found, beside = await counted([valkey, sqlite], users, RedisStore(server.url))
        valkey.close()
    assert (found, beside) == (expected(Place.VALKEY), expected(Place.BESIDE))


async def test_what_is_asked_of_mongodb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, each one way there and back, as the driver sends them to the emulator."""
    tap = MongodbTap(monkeypatch)
    with running_emulator(tmp_path) as server:
        (found,) = await counted([tap], MongoStore(server.new_url()))
    assert found == expected(Place.MONGODB)


@pytest.mark.parametrize(
    ("counts", "said"), [({1: 3}, "3"), ({1: 3, 10: 3}, "3"), ({1: 3, 10: 12}, "2 + n"), ({1: 5, 10: 32}, "2 + 3n")]
)
def test_growth_is_told(counts: dict[int, int], said: str) -> None:
    """A count that grows with the number of sessions cannot be written as one that does not."""
    assert formula(counts) == said


def test_the_table_on_the_page_is_the_one_that_is_tested() -> None:
    """After a change: ``python tests/costs.py``."""
    assert PAGE.read_text(encoding="utf-8") == page_as_it_should_be()
