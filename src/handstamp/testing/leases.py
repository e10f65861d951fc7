"""Conformance of a lease store."""

from handstamp.core.protocols import LeaseStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW

_FAR = LATER + 1000


class LeaseSuite(ConformanceSuite):
    """Every sentence of ``LeaseStore``."""

    # take_lease

    async def test_a_lease_is_of_one_holder(self, store: LeaseStore, peer: LeaseStore) -> None:
        """True for its one holder, False for any other."""
        assert await store.take_lease("work", holder="a", until=LATER, now=NOW) is True
        assert await store.take_lease("work", holder="b", until=_FAR, now=NOW) is False
        assert await peer.take_lease("work", holder="c", until=_FAR, now=LATER - 1) is False

    async def test_leases_are_told_apart_by_their_names(self, store: LeaseStore) -> None:
        """Hold the name, and no other."""
        assert await store.take_lease("work", holder="a", until=LATER, now=NOW) is True
        assert await store.take_lease("other work", holder="b", until=LATER, now=NOW) is True

    async def test_one_of_many_callers_has_the_lease(self, store: LeaseStore, peer: LeaseStore) -> None:
        """Of any number of callers that want a free name, one gets True: also where the holder is gone."""

        async def take(through: LeaseStore, number: int) -> bool:
            return await through.take_lease("work", holder=f"first-{number}", until=LATER, now=NOW)

        async def take_over(through: LeaseStore, number: int) -> bool:
            return await through.take_lease("work", holder=f"second-{number}", until=_FAR, now=LATER)

        assert (await race(store, peer, take)).count(True) == 1
        assert (await race(store, peer, take_over)).count(True) == 1

    async def test_a_holder_may_renew(self, store: LeaseStore, peer: LeaseStore) -> None:
        """The holder may renew, at any time and to any ``until``: later, earlier, and when it is over."""
        for until, now in ((NOW + 10, NOW), (NOW + 100, NOW + 5), (NOW + 50, NOW + 20), (LATER, NOW + 60)):
            assert await store.take_lease("work", holder="a", until=until, now=now) is True
            assert await peer.take_lease("work", holder="b", until=_FAR, now=until - 1) is False
        assert await peer.take_lease("work", holder="b", until=_FAR, now=LATER) is True

    async def test_a_holder_that_calls_many_times_at_once_keeps_the_lease(
        self, store: LeaseStore, peer: LeaseStore
    ) -> None:
        """The holder may renew, at any time: while it takes the lease for the first time too."""

        async def take(through: LeaseStore, _number: int) -> bool:
            return await through.take_lease("work", holder="a", until=LATER, now=NOW)

        assert await race(store, peer, take) == [True] * CALLERS

    async def test_a_lease_is_taken_over_from_its_end_on(self, store: LeaseStore, peer: LeaseStore) -> None:
        """Another takes it over only when ``until`` of the holder has passed at ``now``, and has it then."""
        assert await store.take_lease("work", holder="a", until=LATER, now=NOW) is True
        assert await peer.take_lease("work", holder="b", until=_FAR, now=LATER - 0.25) is False
        assert await peer.take_lease("work", holder="b", until=_FAR, now=LATER) is True
        assert await store.take_lease("work", holder="a", until=_FAR, now=LATER) is False

    async def test_a_lease_that_is_refused_stays_as_it_is(self, store: LeaseStore) -> None:
        """Where it is False nothing has changed: neither the holder nor the end."""
        await store.take_lease("work", holder="a", until=LATER, now=NOW)
        assert await store.take_lease("work", holder="b", until=_FAR, now=NOW) is False
        assert await store.take_lease("work", holder="c", until=_FAR, now=LATER) is True

    # release_lease

    async def test_a_lease_that_is_given_back_is_free_at_once(self, store: LeaseStore, peer: LeaseStore) -> None:
        """Give the name back, so that the next caller has it at once."""
        await store.take_lease("work", holder="a", until=LATER, now=NOW)
        await store.release_lease("work", holder="a")
        assert await peer.take_lease("work", holder="b", until=LATER, now=NOW) is True

    async def test_a_lease_of_another_is_not_given_back(self, store: LeaseStore, peer: LeaseStore) -> None:
        """The lease of another holder is left alone, and so is one under another name."""
        await store.take_lease("work", holder="a", until=LATER, now=NOW)
        await peer.release_lease("work", holder="b")
        await store.release_lease("other work", holder="a")
        assert await peer.take_lease("work", holder="b", until=LATER, now=NOW) is False

    async def test_giving_back_what_nobody_holds_is_no_error(self, store: LeaseStore) -> None:
        """A name that nobody holds is not an error, twice given back or never taken."""
        await store.release_lease("work", holder="a")
        assert await store.take_lease("work", holder="a", until=LATER, now=NOW) is True
