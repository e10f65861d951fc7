"""Conformance of a challenge store."""

from handstamp.core.ids import new_secret
from handstamp.core.protocols import ChallengeStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import LATER, NOW


class ChallengeStoreSuite(ConformanceSuite):
    """Every sentence of ``ChallengeStore``."""

    async def test_consume_is_true_once(self, store: ChallengeStore, peer: ChallengeStore) -> None:
        """True for the first caller, False for any other."""
        challenge = new_secret()
        assert await store.consume_challenge(challenge, expires_at=LATER, now=NOW) is True
        assert await store.consume_challenge(challenge, expires_at=LATER, now=NOW) is False
        assert await peer.consume_challenge(challenge, expires_at=LATER, now=NOW) is False

    async def test_consume_tells_challenges_apart(self, store: ChallengeStore) -> None:
        """Use up a one-time thing, and no other."""
        assert await store.consume_challenge(new_secret(), expires_at=LATER, now=NOW) is True
        assert await store.consume_challenge(new_secret(), expires_at=LATER, now=NOW) is True

    async def test_consume_is_true_for_one_of_many_callers(self, store: ChallengeStore, peer: ChallengeStore) -> None:
        """Of any number of callers at once, one gets True."""
        challenge = new_secret()

        async def consume(through: ChallengeStore, _number: int) -> bool:
            return await through.consume_challenge(challenge, expires_at=LATER, now=NOW)

        assert (await race(store, peer, consume)).count(True) == 1

    async def test_consume_is_false_from_its_expiry_on(self, store: ChallengeStore) -> None:
        """At or past ``expires_at`` it is False."""
        assert await store.consume_challenge(new_secret(), expires_at=NOW, now=NOW) is False
        assert await store.consume_challenge(new_secret(), expires_at=NOW, now=LATER) is False

    async def test_purge_forgets_what_has_expired(self, store: ChallengeStore) -> None:
        """Forget used-up things whose ``expires_at`` has passed; give how many."""
        await store.consume_challenge(new_secret(), expires_at=NOW + 1, now=NOW)
        await store.consume_challenge(new_secret(), expires_at=LATER, now=NOW)
        assert await store.purge_challenges(now=NOW + 1, limit=10) == 1
        assert await store.purge_challenges(now=NOW + 1, limit=10) == 0

    async def test_purge_remembers_what_has_not_expired(self, store: ChallengeStore) -> None:
        """What could be used a second time is not forgotten."""
        challenge = new_secret()
        await store.consume_challenge(challenge, expires_at=LATER, now=NOW)
        assert await store.purge_challenges(now=LATER - 1, limit=10) == 0
        assert await store.consume_challenge(challenge, expires_at=LATER, now=LATER - 1) is False

    async def test_purge_stops_at_its_limit(self, store: ChallengeStore) -> None:
        """Forget at most ``limit`` things."""
        for _ in range(5):
            await store.consume_challenge(new_secret(), expires_at=NOW + 1, now=NOW)
        forgotten = [await store.purge_challenges(now=LATER, limit=2) for _ in range(4)]
        assert forgotten == [2, 2, 1, 0]
