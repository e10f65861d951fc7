"""Users in SQLite, sessions in Valkey: two processes with warm caches, and what reaches them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.core.errors import SessionEnded, StoreUnavailable
from handstamp.core.lease import LEASE
from handstamp.core.models import EndReason, Profile
from handstamp.services.sessions import Issued
from handstamp.testing import NOW
from parts.redis_server import RedisServer, running

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]

PATIENCE = 10.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Valkey of the test's own."""
    with running("valkey-server", tmp_path) as server:
        yield server


@dataclass(frozen=True)
class Fleet:
    """Two processes, and a session that both have in memory."""

    one: Auth
    other: Auth
    issued: Issued

    @property
    def token(self) -> bytes:
        """As a browser sends it."""
        return self.issued.token.encode()

    def remembered(self) -> bool:
        """Whether the other process answers from memory."""
        assert self.other.services is not None
        return self.other.services.check.find(self.token, NOW) is not None

    async def is_asked(self) -> None:
        """A request at the other process that memory does not answer."""
        services = await self.other.open()
        await services.check.authenticate(self.token, now=NOW)

    async def warmed(self) -> None:
        """Ask until the answer is kept."""
        await until(self.remembered, self.is_asked)

    async def refused(self) -> EndReason:
        """Why the other process refuses the session, once it does not answer from memory."""
        await until(lambda: not self.remembered())
        with pytest.raises(SessionEnded) as caught:
            await self.is_asked()
        return caught.value.reason


async def a_moment() -> None:
    """Let others go on."""
    await asyncio.sleep(0.001)


async def until(reached: Callable[[], bool], step: Callable[[], Awaitable[None]] = a_moment) -> None:
    """Wait, taking a step each time."""
    async with asyncio.timeout(PATIENCE):
        while not reached():
            await step()
            await a_moment()


@pytest.fixture
async def fleet(server: RedisServer, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Both have the session in memory."""

    def process() -> Auth:
        return Auth(f"sqlite:///{tmp_path / 'app.db'}", sessions=server.url, secret=SECRET, clock=lambda: NOW)

    one, other = process(), process()
    services = await one.open()
    user = await services.accounts.sign_in(Profile(issuer="https://idp.example", subject="1"), now=NOW)
    issued = await services.sessions.start(user, amr=("pwd",), now=NOW)
    await other.open()
    fleet = Fleet(one, other, issued)
    await fleet.warmed()
    yield fleet
    for auth in (one, other):
        await auth.close()


async def test_a_session_ended_in_one_process_is_refused_by_the_other(fleet: Fleet) -> None:
    """Told by Valkey (N1)."""
    await fleet.one.sessions.end(fleet.issued.session.id, reason=EndReason.SIGNED_OUT, now=NOW)
    assert await fleet.refused() is EndReason.SIGNED_OUT


async def test_a_user_disabled_in_one_process_is_refused_by_the_other(fleet: Fleet) -> None:
    """The user is in SQLite, the sessions are ended in Valkey."""
    await fleet.one.users.disable(fleet.issued.session.user_id, now=NOW)
    assert await fleet.refused() is EndReason.USER_DISABLED


async def test_a_role_given_in_one_process_counts_in_the_other(fleet: Fleet) -> None:
    """Told by SQLite, though nothing changed in Valkey."""
    assert fleet.other.services is not None
    await fleet.one.users.change_roles(fleet.issued.session.user_id, now=NOW, add=frozenset({"admin"}))
    assert not fleet.remembered()
    admission = await fleet.other.services.check.authenticate(fleet.token, now=NOW)
    assert admission.principal.has_role("admin")


async def test_sessions_that_are_gone_let_nobody_in(fleet: Fleet, server: RedisServer) -> None:
    """A flush: the reason is ``unknown``, and memory forgets them too."""
    with server.shell() as shell:
        shell.flushall()
    assert await fleet.refused() is EndReason.UNKNOWN


async def test_a_server_without_persistence_that_starts_again_lets_nobody_in(
    fleet: Fleet, server: RedisServer
) -> None:
    """It is an outage first, and then everybody signs in anew."""
    server.stop()
    await until(lambda: not fleet.remembered())
    with pytest.raises(StoreUnavailable):
        await fleet.is_asked()
    server.start()
    assert await fleet.refused() is EndReason.UNKNOWN


async def test_no_answer_is_older_than_the_lease(fleet: Fleet, server: RedisServer) -> None:
    """A server that is held, with its connections: memory answers for the lease, and then it is an outage."""
    held_at = time.monotonic()
    server.hold()
    await until(lambda: not fleet.remembered())
    assert time.monotonic() - held_at < LEASE + 0.5
    with pytest.raises(StoreUnavailable):
        await fleet.is_asked()
    server.let_go()
    await fleet.warmed()
