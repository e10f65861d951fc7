"""The lease of a change feed: it holds only while what was sent comes back."""

from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.lease import Lease


def test_a_new_lease_does_not_hold() -> None:
    """Nobody knows anything before the first heartbeat has come back."""
    lease = Lease(3.0)
    lease.beat(0.0)
    assert not lease.holds(0.0)


def test_it_holds_from_when_the_heartbeat_was_sent() -> None:
    """Not from when it came: the way back took part of the lease."""
    lease = Lease(3.0)
    lease.came_back(lease.beat(10.0))
    assert lease.holds(12.999)
    assert not lease.holds(13.0)


def test_a_later_heartbeat_prolongs_it_and_an_earlier_one_does_not_shorten_it() -> None:
    """Heartbeats may overtake each other."""
    lease = Lease(3.0)
    first, second = lease.beat(10.0), lease.beat(11.0)
    lease.came_back(second)
    lease.came_back(first)
    assert lease.holds(13.999)


def test_what_was_not_sent_counts_nothing() -> None:
    """Another process's heartbeat comes by the same path."""
    lease = Lease(3.0)
    lease.came_back(Lease(3.0).beat(10.0))
    assert not lease.holds(10.0)


def test_a_heartbeat_counts_once() -> None:
    """Nothing is prolonged by a message that is delivered again."""
    lease = Lease(3.0)
    mark = lease.beat(10.0)
    lease.came_back(mark)
    lease.drop()
    lease.came_back(mark)
    assert not lease.holds(10.0)


def test_after_a_break_only_a_new_heartbeat_counts() -> None:
    """One that was under way when the path broke may have come by the old one."""
    lease = Lease(3.0)
    before = lease.beat(10.0)
    lease.drop()
    lease.came_back(before)
    assert not lease.holds(10.5)
    lease.came_back(lease.beat(10.5))
    assert lease.holds(13.0)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200).map(sorted))
def test_heartbeats_that_never_come_back_take_no_room(times: list[float]) -> None:
    """Only those that could still count are remembered."""
    lease = Lease(3.0)
    for at in times:
        lease.beat(at)
    assert all(times[-1] - sent < 3.0 for sent in lease._sent.values())
