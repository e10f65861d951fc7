"""A session as a state machine: a browser with many tabs, a thief, a network, a clock, over real processes.

The browser has one cookie. A request carries the cookie of the moment when it was sent, and arrives late or never.
Its handler takes as long as it likes. The cookie of its response arrives late or never, and in any order. A request
or response that is on its way for longer than ``TRANSIT`` counts as lost: nothing can be promised beyond that.

The clocks of the processes differ by a minute. Each store gets the machine by ``session_machine``.

Where a feed crosses a network, a change is told a little after the call that made it has returned. Then the machine
lets that little pass, and no more: from there on it demands the same as of a store whose feed has no lag.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handstamp.core.errors import SessionEnded
from handstamp.core.lease import LEASE
from handstamp.core.models import Changes, EndReason
from handstamp.core.policy import HOUR, MINUTE, RotationPolicy, SessionPolicy
from handstamp.core.protocols import Store
from handstamp.services.cache import Admission
from handstamp.testing import NOW, a_session
from world import Process, World, generation_of

T = TypeVar("T")

SKEWS = (-30.0, 30.0)
MAX_SKEW = max(SKEWS) - min(SKEWS)
POLICY = SessionPolicy(
    absolute_timeout=24 * HOUR, idle_timeout=3 * HOUR, rotation=RotationPolicy(rotate_after=15 * MINUTE)
)
GRACE = POLICY.rotation.grace
TRANSIT = GRACE - MAX_SKEW
"""Seconds that something may be on its way, as long as clocks differ by that much."""

PICK = st.integers(0, 7)
PROCESS = st.sampled_from([0, 1])
LOST = st.sampled_from([False, False, False, True])
DUE = POLICY.rotation.rotate_after + MAX_SKEW
SECONDS = st.sampled_from([MINUTE, TRANSIT - 1, TRANSIT - 1, GRACE + MAX_SKEW, DUE, DUE, DUE, 2 * HOUR])

PATIENCE: Final = 15.0
"""Seconds that a feed may take to begin on a busy machine."""

STEP: Final = 0.001
"""Seconds from one poll to the next."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A cookie that is on its way, in a request or in a response."""

    token: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Handling:
    """A request whose handler is at work."""

    admission: Admission
    process: Process
    skew: float


class Listener:
    """Hears all that a process is told, as what looks after open connections does."""

    def __init__(self, process: Process, skew: float) -> None:
        self._cache, self._skew = process.cache, skew
        self._told: set[str] = set()
        process.cache.watch(self)

    def changed(self, changes: Changes) -> None:
        """Note the sessions."""
        self._told.update(changes.sessions)

    async def begun(self, now: float) -> None:
        """Wait until the process may answer from memory."""
        async with asyncio.timeout(PATIENCE):
            await self._poll_until(lambda mark: mark is not None, now)

    async def told(self, session_id: str, now: float) -> None:
        """Wait until the process has heard of a session."""
        await self._poll_until(lambda _: session_id in self._told, now)

    async def _poll_until(self, enough: Callable[[int | None], bool], now: float) -> None:
        while not enough(self._cache.mark(now + self._skew)):  # noqa: ASYNC110  a feed is polled, it wakes nobody
            await asyncio.sleep(STEP)


