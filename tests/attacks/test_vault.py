"""Fifty callers at once over each store, as two processes: one renewal of a token, one user of an address."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.backends import store_at
from handstamp.core.errors import AddressTaken, MustSignInAgain, StoreUnavailable
from handstamp.core.models import ProviderTokens
from handstamp.core.protocols import Store
from handstamp.login.oauth.method import OAuthMethod
from handstamp.testing import a_profile
from parts.mongo_emulator import RunningEmulator
from parts.postgresql import RunningPostgresql
from world import AdverseStore

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql")]

CALLERS = 50
ISSUER = "https://id.example"
T = TypeVar("T")


class Rotating(OAuthMethod):
    """A provider that gives a new refresh token each time, and withdraws all when one comes twice."""

    id = "idp"
    label = "Provider"
    issuer = ISSUER
    keeps_tokens = True
    renewed = 0

    async def refresh(self, tokens: ProviderTokens, *, now: float) -> ProviderTokens:
        """The next, if this is the last."""
        await asyncio.sleep(0.02)
        if tokens.refresh_token != f"refresh-{self.renewed}":
            raise MustSignInAgain("theft")
        self.renewed += 1
        return ProviderTokens(
            access_token=f"access-{self.renewed}", refresh_token=f"refresh-{self.renewed}", expires_at=now + 3600
        )


@asynccontextmanager
async def two_processes(url: str, way: Rotating) -> AsyncGenerator[list[Auth]]:
    """What two processes have for themselves, over one store; in memory they share the object."""
    shared = AdverseStore([0, 1, 2])
    stores: list[Store] = [shared, shared] if url == "memory://" else [store_at(url), store_at(url)]
    auths = [Auth(store, methods=[way], secret=SECRET) for store in stores]
    try:
        for auth in auths:
            await auth.open()
        yield auths
    finally:
        for auth in auths:
            await auth.close()


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Ask again where the store had no connection left: fifty are more than it has."""
    for _ in range(5):
        try:
            return await call()
        except StoreUnavailable:
            await asyncio.sleep(0.1)
    return await call()


async def attacked(url: str) -> None:
    """All of it, at one store."""
    way = Rotating()
    async with two_processes(url, way) as auths:
        accounts = [(await auth.open()).accounts for auth in auths]
        now = auths[0].clock()
        brought = ProviderTokens(access_token="access-0", refresh_token="refresh-0", expires_at=now)
        user = await accounts[0].sign_in(a_profile(tokens=brought), now=now)

        async def token(number: int) -> str:
            return await patiently(lambda: auths[number % 2].vault.token(user.id, "idp"))

        assert set(await asyncio.gather(*map(token, range(CALLERS)))) == {"access-1"}
        assert way.renewed == 1

        async def arrive(number: int) -> str:
            profile = a_profile(email="one@example.org")
            try:
                return (await patiently(lambda: accounts[number % 2].sign_in(profile, now=now))).id
            except AddressTaken as taken:
                return taken.user_id

        assert len(set(await asyncio.gather(*map(arrive, range(CALLERS))))) == 1
        assert len(await accounts[0].find("one@example.org")) == 1


async def test_in_memory() -> None:
    """The reference."""
    await attacked("memory://")


async def test_on_sqlite(tmp_path: Path) -> None:
    """Two connections to one file."""
    await attacked(f"sqlite:///{tmp_path / 'app.db'}")


async def test_on_postgresql(postgresql: RunningPostgresql) -> None:
    """Two pools."""
    with postgresql.database() as url:
        await attacked(url)


async def test_on_mongodb(emulator: RunningEmulator) -> None:
    """Two clients."""
    await attacked(emulator.new_url())
