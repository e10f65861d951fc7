"""An application with one-time codes, and people who use it."""

from collections.abc import AsyncGenerator

import pytest

from login.totp.house import Browser, House


@pytest.fixture
async def house() -> AsyncGenerator[House, None]:
    """The application."""
    house = House()
    yield house
    await house.auth.close()


@pytest.fixture
async def ada(house: House) -> AsyncGenerator[Browser, None]:
    """A browser."""
    async with Browser(house) as browser:
        yield browser


@pytest.fixture
async def mallory(house: House) -> AsyncGenerator[Browser, None]:
    """Another one, of somebody else."""
    async with Browser(house) as browser:
        yield browser