class SessionMachine(RuleBasedStateMachine):
    """The rules, over stores that a subclass opens."""

    late: ClassVar[bool] = False
    """Whether changes are told a little after they were made."""
    from_memory: ClassVar[int] = 0
    """How many requests were answered without the store, in all runs."""

    async def opened(self) -> Sequence[Store]:
        """Two open stores on the same, empty data, one for each process; or the same one twice."""
        raise NotImplementedError

    async def closed(self) -> None:
        """Let go of them."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = NOW
        self.requests: list[Sent] = []
        self.handlers: list[Handling] = []
        self.responses: list[Sent] = []
        self.stolen: set[bytes] = set()
        self.thief_came_in = False
        self.over: EndReason | None = None
        self.superseded: dict[int, float] = {}
        """When the successor of a generation was confirmed, as true time."""
        self.admitted_at = self.written_at = NOW
        """When somebody came in last, and when the store was told of it."""

    @initialize()
    def sign_in(self) -> None:
        """The browser has a cookie."""
        self.run(self.begin())
        issued = self.run(self.world.signed_in(now=self.now))
        self.session_id = issued.session.id
        self.cookie = issued.token.encode()
        self.row = issued.session

    # the network and the clock

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        """What was on its way for too long is lost. Uses are written, as they are within a second."""
        for process in self.world.processes:
            self.run(process.touches.flush())
        self.written_at = self.admitted_at
        self.now += seconds
        self.requests = [one for one in self.requests if self.now - one.at < TRANSIT]
        self.responses = [one for one in self.responses if self.now - one.at < TRANSIT]

    @rule()
    def browser_sends(self) -> None:
        """A tab sends a request, with the cookie as it is now."""
        self.requests.append(Sent(self.cookie, self.now))

    @rule(number=PROCESS, lost=LOST)
    def browser_visits(self, number: int, lost: bool) -> None:  # noqa: FBT001  drawn by hypothesis
        """A quick request from beginning to end."""
        self.browser_sends()
        at_work = len(self.handlers)
        self.request_arrives(-1, number)
        if len(self.handlers) > at_work:
            waiting = len(self.responses)
            self.response_starts(-1)
            if len(self.responses) > waiting:
                self.response_arrives(-1, lost)

    @precondition(lambda self: self.requests)
    @rule(pick=PICK, number=PROCESS)
    def request_arrives(self, pick: int, number: int) -> None:
        """Some request reaches some process: an honest browser comes in, as long as its session lasts."""
        sent = self.requests.pop(pick % len(self.requests))
        handling, reason = self.arrive(sent.token, number)
        if handling is not None:
            self.handlers.append(handling)
        elif self.over is None:
            self.may_be_refused(reason)

    @precondition(lambda self: self.handlers)
    @rule(pick=PICK)
    def response_starts(self, pick: int) -> None:
        """Some handler is done, however long it took."""
        handling = self.handlers.pop(pick % len(self.handlers))
        token = self.respond(handling)
        if token is not None:
            self.responses.append(Sent(token, self.now))

    @precondition(lambda self: self.responses)
    @rule(pick=PICK, lost=LOST)
    def response_arrives(self, pick: int, lost: bool) -> None:  # noqa: FBT001  drawn by hypothesis
        """In any order: the browser keeps the cookie of whichever comes last. Or it never sees this one."""
        token = self.responses.pop(pick % len(self.responses)).token
        self.cookie = self.cookie if lost else token

    # other people

    @rule()
    def thief_steals(self) -> None:
        """A copy of the cookie as it is now."""
        self.stolen.add(self.cookie)

    @precondition(lambda self: self.stolen)
    @rule(pick=PICK, number=PROCESS)
    def thief_uses(self, pick: int, number: int) -> None:
        """One that was superseded longer ago than the grace ends the session; before that it may come in."""
        token = sorted(self.stolen, key=generation_of)[pick % len(self.stolen)]
        superseded = self.superseded.get(generation_of(token))
        was_over = self.over or self.row.ended_because(self.now + SKEWS[number])
        handling, reason = self.arrive(token, number)
        if handling is not None:
            assert superseded is None or self.now - superseded < GRACE + MAX_SKEW
            self.thief_came_in = True
            successor = self.respond(handling)
            self.stolen |= {successor} if successor else set()
        elif not was_over:
            assert reason is EndReason.REPLAYED
            assert superseded is not None
            assert self.now - superseded >= GRACE - MAX_SKEW
            assert self.run(self.world.row(self.session_id)).end_reason is EndReason.REPLAYED

    @rule(number=PROCESS)
    def process_restarts(self, number: int) -> None:
        """It remembers nothing; what it has admitted is lost."""
        self.handlers = [one for one in self.handlers if one.process is not self.world[number]]
        self.run(self.begin_again(number))

    @rule(number=PROCESS, reason=st.sampled_from([EndReason.SIGNED_OUT, EndReason.ADMIN]))
    def session_is_ended(self, number: int, reason: EndReason) -> None:
        """By somebody, in either process."""
        if self.run(self.world[number].sessions.end(self.session_id, reason=reason, now=self.now)):
            self.over = reason

    # what always holds

    @invariant()
    def generations_hold_together(self) -> None:
        """G = c or g = c + 1, neither falls, and an end is for good."""
        before, self.row = self.row, self.run(self.world.row(self.session_id))
        then, now = before.generations, self.row.generations
        assert now.issued - now.confirmed in {0, 1}
        assert now.issued >= then.issued
        assert now.confirmed - then.confirmed in {0, 1}
        if now.confirmed > then.confirmed:
            self.superseded[then.confirmed] = self.now
        if before.ended_at is not None:
            assert (self.row.ended_at, self.row.end_reason) == (before.ended_at, before.end_reason)
        if self.row.end_reason is not None:
            assert self.over in {None, self.row.end_reason}
            self.over = self.row.end_reason
        if (now, self.row.ended_at) != (then, before.ended_at):
            self.run(self.all_are_told())

    @invariant()
    def nobody_is_sent_what_was_never_issued(self) -> None:
        """No token on its way, kept or stolen is of a generation that the store does not know."""
        tokens = {self.cookie, *self.stolen, *(one.token for one in (*self.requests, *self.responses))}
        assert max(map(generation_of, tokens)) <= self.row.generations.issued

    # steps

    def arrive(self, token: bytes, number: int) -> tuple[Handling | None, EndReason | None]:
        """A request reaches a process: its handler begins, or it is refused for a reason."""
        process, now = self.world[number], self.now + SKEWS[number]
        row = self.run(self.world.row(self.session_id))
        try:
            admission = self.run(self.admit(process, token, now))
        except SessionEnded as refusal:
            reason = refusal.reason
        else:
            assert self.over is None, "an ended session is never admitted again"
            assert row.expires_at > now
            self.admitted_at = self.now
            return Handling(admission, process, SKEWS[number]), None
        assert reason is (self.over or row.ended_because(now) or EndReason.REPLAYED)
        return None, reason

    def respond(self, handling: Handling) -> bytes | None:
        """A response starts: what it carries is the newest token of all, and only of a live session."""
        token = self.run(handling.process.respond(handling.admission, now=self.now + handling.skew))
        if token is not None:
            assert generation_of(token) == self.run(self.world.row(self.session_id)).generations.issued
            assert self.over is None
        return token

    def may_be_refused(self, reason: EndReason | None) -> None:
        """Why an honest browser may be refused while nobody has ended its session."""
        assert reason is not None
        if reason is EndReason.REPLAYED:
            assert self.thief_came_in, "an honest browser is never taken for a thief"
        elif reason is EndReason.IDLE:
            assert self.now - self.written_at >= POLICY.idle_timeout - POLICY.touch_interval - MAX_SKEW
        else:
            assert reason is EndReason.EXPIRED
            assert self.now - NOW >= POLICY.absolute_timeout - MAX_SKEW

    async def admit(self, process: Process, token: bytes, now: float) -> Admission:
        """The answer from memory, if there is one."""
        found = process.check.find(token, now)
        if found is None:
            return await process.check.authenticate(token, now=now)
        type(self).from_memory += 1
        return found

    async def begin(self) -> None:
        """Two processes that may answer from memory, and somebody else than the one whom all this is about."""
        self.world = World(await self.opened(), policy=POLICY)
        self.listeners = [Listener(process, skew) for process, skew in zip(self.world.processes, SKEWS, strict=True)]
        for listener in self.listeners:
            await listener.begun(self.now)
        self.somebody_else = await self.world.user(now=self.now)

    async def begin_again(self, number: int) -> None:
        """A new process in the place of another."""
        await self.world[number].close()
        self.world.restart(number)
        self.listeners[number] = Listener(self.world[number], SKEWS[number])
        await self.listeners[number].begun(self.now)

    async def all_are_told(self) -> None:
        """Let pass what a feed with a lag may take, at most the lease: after it no process may answer from memory.

        Changes are told in the order in which they were committed. So whoever has heard of somebody else's new
        session was told of all that was before it. What the session of this run is told by stays as it is.
        """
        if not self.late:
            return
        last = a_session(user_id=self.somebody_else.id)
        await self.world.store.start_session(last, replaces=None, now=self.now)
        with suppress(TimeoutError):
            async with asyncio.timeout(LEASE):
                for listener in self.listeners:
                    await listener.told(last.id, self.now)

    def run(self, call: Awaitable[T]) -> T:
        """Wait for a call."""

        async def wait() -> T:
            return await call

        return self.runner.run(wait())

    def teardown(self) -> None:
        """At the end of a run."""
        try:
            if hasattr(self, "world"):
                for process in self.world.processes:
                    self.run(process.close())
                self.run(self.closed())
        finally:
            self.runner.close()


def session_machine(
    opened: Callable[[], Awaitable[Sequence[Store]]],
    closed: Callable[[], Awaitable[None]] | None = None,
    *,
    told_late: bool = False,
) -> type[SessionMachine]:
    """The machine over a store.

    Args:
        opened: Gives two open stores on the same, empty data: called once a run.
        closed: Called at the end of each run.
        told_late: Whether its feed crosses a network.
    """

    class Machine(SessionMachine):
        late = told_late

        async def opened(self) -> Sequence[Store]:
            return await opened()

        async def closed(self) -> None:
            if closed is not None:
                await closed()

    return Machine
