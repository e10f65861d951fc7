"""Two processes that answer from memory, over one store whose news comes late, twice, coalesced, or is lost.

The cache, its combination of feeds and the lease are the real ones. The network, the store and the clock are a few
lines each, and everything that takes time is split where something may come between: a load into where it begins,
what it reads and what it keeps; a change into its commit and the return of the call that made it; a heartbeat into
when it is sent, when the server has it and when it comes back; a lost connection into when it breaks, when that is
noticed and when somebody listens again.

What is promised: an answer from memory reflects

- every change that was committed longer ago than the lease,
- every change whose news has come to this process,
- every change that this process made, as soon as the call that made it has returned.

``Parts`` names what a machine is built of, so that a test can put something broken into it. What happens is said by
bytes, so that it can be a drawn one, and any of very many at little cost.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

from handstamp.core.lease import LEASE, Lease
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes, Principal, User
from handstamp.core.protocols import ChangeFeed
from handstamp.services.cache import Admission, CoherentCache
from handstamp.services.feeds import CombinedFeed
from handstamp.testing import NOW, a_session

T = TypeVar("T")

MAX_ENTRIES: Final = 3
NEVER: Final = NOW + 1e9

SESSIONS: Final = 4
"""Session n belongs to user n // 2, and its token is n."""
SECONDS: Final = (0.25, 0.5, 1.0, 1.0, LEASE - 0.25, LEASE)
"""Such that sums of them are exact."""


@dataclass(frozen=True, slots=True)
class Change:
    """A committed change."""

    number: int
    """Of all changes, from 1: what a read has seen is the number of the last one before it."""
    at: float
    what: Changes

    def concerns(self, session: int) -> bool:
        """Whether an answer about this session depends on it."""
        user = f"u{session // 2}"
        return self.what.everything or f"s{session}" in self.what.sessions or user in self.what.users


News = Change | str
"""What a path carries: changes, and heartbeats by their marks."""


class Path:
    """What carries news from a store to one process, in the order of commits."""

    def __init__(self) -> None:
        self.whole = True
        self.under_way: deque[News] = deque()
        self.missed: list[News] = []
        """What happened since it broke."""
        self.passed: list[News] = []
        """What went through, until somebody listened anew."""

    def carry(self, news: News) -> None:
        """The store has something to tell."""
        if self.whole:
            self.under_way.append(news)
        else:
            self.missed.append(news)

    def go_back(self, count: int) -> None:
        """Tell again what was told last."""
        again = self.passed[len(self.passed) - count :] if count else []
        del self.passed[len(self.passed) - len(again) :]
        self.under_way.extendleft(reversed(again))


