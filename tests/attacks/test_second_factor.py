"""One code, and many who use it at once, in two processes: one succeeds, on every store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from handmade import SECRET
from handstamp.backends import store_at
from handstamp.core.errors import InvalidInput, RateLimited
from handstamp.core.keys import Purpose
from handstamp.core.protocols import SessionBackend, Store, ThrottleStore
from handstamp.core.sealing import Sealer
from handstamp.login.totp.authenticator import Authenticator
from handstamp.login.totp.recovery import COUNT, RecoveryCodes
from handstamp.stores.redis import RedisStore
from handstamp.testing import NOW, a_user
from login.totp.app import App
from login.totp.counting import Unlimited, a_throttle
from parts.redis_server import RedisServer
from places import Place

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("second-factor")]

CALLERS = 50


class Two:
    """Two processes over one store."""

    def __init__(self, stores: list[Store], attempts: list[ThrottleStore]) -> None:
        self.store = stores[0]
        sealer = Sealer([SECRET], Purpose.TOTP_SECRET)
        pairs = [*zip(stores, attempts, strict=True)]
        self.authenticators = [
            Authenticator(store=one, throttle=a_throttle(two), sealer=sealer) for one, two in pairs
        ]
        self.codes = [RecoveryCodes(store=one, throttle=a_throttle(two)) for one, two in pairs]

    async def user(self) -> str:
        """The id of somebody new."""
        user = a_user()
        assert await self.store.add_user(user)
        return user.id


@pytest.fixture
async def stores(database: Place) -> AsyncIterator[list[Store]]:
    """Two store objects on the same data."""
    async with AsyncExitStack() as stack:
        first = store_at(database.database)
        both = [first, store_at(database.database) if database.is_shared else first]
        for store in both:
            await opened(store, stack)
        yield both


async def opened(store: SessionBackend, stack: AsyncExitStack) -> None:
    """Open a store until the stack is left."""
    await store.migrate()
    await store.open()
    stack.push_async_callback(store.close)


@pytest.fixture
def two(stores: list[Store]) -> Two:
    """Two processes in which nobody is stopped from trying."""
    return Two(stores, [Unlimited(), Unlimited()])


async def test_one_of_many_uses_a_one_time_code(two: Two) -> None:
    """Also where it confirms the app (MFA-01)."""
    user = await two.user()
    enrolment = await two.authenticators[0].enrol(user, now=NOW)
    app = App(enrolment.secret)

    async def confirm(number: int) -> bool:
        try:
            await two.authenticators[number % 2].confirm(user, enrolment.id, app.code(NOW), now=NOW)
        except InvalidInput:
            return False
        return True

    async def verify(number: int) -> bool:
        try:
            await two.authenticators[number % 2].verify(user, app.code(NOW, 1), now=NOW)
        except InvalidInput:
            return False
        return True

    for call in (confirm, verify):
        assert (await asyncio.gather(*map(call, range(CALLERS)))).count(True) == 1


async def test_one_of_many_uses_a_recovery_code(two: Two) -> None:
    """And the others are still there (MFA-02)."""
    user = await two.user()
    code, *_ = await two.codes[0].renew(user, now=NOW)

    async def use(number: int) -> bool:
        try:
            await two.codes[number % 2].use(user, code, now=NOW)
        except InvalidInput:
            return False
        return True

    assert (await asyncio.gather(*map(use, range(CALLERS)))).count(True) == 1
    assert await two.codes[1].left(user) == COUNT - 1


async def test_many_who_guess_at_once_have_as_many_attempts_as_one(stores: list[Store]) -> None:
    """The attempt is counted before the code is looked at (MFA-05)."""
    await guess(Two(stores, [*stores]))


async def test_many_who_guess_at_once_are_counted_in_valkey(valkey: RedisServer, tmp_path: Path) -> None:
    """Where sessions and attempts are kept apart from users."""
    async with AsyncExitStack() as stack:
        users, attempts = store_at(f"sqlite:///{tmp_path}/app.db"), [RedisStore(valkey.url) for _ in range(2)]
        await opened(users, stack)
        for store in attempts:
            await opened(store, stack)
        await guess(Two([users, users], [*attempts]))


async def guess(two: Two) -> None:
    """Fifty guesses at once, of which five are looked at."""
    user = await two.user()
    enrolment = await two.authenticators[0].enrol(user, now=NOW)
    app = App(enrolment.secret)
    await two.authenticators[0].confirm(user, enrolment.id, app.code(NOW), now=NOW)

    async def wrong(number: int) -> type[Exception] | None:
        try:
            await two.authenticators[number % 2].verify(user, app.wrong(NOW), now=NOW)
        except (InvalidInput, RateLimited) as refused:
            return type(refused)
        return None

    outcomes = Counter(await asyncio.gather(*map(wrong, range(CALLERS))))
    assert outcomes == {InvalidInput: 5, RateLimited: CALLERS - 5}
