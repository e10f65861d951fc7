"""One of the processes that end sessions and watch each other's ends."""

import asyncio
import time
from collections.abc import Callable, Sequence
from ctypes import c_long
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.context import SpawnContext
from typing import Final

from handstamp import Auth
from handstamp.core.errors import SessionEnded, StoreUnavailable
from handstamp.core.models import EndReason
from handstamp.core.tokens import SessionTokens
from handstamp.web.host import Services

PROCESSES: Final = 4
BATCH: Final = 4 * PROCESSES
"""Sessions that are watched at once; each process ends its share."""

_BETWEEN_ASKS: Final = 0.0005
"""Seconds. A watched session is asked for about so often, in each process."""
_LOAD: Final = 20
"""Checks of sessions that live, as often."""
_BETWEEN_WRITES: Final = 0.02


class Board:
    """What the processes write for each other and for the one that counts. Each cell has one writer."""

    def __init__(self, context: SpawnContext, batches: int) -> None:
        count = batches * BATCH
        self.opened: c_long = context.RawValue("l", 0)
        """Batches that may be ended."""
        self.at = context.RawArray("l", PROCESSES)
        """How far each process is: 2 n + 1, batch n is in its cache; 2 n + 2, all of batch n is refused."""
        self.ended = context.RawArray("d", count)
        """When ``end_session`` had returned; 0 before."""
        self.refused = [context.RawArray("d", count) for _ in range(PROCESSES)]
        """When the first request that was refused began."""
        self.last_stale = [context.RawArray("d", count) for _ in range(PROCESSES)]
        """When the last request that was let in although the session was ended began."""
        self.stale = [context.RawArray("l", count) for _ in range(PROCESSES)]
        self.stale_after_bound = [context.RawArray("l", count) for _ in range(PROCESSES)]
        self.asked = context.RawArray("q", PROCESSES)

    def all_at(self, step: int) -> bool:
        """Whether every process has come so far."""
        return all(at >= step for at in self.at)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process is told."""

    database: str
    sessions: str | None
    secret: str
    tokens: Sequence[bytes]
    """To end, in this order."""
    live: Sequence[bytes]
    user_id: str
    """Of the user who signs in and out all the time."""
    bound: float


def work(number: int, board: Board, plan: Plan) -> None:
    """Run as one of the processes, to the end."""
    asyncio.run(_Process(number, board, plan).run())


class _Process:
    def __init__(self, number: int, board: Board, plan: Plan) -> None:
        self._number = number
        self._board = board
        self._plan = plan
        self._auth = Auth(plan.database, sessions=plan.sessions, secret=(plan.secret,))
        self._ids = _session_ids(self._auth, plan.tokens)
        self._live = cycle(plan.live)
        self._services: Services

    async def run(self) -> None:
        """Batch after batch: warm, wait for the others, end one's own, watch those of the others."""
        self._services = await self._auth.open()
        load = [asyncio.create_task(self._write()), asyncio.create_task(self._serve_others())]
        for batch in range(len(self._plan.tokens) // BATCH):
            numbers = range(batch * BATCH, (batch + 1) * BATCH)
            for one in numbers:
                await self._warm(self._plan.tokens[one])
            self._board.at[self._number] = 2 * batch + 1
            await _until(lambda: self._board.opened.value > batch)  # noqa: B023  it is awaited at once
            others = [self._watch(one) for one in numbers if one % PROCESSES != self._number]
            await asyncio.gather(self._end(numbers), *others)
            self._board.at[self._number] = 2 * batch + 2
        await _until(lambda: self._board.all_at(2 * (len(self._plan.tokens) // BATCH)))
        for task in load:
            task.cancel()
        for refused in await asyncio.gather(*load, return_exceptions=True):
            if isinstance(refused, Exception):
                raise refused
        await self._auth.close()

    async def _warm(self, token: bytes) -> None:
        """Ask until the answer comes from memory."""
        check, clock = self._services.check, self._auth.clock
        while check.find(token, clock()) is None:
            try:
                await check.authenticate(token, now=clock())
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0)

    async def _end(self, numbers: range) -> None:
        for one in numbers:
            if one % PROCESSES == self._number:
                await self._auth.session_store.end_session(
                    self._ids[one], reason=EndReason.SIGNED_OUT, now=self._auth.clock()
                )
                self._board.ended[one] = time.monotonic()

    async def _watch(self, one: int) -> None:
        """Ask for what another process ends, until it is refused."""
        board, me = self._board, self._number
        while True:
            began, ended = time.monotonic(), board.ended[one]
            let_in = await self._is_let_in(self._plan.tokens[one])
            if let_in is False:
                board.refused[me][one] = began
                return
            if let_in and ended:
                board.stale[me][one] += 1
                board.last_stale[me][one] = began
                board.stale_after_bound[me][one] += began - ended > self._plan.bound
            await asyncio.sleep(_BETWEEN_ASKS)

    async def _is_let_in(self, token: bytes) -> bool | None:
        """What a request is answered; None: 503, the store could not be asked."""
        check, now = self._services.check, self._auth.clock()
        self._board.asked[self._number] += 1
        if check.find(token, now) is not None:
            return True
        try:
            await check.authenticate(token, now=now)
        except SessionEnded:
            return False
        except StoreUnavailable:
            return None
        return True

    async def _serve_others(self) -> None:
        """The load: requests of people whose sessions live."""
        while True:
            for token in islice(self._live, _LOAD):
                if await self._is_let_in(token) is False:
                    raise AssertionError("a session that lives was refused")
            await asyncio.sleep(_BETWEEN_ASKS)

    async def _write(self) -> None:
        """More load: people sign in and out all the time."""
        user = await self._auth.store.load_user(self._plan.user_id)
        assert user is not None
        while True:
            try:
                issued = await self._services.sessions.start(user, amr=(), now=self._auth.clock())
                await self._services.sessions.sign_out(issued.token.encode(), now=self._auth.clock())
            except StoreUnavailable:
                await asyncio.sleep(0.1)
            await asyncio.sleep(_BETWEEN_WRITES)


async def _until(so: Callable[[], bool]) -> None:
    while not so():  # noqa: ASYNC110  another process writes it
        await asyncio.sleep(_BETWEEN_ASKS)


def _session_ids(auth: Auth, tokens: Sequence[bytes]) -> list[str]:
    """Which session each token names."""
    tokens_of: SessionTokens = auth._tokens  # noqa: SLF001  nobody else needs to know what a token names
    return [tokens_of.decode_to_end(token).session_id for token in tokens]
