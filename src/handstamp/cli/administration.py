"""The use cases over a store, for commands: without the server secret, the origin, or any other setting."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from handstamp.backends import feed_of, sessions_at, store_at
from handstamp.core.errors import ConfigurationError
from handstamp.core.ids import new_secret
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.policy import SessionPolicy
from handstamp.core.protocols import SessionBackend, Store
from handstamp.core.tokens import SessionTokens
from handstamp.core.urls import MEMORY
from handstamp.services.accounts import Accounts
from handstamp.services.audit import Audit
from handstamp.services.cache import CoherentCache
from handstamp.services.sessions import Sessions
from handstamp.services.upkeep import Swept, Upkeep
from handstamp.settings import load_stores

T = TypeVar("T")

_NOBODY: Final = "https://administration.invalid"
"""The issuer of tokens that are never made (RFC 2606 §2)."""


@dataclass(frozen=True, slots=True)
class Administration:
    """A system as a command sees it. What it changes counts at the next request of each running process."""

    users: Accounts
    sessions: Sessions
    store: Store
    now: float
    """When the command began, in seconds since the epoch."""


def administered(database: str | None, sessions: str | None, work: Callable[[Administration], Awaitable[T]]) -> T:
    """What ``work`` gives.

    Args:
        database: A URL; None for the one that is configured.
        sessions: The same for the store of sessions.
        work: Does what the command is there for.

    Raises:
        ConfigurationError: No command can work on this database as it is; the message says what to do.
        StoreUnavailable: It cannot be asked now.
    """

    async def run() -> T:
        store = lasting_store(database)
        async with _opened(store, lasting_sessions(sessions, store)) as system:
            return await work(system)

    return asyncio.run(run())


def migrated(database: str | None, sessions: str | None) -> bool:
    """Bring a store to the shape of this version; whether there was anything to do.

    Raises:
        ConfigurationError: It cannot be brought there; the message says why.
        StoreUnavailable: It cannot be asked now.
    """

    async def run() -> bool:
        store = lasting_store(database)
        # A list first: all of them are to be brought there.
        return any([await _brought_there(one) for one in _each(store, lasting_sessions(sessions, store))])

    return asyncio.run(run())


def purged(database: str | None, sessions: str | None) -> Swept:
    """Sweep once, as a running application does each hour; what was removed.

    Raises:
        ConfigurationError: No command can work on this database as it is; the message says what to do.
        StoreUnavailable: It cannot be asked now.
    """

    async def run() -> Swept:
        store = lasting_store(database)
        swept = Swept()
        async with _all_open(store, lasting_sessions(sessions, store)) as stores:
            for one in stores:
                swept += await Upkeep(one, time.time).sweep()  # noqa: TID251  a lease is renewed while time passes
        return swept

    return asyncio.run(run())


def lasting_store(database: str | None) -> Store:
    """The store at a URL, or at the configured one; not open yet.

    Raises:
        ConfigurationError: There is none, or it is the memory of another process.
    """
    url = database or load_stores().database.get_secret_value()
    if url == MEMORY:
        raise ConfigurationError("memory:// is inside one process, and no command can see it: name a database")
    return store_at(url)


def lasting_sessions(sessions: str | None, store: Store) -> SessionBackend:
    """The store of sessions at a URL, or the configured one, or else the store itself; not open yet.

    Raises:
        ConfigurationError: There is none, or it is the memory of another process.
    """
    named = load_stores().sessions
    url = sessions or (None if named is None else named.get_secret_value())
    if url is None:
        return store
    if url == MEMORY:
        raise ConfigurationError("memory:// is inside one process, and no command can see its sessions")
    return sessions_at(url)


def _each(store: Store, sessions: SessionBackend) -> tuple[SessionBackend, ...]:
    return (store,) if sessions is store else (store, sessions)


async def _brought_there(store: SessionBackend) -> bool:
    if await _fits(store):
        return False
    await store.migrate()
    try:
        await store.open()
    finally:
        await store.close()
    return True


async def _fits(store: SessionBackend) -> bool:
    try:
        await store.open()
    except ConfigurationError:
        return False
    finally:
        await store.close()
    return True


@asynccontextmanager
async def _opened(store: Store, sessions: SessionBackend) -> AsyncGenerator[Administration, None]:
    async with _all_open(store, sessions):
        cache = CoherentCache(feed_of(store, sessions))
        try:
            yield _wired(store, sessions, cache, now=time.time())  # noqa: TID251  the one look at the clock
        finally:
            cache.close()


@asynccontextmanager
async def _all_open(store: Store, sessions: SessionBackend) -> AsyncGenerator[tuple[SessionBackend, ...], None]:
    async with AsyncExitStack() as opened:
        for one in _each(store, sessions):
            opened.push_async_callback(one.close)
            await one.open()
        yield _each(store, sessions)


def _wired(store: Store, backend: SessionBackend, cache: CoherentCache, *, now: float) -> Administration:
    # Administration signs nothing and reads no token, so the key is one that nobody else will ever have: a command
    # works where the server secret is not, and could not let anybody in if it tried.
    tokens = SessionTokens(KeyRing.from_secrets((new_secret(),), Purpose.SESSION), _NOBODY)
    audit = Audit(store)
    sessions = Sessions(policy=SessionPolicy(), tokens=tokens, store=backend, cache=cache, audit=audit)
    users = Accounts(store=store, sessions=sessions, cache=cache, audit=audit)
    return Administration(users=users, sessions=sessions, store=store, now=now)
