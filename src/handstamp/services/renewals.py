"""Renewing tokens of providers: one caller at a time in all processes, and nothing lost on the way."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Final, Protocol

from handstamp.core.errors import InvalidToken, MustSignInAgain, NotFound, ProviderUnavailable, StoreUnavailable
from handstamp.core.ids import new_session_id
from handstamp.core.models import ProviderTokens, SealedTokens
from handstamp.core.protocols import Clock, LeaseStore, TokenStore, UserStore
from handstamp.core.sealing import Sealer
from handstamp.services.audit import Audit

LEASE: Final = 90.0
"""Seconds for which a process that was killed while it renewed a token holds the others up: the clocks of two may
differ by a minute, and a provider is given up after 10 s."""

PATIENCE: Final = 15.0
"""Seconds that a caller waits for another one's renewal."""

_POLL: Final = 0.05
_SWAP_TRIES: Final = 4
_SWAP_PAUSE: Final = 0.25


class TokenRefresher(Protocol):
    """A provider whose tokens are kept."""

    @property
    def id(self) -> str:
        """Its stable name: ``google``."""
        ...

    def speaks_for(self, issuer: str) -> bool:
        """Whether identities of this issuer are its people's."""
        ...

    async def refresh(self, tokens: ProviderTokens, *, now: float) -> ProviderTokens:
        """Have tokens renewed. What it does not give anew it leaves out.

        Raises:
            MustSignInAgain: The provider takes them no more, or there is nothing to renew them by.
            ProviderUnavailable: It cannot be asked now, or refuses for a reason that is not the person's.
        """
        ...

    async def revoke(self, tokens: ProviderTokens, *, now: float) -> None:
        """Tell the provider that they are not needed any more, where it has an endpoint for that.

        Raises:
            ProviderUnavailable: It did not take notice.
        """
        ...


class VaultStore(UserStore, TokenStore, LeaseStore, Protocol):
    """What the vault stands on."""


class TokenBox:
    """Seals tokens and opens them.

    Args:
        sealer: Of their purpose.
        clock: Seconds since the epoch.
    """

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock

    def seal(self, issuer: str, subject: str, tokens: ProviderTokens) -> SealedTokens:
        """Tokens of an identity as they are stored, with a version of their own.

        Raises:
            ValueError: They are too long.
        """
        payload = json.dumps(asdict(tokens), separators=(",", ":")).encode()
        return SealedTokens(
            issuer=issuer,
            subject=subject,
            sealed=self._sealer.seal(payload, context=_context(issuer, subject)),
            kept_at=self._clock(),
            version=new_session_id(),
        )

    def open(self, kept: SealedTokens) -> ProviderTokens:
        """The tokens in clear.

        Raises:
            MustSignInAgain: The provider has refused them, or no secret of ours opens them any more.
        """
        if kept.must_sign_in_again:
            raise MustSignInAgain("the provider takes these tokens no more")
        try:
            payload = self._sealer.open(kept.sealed, context=_context(kept.issuer, kept.subject))
        except InvalidToken as error:
            raise MustSignInAgain("the tokens were sealed with a secret that is not there any more") from error
        return ProviderTokens(**json.loads(payload))


