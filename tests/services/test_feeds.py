"""One feed out of two."""

import pytest

from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes
from handstamp.services.feeds import CombinedFeed
from handstamp.testing import NOW


class SaidFeed:
    """Says what it was told to say, then nothing."""

    def __init__(self, *said: Changes) -> None:
        self.said = list(said)
        self.closed = False

    def poll(self, now: float) -> Changes:
        """What is next."""
        return self.said.pop(0) if self.said else NOTHING_CHANGED

    def close(self) -> None:
        """Note it."""
        self.closed = True


def test_where_nothing_changed_it_is_the_object_itself() -> None:
    """In either store."""
    assert CombinedFeed(SaidFeed(), SaidFeed()).poll(NOW) is NOTHING_CHANGED


def test_what_either_tells_is_told() -> None:
    """Together, where both do."""
    feed = CombinedFeed(SaidFeed(Changes(users=("u",))), SaidFeed(Changes(sessions=("s",), users=("v",))))
    assert feed.poll(NOW) == Changes(sessions=("s",), users=("u", "v"))
    assert feed.poll(NOW) is NOTHING_CHANGED


@pytest.mark.parametrize("first", [True, False])
def test_everything_in_one_is_everything(first: bool) -> None:  # noqa: FBT001  a table of two
    """An answer from memory depends on both."""
    feeds = [SaidFeed(EVERYTHING_CHANGED), SaidFeed()]
    assert CombinedFeed(*(feeds if first else feeds[::-1])).poll(NOW) == EVERYTHING_CHANGED


@pytest.mark.parametrize("first", [True, False])
def test_it_is_coherent_while_both_are(first: bool) -> None:  # noqa: FBT001  a table of two
    """And what the other one told meanwhile is not lost."""
    feeds = [SaidFeed(UNKNOWN), SaidFeed(Changes(sessions=("s",)))]
    assert CombinedFeed(*(feeds if first else feeds[::-1])).poll(NOW) == Changes(coherent=False, sessions=("s",))


def test_closing_it_closes_both() -> None:
    """Neither goes on by itself."""
    users, sessions = SaidFeed(), SaidFeed()
    CombinedFeed(users, sessions).close()
    assert users.closed
    assert sessions.closed
