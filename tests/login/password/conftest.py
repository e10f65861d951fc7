"""What the tests of passwords over HTTP share."""

from collections.abc import AsyncIterator

import pytest

from login.password.house import Guest, House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """An application."""
    house = House()
    await house.services()
    yield house
    await house.auth.close()


@pytest.fixture
def guest(house: House) -> Guest:
    """A browser."""
    return Guest(house)
