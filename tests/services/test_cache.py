"""The coherent cache: it never gives an answer that is older than what the store says."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes, Principal, User
from handstamp.services import cache as cache_module
from handstamp.services.cache import Admission, CoherentCache
from handstamp.testing import NOW, a_session

TOKEN = b"token"
NEVER = NOW + 1e9


@dataclass
class ScriptedFeed:
    """A change feed that tells what a test makes it tell."""

    waiting: list[Changes] = field(default_factory=list[Changes])
    coherent: bool = True

    def poll(self, now: float) -> Changes:
        """Everything that waits, at once."""
        del now
        if not self.coherent:
            return UNKNOWN
        if not self.waiting:
            return NOTHING_CHANGED
        waiting, self.waiting = self.waiting, []
        return Changes(
            coherent=all(one.coherent for one in waiting),
            everything=any(one.everything for one in waiting),
            sessions=tuple(key for one in waiting for key in one.sessions),
            users=tuple(key for one in waiting for key in one.users),
        )

    def close(self) -> None:
        """Tell nothing more."""
        self.coherent = False


def an_admission(session_id: str = "session", user_id: str = "user", *, good_until: float = NEVER) -> Admission:
    """A request that was let in."""
    session = a_session(id=session_id, user_id=user_id)
    return Admission(Principal(user=User(id=user_id, created_at=NOW), session=session), 1, True, good_until)


def a_cache(max_entries: int = 100) -> tuple[CoherentCache, ScriptedFeed]:
    """A cache and its feed."""
    feed = ScriptedFeed()
    return CoherentCache(feed, max_entries=max_entries), feed


def install(cache: CoherentCache, token: bytes, admission: Admission) -> None:
    """Load and install with nothing in between."""
    cache.install(token, admission, mark=cache.mark(NOW), now=NOW)


def test_what_is_installed_is_found() -> None:
    """The very same answer, for that token and no other."""
    cache, _ = a_cache()
    admission = an_admission()
    install(cache, TOKEN, admission)
    assert cache.get(TOKEN, NOW) is admission
    assert cache.get(b"tokem", NOW) is None
    assert len(cache) == 1


def test_an_answer_is_good_until_its_time_and_no_longer() -> None:
    """From ``good_until`` on the store is asked."""
    cache, _ = a_cache()
    admission = an_admission(good_until=NOW + 10)
    install(cache, TOKEN, admission)
    assert cache.get(TOKEN, NOW + 9.999) is admission
    assert cache.get(TOKEN, NOW + 10) is None


@pytest.mark.parametrize(
    "changes",
    [Changes(sessions=("other", "session")), Changes(users=("other", "user")), EVERYTHING_CHANGED],
    ids=["session", "user", "everything"],
)
def test_a_change_that_the_feed_tells_takes_the_answer_away(changes: Changes) -> None:
    """Of the session, of the user, or of what cannot be told; for good."""
    cache, feed = a_cache()
    install(cache, TOKEN, an_admission())
    feed.waiting.append(changes)
    assert cache.get(TOKEN, NOW) is None
    assert cache.get(TOKEN, NOW) is None
    assert len(cache) == 0


def test_a_change_of_others_leaves_the_answer() -> None:
    """Only what has changed is forgotten."""
    cache, feed = a_cache()
    admission = an_admission()
    install(cache, TOKEN, admission)
    install(cache, b"another", an_admission("another", "another"))
    feed.waiting.append(Changes(sessions=("another",), users=("else",)))
    assert cache.get(TOKEN, NOW) is admission
    assert cache.get(b"another", NOW) is None


def test_a_change_takes_away_all_tokens_of_a_session_and_all_sessions_of_a_user() -> None:
    """A session has several tokens while one is in its grace, a user several sessions."""
    cache, _ = a_cache()
    for token, session_id in ((b"1", "a"), (b"2", "a"), (b"3", "b"), (b"4", "b")):
        install(cache, token, an_admission(session_id))
    install(cache, b"5", an_admission("c", "another"))
    cache.forget_session("a")
    assert [bool(cache.get(token, NOW)) for token in (b"1", b"2", b"3", b"4", b"5")] == [False, False, *[True] * 3]
    cache.forget_user("user")
    assert [bool(cache.get(token, NOW)) for token in (b"3", b"4", b"5")] == [False, False, True]


def test_a_feed_that_cannot_tell_silences_the_cache() -> None:
    """While it is not coherent nothing is answered and nothing installed; what it tells meanwhile counts."""
    cache, feed = a_cache()
    admission = an_admission()
    install(cache, TOKEN, admission)
    install(cache, b"another", an_admission("another"))
    feed.coherent = False
    assert cache.get(TOKEN, NOW) is None
    assert cache.mark(NOW) is None
    feed.coherent = True
    assert cache.get(TOKEN, NOW) is admission
    feed.waiting.append(Changes(coherent=False, sessions=("another",)))
    assert cache.get(TOKEN, NOW) is None
    assert cache.get(b"another", NOW) is None
    assert cache.get(TOKEN, NOW) is admission


def test_a_load_that_began_without_a_mark_is_not_installed() -> None:
    """What the feed could not vouch for when the load began, nobody can vouch for later."""
    cache, _ = a_cache()
    cache.install(TOKEN, an_admission(), mark=None, now=NOW)
    assert len(cache) == 0


def test_a_load_is_not_installed_while_the_feed_cannot_tell() -> None:
    """A change may be waiting behind the silence."""
    cache, feed = a_cache()
    mark = cache.mark(NOW)
    feed.coherent = False
    cache.install(TOKEN, an_admission(), mark=mark, now=NOW)
    feed.coherent = True
    assert cache.get(TOKEN, NOW) is None


CHANGES = {
    "told, of the session": Changes(sessions=("session",)),
    "told, of the user": Changes(users=("user",)),
    "told, of everything": EVERYTHING_CHANGED,
    "made here, of the session": "session",
    "made here, of the user": "user",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("seen", ["by another request", "by the installation", "by the next request"])
def test_a_change_between_mark_and_use_is_never_overlooked(change: Changes | str, seen: str) -> None:
    """Wherever the change falls between the load's beginning and the next answer."""
    cache, feed = a_cache()
    mark = cache.mark(NOW)

    def happen() -> None:
        if isinstance(change, Changes):
            feed.waiting.append(change)
        elif change == "session":
            cache.forget_session("session")
        else:
            cache.forget_user("user")

    if seen != "by the next request":
        happen()
    if seen == "by another request":
        cache.get(b"another", NOW)
    cache.install(TOKEN, an_admission(), mark=mark, now=NOW)
    if seen == "by the next request":
        happen()
    assert cache.get(TOKEN, NOW) is None


