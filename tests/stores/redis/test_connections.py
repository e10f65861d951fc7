"""Connections that callers share."""

import asyncio

import pytest

from handstamp.stores.redis.connections import Connections


class SlowConnection:
    """Answers each command after some turns of the event loop."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.connected = False

    async def connect(self) -> None:
        """Be connected."""
        self.connected = True

    async def can_read(self) -> bool:
        """Nothing waits."""
        return False

    async def send_command(self, *words: str) -> None:
        """Take some turns."""
        await asyncio.sleep(0)

    async def read_response(self) -> str:
        """Take some more."""
        for _ in range(3):
            await asyncio.sleep(0)
        return "answer"

    async def disconnect(self, *, nowait: bool = False) -> None:
        """Be gone."""
        self.connected = False


@pytest.fixture
def connection() -> type[SlowConnection]:
    """A kind of its own, that counts for itself."""

    class Counted(SlowConnection):
        made = 0

    return Counted


async def test_no_more_are_made_than_may_be(connection: type[SlowConnection]) -> None:
    """The next caller waits."""
    connections = Connections(connection, 2)
    assert await asyncio.gather(*(connections.ask("GET") for _ in range(10))) == ["answer"] * 10
    assert connection.made == 2


@pytest.mark.parametrize("turns", range(6))
async def test_a_caller_who_goes_away_takes_no_place_along(connection: type[SlowConnection], turns: int) -> None:
    """Whenever that is: others are answered after any number of them."""
    connections = Connections(connection, 1)
    for _ in range(3):
        calls = [asyncio.ensure_future(connections.ask("GET")) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await connections.ask("GET") == "answer"


async def test_one_that_is_in_use_at_the_close_is_closed_when_it_comes_back(
    connection: type[SlowConnection],
) -> None:
    """The caller is answered still."""
    made: list[SlowConnection] = []

    def make() -> SlowConnection:
        made.append(connection())
        return made[-1]

    connections = Connections(make, 1)
    call = asyncio.ensure_future(connections.ask("GET"))
    await asyncio.sleep(0)
    await connections.close()
    assert made[0].connected
    assert await call == "answer"
    assert not made[0].connected
