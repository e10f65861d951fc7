"""What a poll of the MongoDB feed says, without a server."""

import time

from handstamp.core.lease import LEASE, Lease
from handstamp.core.models import EVERYTHING_CHANGED, NOTHING_CHANGED, UNKNOWN, Changes
from handstamp.stores.mongodb.feed import MOST_TOLD, MongoFeed
from handstamp.testing import NOW


def holding() -> Lease:
    """A lease that holds."""
    lease = Lease()
    lease.came_back(lease.beat(time.monotonic()))
    return lease


def a_feed(lease: Lease) -> MongoFeed:
    """A feed that nobody waits for."""
    return MongoFeed(lease, lambda _feed: None)


def test_without_a_heartbeat_it_vouches_for_nothing() -> None:
    """A feed that cannot tell says so."""
    assert a_feed(Lease()).poll(NOW) is UNKNOWN


def test_a_heartbeat_that_was_sent_too_long_ago_counts_nothing() -> None:
    """When it was sent counts, not when it came."""
    lease = Lease()
    lease.came_back(lease.beat(time.monotonic() - LEASE))
    assert a_feed(lease).poll(NOW) is UNKNOWN


def test_changes_are_told_once() -> None:
    """What has changed since the last poll, each once."""
    feed = a_feed(holding())
    feed.note_session("one")
    feed.note_session("one")
    feed.note_user("ada")
    assert feed.poll(NOW) == Changes(sessions=("one",), users=("ada",))
    assert feed.poll(NOW) is NOTHING_CHANGED


def test_what_came_while_the_lease_did_not_hold_is_told_when_it_does() -> None:
    """Before the feed is coherent again it tells what it missed."""
    lease = Lease()
    feed = a_feed(lease)
    feed.note_session("one")
    assert feed.poll(NOW) is UNKNOWN
    lease.came_back(lease.beat(time.monotonic()))
    assert feed.poll(NOW) == Changes(sessions=("one",))


def test_a_feed_that_fell_far_behind_says_everything() -> None:
    """Above 10,000 changes it does not keep each."""
    feed = a_feed(holding())
    for number in range(MOST_TOLD + 1):
        feed.note_session(f"session-{number}")
    feed.note_user("ada")
    assert feed.poll(NOW) is EVERYTHING_CHANGED
    assert feed.poll(NOW) is NOTHING_CHANGED


def test_a_closed_feed_keeps_nothing() -> None:
    """And is let go once."""
    closed: list[MongoFeed] = []
    feed = MongoFeed(holding(), closed.append)
    feed.close()
    feed.close()
    assert closed == [feed]
    assert feed.poll(NOW) is UNKNOWN