class Renewals:
    """The renewals that are under way in this process.

    Args:
        store: Where tokens are kept.
        box: Opens and seals them.
        audit: The trail.
        clock: Seconds since the epoch.
        revoke: Has tokens revoked that came too late to be kept.
    """

    def __init__(
        self,
        *,
        store: VaultStore,
        box: TokenBox,
        audit: Audit,
        clock: Clock,
        revoke: Callable[[TokenRefresher, ProviderTokens], None],
    ) -> None:
        self._store = store
        self._box = box
        self._audit = audit
        self._clock = clock
        self._revoke = revoke
        self._tasks: dict[tuple[str, str], asyncio.Task[ProviderTokens]] = {}

    async def renewed(self, refresher: TokenRefresher, kept: SealedTokens, user_id: str) -> ProviderTokens:
        """What takes the place of these tokens, whoever renews them.

        Raises:
            MustSignInAgain: The provider takes them no more.
            NotFound: They were erased meanwhile.
            ProviderUnavailable: It does not answer, or whoever renews them does not in 15 s. They are as they were.
            StoreUnavailable: Nobody knows.
        """
        return await asyncio.shield(self._under_way(refresher, kept, user_id))

    async def settled(self) -> None:
        """Come back when all are done that were begun in this event loop, each in its time."""
        loop = asyncio.get_running_loop()
        ours = [task for task in self._tasks.values() if task.get_loop() is loop]
        if ours:
            await asyncio.wait(ours)

    def _under_way(self, refresher: TokenRefresher, kept: SealedTokens, user_id: str) -> asyncio.Task[ProviderTokens]:
        """The renewal of these tokens that is under way in this process, or a new one.

        A task: a caller that goes away must not tear it between the provider's answer and our store.
        """
        key = (kept.issuer, kept.subject)
        running = self._tasks.get(key)
        if running is not None and running.get_loop() is asyncio.get_running_loop():
            return running
        task = asyncio.create_task(self._renewed(refresher, kept, user_id))
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._tasks.pop(key, None) if self._tasks.get(key) is done else None)
        return task

    async def _renewed(self, refresher: TokenRefresher, seen: SealedTokens, user_id: str) -> ProviderTokens:
        name, holder = f"tokens:{sha256(_context(seen.issuer, seen.subject)).hexdigest()}", new_session_id()
        try:
            await self._wait_for(name, holder, seen)
            kept = await self._again(seen)
            if kept.version != seen.version:  # somebody was faster
                return self._box.open(kept)
            return await self._renew(refresher, kept, user_id)
        finally:
            with suppress(StoreUnavailable):  # then it runs out
                await self._store.release_lease(name, holder=holder)

    async def _wait_for(self, name: str, holder: str, seen: SealedTokens) -> None:
        """Come back with the lease, or when somebody else has renewed what was seen."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._take(name, holder):
                    await asyncio.sleep(_POLL)
                    if (await self._again(seen)).version != seen.version:
                        return
        except TimeoutError:
            raise ProviderUnavailable("another process renews these tokens, and has not come back") from None

    async def _take(self, name: str, holder: str) -> bool:
        now = self._clock()
        return await self._store.take_lease(name, holder=holder, until=now + LEASE, now=now)

    async def _again(self, seen: SealedTokens) -> SealedTokens:
        kept = await self._store.load_tokens(seen.issuer, seen.subject)
        if kept is None:
            raise NotFound("the tokens were erased meanwhile")
        return kept

    async def _renew(self, refresher: TokenRefresher, kept: SealedTokens, user_id: str) -> ProviderTokens:
        old = self._box.open(kept)
        try:
            new = await refresher.refresh(old, now=self._clock())
        except MustSignInAgain:
            refused = replace(kept, must_sign_in_again=True, version=new_session_id())
            if not await self._swapped(kept, refused):
                return self._box.open(await self._again(kept))  # who has signed in meanwhile brought better ones
            await self._audit.record(
                "provider_tokens_refused", now=self._clock(), user_id=user_id, provider=refresher.id
            )
            raise
        new = replace(new, refresh_token=new.refresh_token or old.refresh_token)
        if await self._swapped(kept, self._box.seal(kept.issuer, kept.subject, new)):
            return new
        try:
            return self._box.open(await self._again(kept))
        except NotFound:  # signed out while we asked: what came too late is not kept either
            self._revoke(refresher, new)
            raise

    async def _swapped(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        """Swap, and be patient: what the provider has just given exists nowhere else."""
        for _ in range(_SWAP_TRIES - 1):
            with suppress(StoreUnavailable):
                return await self._store.swap_tokens(seen, becomes)
            await asyncio.sleep(_SWAP_PAUSE)
        return await self._store.swap_tokens(seen, becomes)


def _context(issuer: str, subject: str) -> bytes:
    """What sealed tokens are bound to: nobody can move them to another identity."""
    return json.dumps([issuer, subject]).encode()