class LateFeed:
    """A feed at the end of a path, as those of the stores are: it keeps what came until it is polled.

    Args:
        clock: Seconds of a monotonic clock.
    """

    lease_type: ClassVar[type[Lease]] = Lease

    def __init__(self, clock: Callable[[], float]) -> None:
        self.path = Path()
        self.lease = self.lease_type()
        self.clock = clock
        self.sent: list[str] = []
        """Heartbeats that the server does not have yet."""
        self.waiting: list[Changes] = [EVERYTHING_CHANGED]
        self.resumes: bool | None = None
        """Whether it will go on where the path broke; None while it knows of no break."""

    @property
    def unaware(self) -> bool:
        """Whether the path is broken and this was not noticed."""
        return not self.path.whole and self.resumes is None

    def poll(self, now: float) -> Changes:
        """See ``ChangeFeed``."""
        del now  # silence is measured by a clock that nobody sets
        if not self.lease.holds(self.clock()):
            return UNKNOWN
        return self.taken() if self.waiting else NOTHING_CHANGED

    def close(self) -> None:
        """See ``ChangeFeed``."""
        self.lease.drop()

    def taken(self) -> Changes:
        """All that waits."""
        waiting, self.waiting = self.waiting, []
        return Changes(
            everything=any(one.everything for one in waiting),
            sessions=tuple(key for one in waiting for key in one.sessions),
            users=tuple(key for one in waiting for key in one.users),
        )

    def coalesce(self) -> None:
        """There is too much of it."""
        if self.waiting:
            self.waiting = [EVERYTHING_CHANGED]

    def beat(self) -> None:
        """Send a heartbeat."""
        self.sent.append(self.lease.beat(self.clock()))

    def reach(self, mark: str) -> None:
        """The server has a heartbeat, and sends it back behind all that was before."""
        self.path.carry(mark)

    def hear(self) -> News:
        """The next thing arrives."""
        news = self.path.under_way.popleft()
        self.path.passed.append(news)
        if isinstance(news, Change):
            self.waiting.append(news.what)
        else:
            self.came_back(news)
        return news

    def came_back(self, mark: str) -> None:
        """A heartbeat arrives."""
        self.lease.came_back(mark)

    def notice(self, *, resumes: bool) -> None:
        """The path is seen to be broken. Where it cannot be resumed, what is missed is everything."""
        self.resumes = resumes
        self.lease.drop()
        if not resumes:
            self.waiting = [EVERYTHING_CHANGED]

    def listen_again(self) -> None:
        """There is a path again: from where the old one was, or from now on."""
        path = self.path
        if self.resumes:
            path.under_way.extend(path.missed)
        else:
            path.under_way.clear()
            path.passed.clear()
        path.missed.clear()
        path.whole = True
        self.resumes = None


@dataclass(slots=True, eq=False)
class Load:
    """Of a session, for a request that memory could not answer."""

    session: int
    mark: int | None = None
    seen: int | None = None
    """The last change that it saw. None: it has not read yet."""

    @property
    def has_read(self) -> bool:
        """Whether the store has answered."""
        return self.seen is not None


class Process:
    """Loads and changes as the services make them.

    Args:
        feeds: One, or that of users and that of sessions.
        cache: Over them.
        log: What was committed.
    """

    def __init__(self, feeds: Sequence[LateFeed], cache: CoherentCache, log: list[Change]) -> None:
        self.feeds = feeds
        self.cache = cache
        self.log = log
        self.loads: list[Load] = []
        self.making: list[Change] = []
        """Changes of its own whose calls have not returned."""
        self.knows: set[int] = set()
        """The changes that it was told of, or made."""

    def begin(self, session: int) -> None:
        """A load begins."""
        self.loads.append(Load(session, mark=self.cache.mark(NOW)))

    def read(self, load: Load) -> None:
        """The store answers it."""
        load.seen = len(self.log)

    def keep(self, load: Load) -> None:
        """The answer has arrived."""
        assert load.seen is not None
        session_id, user_id = f"s{load.session}", f"u{load.session // 2}"
        principal = Principal(
            user=User(id=user_id, created_at=NOW), session=a_session(id=session_id, user_id=user_id)
        )
        admission = Admission(principal, load.seen, True, NEVER)
        self.cache.install(b"%d" % load.session, admission, mark=load.mark, now=NOW)

    def finish(self, change: Change) -> None:
        """The call that made a change returns."""
        self.forget(change)
        self.knows.add(change.number)

    def forget(self, change: Change) -> None:
        """Drop what the change makes wrong."""
        for session_id in change.what.sessions:
            self.cache.forget_session(session_id)
        for user_id in change.what.users:
            self.cache.forget_user(user_id)


@dataclass(frozen=True)
class Parts:
    """What a machine is built of."""

    cache: type[CoherentCache] = CoherentCache
    feed: type[LateFeed] = LateFeed
    process: type[Process] = Process
    feeds: int = 1
    """1, or 2 where sessions live in another store than users."""


