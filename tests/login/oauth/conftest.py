"""The OpenID provider, once for all tests that need it."""

from collections.abc import Generator

import pytest

from parts.oidc import RunningProvider, running_provider

CALLBACK = "http://localhost:8000/auth/callback/idp"


@pytest.fixture(scope="session")
def openid_provider(pytestconfig: pytest.Config) -> Generator[RunningProvider]:
    """Npm's oidc-provider; its packages and logs are kept in ``build/parts/oidc``."""
    with running_provider(pytestconfig.rootpath / "build" / "parts" / "oidc", CALLBACK) as provider:
        yield provider
