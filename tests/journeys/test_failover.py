"""Another server takes over: PostgreSQL's primary is gone, and its standby is promoted."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

import psycopg
import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import SessionEnded, StoreUnavailable
from handstamp.core.models import EndReason, Profile
from handstamp.services.sessions import Issued
from handstamp.web.host import Services
from parts.postgresql import RunningPostgresql, running_postgresql
from parts.postgresql_standby import Standby, standby_of

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("postgresql-failover")]

PATIENCE = 30.0


@pytest.fixture
def primary() -> Iterator[RunningPostgresql]:
    """A server with a database for the application."""
    with running_postgresql() as running:
        with psycopg.connect(running.url(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE app")
        yield running


@pytest.fixture
def standby(primary: RunningPostgresql) -> Iterator[Standby]:
    """Receives what the primary writes."""
    with standby_of(primary, follows=True) as follower:
        yield follower


@pytest.fixture
async def auth(primary: RunningPostgresql, standby: Standby) -> AsyncIterator[Auth]:
    """An application that knows both servers."""
    hosts = quote(f"{primary._folder},{standby.socket_folder}", safe="")
    auth = Auth(f"postgresql://postgres@/app?host={hosts}", secret=(SECRET,))
    await auth.open()
    yield auth
    await auth.close()


async def sign_in(services: Services, auth: Auth, name: str) -> Issued:
    """A session of a user of that name."""
    now = auth.clock()
    user = await services.accounts.sign_in(Profile(issuer="https://provider.example", subject=name), now=now)
    return await services.sessions.start(user, amr=(), now=now)


async def remembered(services: Services, auth: Auth, token: bytes) -> None:
    """Ask until the answer comes from memory, however often the store cannot be asked."""
    async with asyncio.timeout(PATIENCE):
        while services.check.find(token, auth.clock()) is None:
            try:
                await services.check.authenticate(token, now=auth.clock())
            except StoreUnavailable:
                await asyncio.sleep(0.05)


async def test_the_server_that_took_over_is_found_by_itself(
    auth: Auth, primary: RunningPostgresql, standby: Standby
) -> None:
    """Whoever was signed in is let in, whoever was not is not, and what is ended from then on is out."""
    services = await auth.open()
    stays, left = [await sign_in(services, auth, name) for name in ("ada", "grace")]
    await remembered(services, auth, stays.token.encode())
    await services.sessions.end(left.session.id, reason=EndReason.SIGNED_OUT, now=auth.clock())
    async with asyncio.timeout(PATIENCE):
        while not standby.has_all():  # noqa: ASYNC110  a server is looked at
            await asyncio.sleep(0.02)

    primary.kill()
    with pytest.raises(StoreUnavailable):
        await services.check.authenticate(left.token.encode(), now=auth.clock())
    standby.promote()

    await remembered(services, auth, stays.token.encode())
    with pytest.raises(SessionEnded):
        await services.check.authenticate(left.token.encode(), now=auth.clock())
    assert await services.sessions.end(stays.session.id, reason=EndReason.ADMIN, now=auth.clock())
    assert services.check.find(stays.token.encode(), auth.clock()) is None
    await remembered(services, auth, (await sign_in(services, auth, "linus")).token.encode())
