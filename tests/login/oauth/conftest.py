"""The OpenID provider, once for all tests that need it; and an application with providers that believe a test."""

from collections.abc import AsyncGenerator, Generator

import httpx2
import pytest

from handstamp.login.oauth import client
from login.oauth.browsing import Browser, Endpoint, Provider
from parts.oidc import RunningProvider, running_provider
from web_world import World

CALLBACK = "http://localhost:8000/auth/callback/idp"


@pytest.fixture(scope="session")
def openid_provider(pytestconfig: pytest.Config) -> Generator[RunningProvider]:
    """Npm's oidc-provider; its packages and logs are kept in ``build/parts/oidc``."""
    with running_provider(pytestconfig.rootpath / "build" / "parts" / "oidc", CALLBACK) as provider:
        yield provider


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The provider's server."""
    endpoint = Endpoint()
    monkeypatch.setattr(client, "new_client", lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(endpoint)))
    return endpoint


@pytest.fixture
def provider() -> Provider:
    """The provider."""
    return Provider()


@pytest.fixture
async def world(endpoint: Endpoint, provider: Provider) -> AsyncGenerator[World, None]:
    """An application with two providers."""
    del endpoint
    world = World(methods=[provider, Provider("other")])
    await world.services()
    yield world
    await world.auth.close()


@pytest.fixture
async def http(world: World) -> AsyncGenerator[httpx2.AsyncClient, None]:
    """The way to it."""
    async with world.visitor() as visitor:
        yield visitor


@pytest.fixture
def browser(http: httpx2.AsyncClient) -> Browser:
    """Somebody's browser."""
    return Browser(http)
