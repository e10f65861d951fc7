"""An application with handstamp in it, and a visitor."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from web_world import World


@pytest.fixture
async def world() -> AsyncGenerator[World, None]:
    """An application on Starlette."""
    world = World()
    yield world
    await world.auth.close()


@pytest.fixture
async def visitor(world: World) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """Somebody who asks it."""
    async with world.visitor() as client:
        yield client