def test_a_change_of_others_during_a_load_does_not_hinder_it() -> None:
    """Under constant change the cache goes on filling."""
    cache, feed = a_cache()
    mark = cache.mark(NOW)
    feed.waiting.append(Changes(sessions=("another",), users=("else",)))
    cache.forget_session("third")
    admission = an_admission()
    cache.install(TOKEN, admission, mark=mark, now=NOW)
    assert cache.get(TOKEN, NOW) is admission


def test_a_load_that_began_after_a_change_is_installed() -> None:
    """The change is in what it read."""
    cache, feed = a_cache()
    feed.waiting.append(EVERYTHING_CHANGED)
    admission = an_admission()
    install(cache, TOKEN, admission)
    cache.forget_session("session")
    install(cache, TOKEN, admission)
    assert cache.get(TOKEN, NOW) is admission


def test_the_cache_is_bounded_and_drops_the_oldest() -> None:
    """One that is installed again, as each in use is once a minute, is new."""
    cache, _ = a_cache(max_entries=3)
    for number in (0, 1, 2, 0, 3):
        install(cache, b"%d" % number, an_admission(f"session-{number}", f"user-{number}"))
    assert [bool(cache.get(b"%d" % number, NOW)) for number in range(4)] == [True, False, True, True]
    assert len(cache) == 3


def test_a_large_cache_makes_room_for_many_at_once() -> None:
    """The oldest, and a small part of all: never more than that, and never more entries than are allowed."""
    cache, _ = a_cache(max_entries=1_000)
    for number in range(1_001):
        install(cache, b"%d" % number, an_admission(f"session-{number}", f"user-{number}"))
    assert [bool(cache.get(b"%d" % number, NOW)) for number in (0, 1, 2, 1_000)] == [False, False, True, True]
    assert len(cache) == 999


def test_a_token_that_is_installed_again_is_kept_once() -> None:
    """The later answer counts, and a change takes it away."""
    cache, _ = a_cache()
    install(cache, TOKEN, an_admission())
    later = replace(an_admission(), generation=2)
    install(cache, TOKEN, later)
    assert cache.get(TOKEN, NOW) is later
    cache.forget_session("session")
    assert len(cache) == 0


def test_nothing_is_kept_of_what_was_dropped() -> None:
    """The indexes by session and user end with the last token of each."""
    cache, _ = a_cache(max_entries=5)
    for number in range(50):
        install(cache, b"%d" % number, an_admission(f"session-{number % 7}", f"user-{number % 3}"))
    tokens = {token for kept in cache._tokens_of_session.values() for token in kept}
    assert tokens == set(cache._entries) == {token for kept in cache._tokens_of_user.values() for token in kept}
    for number in range(7):
        cache.forget_session(f"session-{number}")
    assert not cache._entries
    assert not cache._tokens_of_session
    assert not cache._tokens_of_user