class Drawn:
    """A number from which choices are made, one after the other."""

    def __init__(self, number: int) -> None:
        self._rest = number

    def below(self, bound: int) -> int:
        """One of the numbers from 0."""
        self._rest, number = divmod(self._rest, bound)
        return number

    def one_of(self, candidates: Sequence[T]) -> T:
        """One of them."""
        return candidates[self.below(len(candidates))]


class CacheMachine:
    """Two processes, and whatever happens to them. A step that is not possible now does nothing."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.now = 0.0
        self.from_memory = 0
        """How many requests were answered without the store."""
        self.log: list[Change] = []
        self.processes = [self.started() for _ in range(2)]
        self.feeds = [feed for process in self.processes for feed in process.feeds]
        self.steps: list[Callable[[Drawn], None]] = [
            *(self.time_passes, self.heartbeat_is_sent, self.heartbeat_reaches_the_store, self.news_arrives),
            *(self.news_is_sent_twice, self.too_much_waits, self.path_breaks, self.break_is_noticed),
            *(self.path_is_made_anew, self.all_is_well, self.session_changes, self.user_changes),
            *(self.everything_changes, self.change_returns, self.requests_arrive, self.load_begins),
            *(self.load_reads, self.load_ends, self.load_is_quick),
        ]

    def run(self, schedule: bytes) -> None:
        """Take a step for each three bytes: one says which, two what is chosen in it."""
        for start in range(0, len(schedule) - 2, 3):
            step = self.steps[schedule[start] % len(self.steps)]
            step(Drawn(int.from_bytes(schedule[start + 1 : start + 3])))

    def started(self) -> Process:
        """A process that listens, and has heard nothing yet."""
        parts = self.parts
        feeds = [parts.feed(lambda: self.now) for _ in range(parts.feeds)]
        feed: ChangeFeed = CombinedFeed(*feeds) if len(feeds) > 1 else feeds[0]
        return parts.process(feeds, parts.cache(feed, max_entries=MAX_ENTRIES), self.log)

    # the clock and the network

    def time_passes(self, drawn: Drawn) -> None:
        """Nothing else happens."""
        self.now += drawn.one_of(SECONDS)

    def heartbeat_is_sent(self, drawn: Drawn) -> None:
        """By some feed."""
        drawn.one_of(self.feeds).beat()

    def heartbeat_reaches_the_store(self, drawn: Drawn) -> None:
        """In any order; or, one in four, it never does."""
        if sending := [feed for feed in self.feeds if feed.sent]:
            feed = drawn.one_of(sending)
            mark = feed.sent.pop(drawn.below(len(feed.sent)))
            if drawn.below(4):
                feed.reach(mark)

    def news_arrives(self, drawn: Drawn) -> None:
        """A part of what is under way to some process, in its order."""
        if awaited := [feed for feed in self.feeds if feed.path.under_way]:
            feed = drawn.one_of(awaited)
            for _ in range(1 + drawn.below(len(feed.path.under_way))):
                self.hear(feed)

    def news_is_sent_twice(self, drawn: Drawn) -> None:
        """What has arrived is under way again, before what has not."""
        drawn.one_of(self.feeds).path.go_back(1 + drawn.below(4))

    def too_much_waits(self, drawn: Drawn) -> None:
        """More than a feed keeps, until somebody asks it."""
        drawn.one_of(self.feeds).coalesce()

    def path_breaks(self, drawn: Drawn) -> None:
        """Nobody notices it yet. What was under way may still arrive."""
        drawn.one_of(self.feeds).path.whole = False

    def break_is_noticed(self, drawn: Drawn) -> None:
        """By the process at its end."""
        if unaware := [feed for feed in self.feeds if feed.unaware]:
            drawn.one_of(unaware).notice(resumes=drawn.below(2) == 1)

    def path_is_made_anew(self, drawn: Drawn) -> None:
        """And it carries what happens from now on."""
        if broken := [feed for feed in self.feeds if feed.resumes is not None]:
            drawn.one_of(broken).listen_again()

    def all_is_well(self, drawn: Drawn) -> None:
        """A process has mended what was broken, and all that was under way has come."""
        for feed in drawn.one_of(self.processes).feeds:
            if feed.unaware:
                feed.notice(resumes=drawn.below(2) == 1)
            if feed.resumes is not None:
                feed.listen_again()
            feed.beat()
            feed.reach(feed.sent.pop())
            while feed.path.under_way:
                self.hear(feed)

    # changes

    def session_changes(self, drawn: Drawn) -> None:
        """In the store; a process that made the change has not heard so yet."""
        self.commit(Changes(sessions=(f"s{drawn.below(SESSIONS)}",)), -1, drawn)

    def user_changes(self, drawn: Drawn) -> None:
        """In the store; a process that made the change has not heard so yet."""
        self.commit(Changes(users=(f"u{drawn.below(SESSIONS) // 2}",)), 0, drawn)

    def everything_changes(self, drawn: Drawn) -> None:
        """As where somebody empties a store, or restores it."""
        self.record(EVERYTHING_CHANGED, -drawn.below(2))

    def change_returns(self, drawn: Drawn) -> None:
        """To the process that made it."""
        if making := [process for process in self.processes if process.making]:
            process = drawn.one_of(making)
            process.finish(process.making.pop(drawn.below(len(process.making))))

    # requests

    def requests_arrive(self, drawn: Drawn) -> None:
        """For each session. No answer from memory is older than what is promised."""
        process = drawn.one_of(self.processes)
        for session in range(SESSIONS):
            found = process.cache.get(b"%d" % session, NOW)
            if found is not None:
                self.from_memory += 1
                assert found.generation >= self.must_reflect(process, session), "an answer that is too old"

    def load_begins(self, drawn: Drawn) -> None:
        """For a request that memory could not answer."""
        drawn.one_of(self.processes).begin(drawn.below(SESSIONS))

    def load_reads(self, drawn: Drawn) -> None:
        """The store answers some load."""
        if waiting := self.loads(read=False):
            process, load = drawn.one_of(waiting)
            process.read(load)

    def load_ends(self, drawn: Drawn) -> None:
        """Some answer of the store arrives."""
        if read := self.loads(read=True):
            process, load = drawn.one_of(read)
            process.loads.remove(load)
            process.keep(load)

    def load_is_quick(self, drawn: Drawn) -> None:
        """Nothing comes between."""
        process = drawn.one_of(self.processes)
        process.begin(drawn.below(SESSIONS))
        load = process.loads.pop()
        process.read(load)
        process.keep(load)

    # what steps are made of

    def commit(self, what: Changes, store: int, drawn: Drawn) -> None:
        """A process makes a change, or, one in three, somebody else or a person by hand."""
        change = self.record(what, store)
        maker = drawn.one_of((*self.processes, None))
        if maker is not None:
            maker.making.append(change)

    def record(self, what: Changes, store: int) -> Change:
        """A store has a change, and tells each process."""
        change = Change(len(self.log) + 1, self.now, what)
        self.log.append(change)
        for process in self.processes:
            process.feeds[store].path.carry(change)
        return change

    def hear(self, feed: LateFeed) -> None:
        """The next thing arrives at a feed."""
        news = feed.hear()
        if isinstance(news, Change):
            (process,) = (process for process in self.processes if feed in process.feeds)
            process.knows.add(news.number)

    def loads(self, *, read: bool) -> list[tuple[Process, Load]]:
        """Those that the store has answered, or those that it has not."""
        return [(process, load) for process in self.processes for load in process.loads if load.has_read is read]

    def must_reflect(self, process: Process, session: int) -> int:
        """The last change that an answer about a session has to reflect."""
        return max(
            (
                change.number
                for change in self.log
                if change.concerns(session) and (self.now - change.at >= LEASE or change.number in process.knows)
            ),
            default=0,
        )
