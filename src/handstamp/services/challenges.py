"""One-time things: sign-in flows, links, codes. They carry their own content, sealed; this keeps them single-use."""

from hashlib import sha256

from handstamp.core.protocols import ChallengeStore


class Challenges:
    """Uses things up, once each. The store sees a digest, never the thing itself."""

    def __init__(self, store: ChallengeStore) -> None:
        self._store = store

    async def consume(self, purpose: str, value: str, *, expires_at: float, now: float) -> bool:
        """True for exactly one caller, in all processes; False for any later one and from ``expires_at`` on.

        Args:
            purpose: What the value is for; the same value for another purpose is another thing.
            value: At least 128 random bits.
            expires_at: Seconds since the epoch; nothing is remembered for longer.
            now: Seconds since the epoch.

        Raises:
            StoreUnavailable: Nobody knows; the thing must not be accepted.
        """
        digest = sha256(f"{purpose}\0{value}".encode()).hexdigest()
        return await self._store.consume_challenge(digest, expires_at=expires_at, now=now)