def test_the_memory_of_changes_is_bounded() -> None:
    """However many sessions change, and however often everything does."""
    cache, feed = a_cache()
    for number in range(3 * cache_module._REMEMBERED):
        cache.forget_session(f"session-{number}")
        if number % 1000 == 0:
            feed.waiting.append(EVERYTHING_CHANGED)
            cache.get(TOKEN, NOW)
    assert len(cache._touched) == cache_module._REMEMBERED


def test_a_change_that_fell_out_of_memory_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that is older than what can be remembered is not installed, whatever it was about."""
    monkeypatch.setattr(cache_module, "_REMEMBERED", 3)
    cache, _ = a_cache()
    mark = cache.mark(NOW)
    cache.forget_session("session")
    for number in range(3):
        cache.forget_session(f"other-{number}")
    cache.install(TOKEN, an_admission(), mark=mark, now=NOW)
    assert cache.get(TOKEN, NOW) is None
    install(cache, TOKEN, an_admission())
    assert cache.get(TOKEN, NOW) is not None


def test_a_closed_cache_answers_nothing() -> None:
    """It has closed its feed, and keeps nothing."""
    cache, feed = a_cache()
    install(cache, TOKEN, an_admission())
    cache.close()
    feed.coherent = True
    assert cache.get(TOKEN, NOW) is None
    assert len(cache) == 0


KEYS = st.integers(0, 3)


class CacheMachine(RuleBasedStateMachine):
    """Loads, changes, silences and requests in any order.

    Session n belongs to user n // 2, and token n to session n. An answer carries, as its generation, how often its
    session and user had changed when its load began. The bounds are small, so that they are always overrun.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cache, self.feed = a_cache(max_entries=3)
        self.changes: Counter[str] = Counter()
        self.loads: list[tuple[int, int | None, int]] = []

    def version(self, number: int) -> int:
        """How often something that counts for a session has changed."""
        return self.changes[f"s{number}"] + self.changes[f"u{number // 2}"] + self.changes["everything"]

    @rule(number=KEYS)
    def begin(self, number: int) -> None:
        """A load begins."""
        self.loads.append((number, self.cache.mark(NOW), self.version(number)))

    @precondition(lambda self: self.loads)
    @rule(pick=st.integers(0, 9))
    def finish(self, pick: int) -> None:
        """Some load comes back, in whatever order."""
        number, mark, seen = self.loads.pop(pick % len(self.loads))
        admission = replace(an_admission(f"s{number}", f"u{number // 2}"), generation=seen)
        self.cache.install(b"%d" % number, admission, mark=mark, now=NOW)

    @rule(number=KEYS)
    def session_changes(self, number: int) -> None:
        """Elsewhere: the feed tells it."""
        self.changes[f"s{number}"] += 1
        self.feed.waiting.append(Changes(sessions=(f"s{number}",)))

    @rule(number=KEYS)
    def user_changes(self, number: int) -> None:
        """Elsewhere: the feed tells it."""
        self.changes[f"u{number // 2}"] += 1
        self.feed.waiting.append(Changes(users=(f"u{number // 2}",)))

    @rule()
    def everything_changes(self) -> None:
        """Elsewhere: the feed tells it."""
        self.changes["everything"] += 1
        self.feed.waiting.append(EVERYTHING_CHANGED)

    @rule(number=KEYS)
    def session_changes_here(self, number: int) -> None:
        """This process made the change, and the feed has not told it yet."""
        self.changes[f"s{number}"] += 1
        self.cache.forget_session(f"s{number}")

    @rule(number=KEYS)
    def user_changes_here(self, number: int) -> None:
        """This process made the change, and the feed has not told it yet."""
        self.changes[f"u{number // 2}"] += 1
        self.cache.forget_user(f"u{number // 2}")

    @rule(coherent=st.booleans())
    def falls_silent_or_speaks(self, coherent: bool) -> None:  # noqa: FBT001  drawn by hypothesis
        """What has changed during a silence is told after it."""
        self.feed.coherent = coherent

    @rule(number=KEYS)
    def request(self, number: int) -> None:
        """No answer is older than the last change."""
        found = self.cache.get(b"%d" % number, NOW)
        assert found is None or found.generation == self.version(number)
        assert found is None or self.feed.coherent

    @invariant()
    def bounded(self) -> None:
        """Neither answers nor the memory of changes grow."""
        assert len(self.cache) <= 3
        assert len(self.cache._touched) <= cache_module._REMEMBERED


def test_no_answer_is_older_than_the_last_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order of loads, changes, silences and requests."""
    monkeypatch.setattr(cache_module, "_REMEMBERED", 2)
    run_state_machine_as_test(CacheMachine, settings=settings(stateful_step_count=40))
