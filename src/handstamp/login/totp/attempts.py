"""How often somebody may try a code.

A bucket of a few attempts for people who mistype, and a large one behind it for programs that do not give up. A right
code fills both. Both belong to one user at one place: whoever knows a password and empties the bucket of sign-ins
keeps the owner from nothing that the owner does while signed in. Attempts with recovery codes belong to one sign-in
under way, so that there is always one left for the owner.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from handstamp.core.errors import RateLimited
from handstamp.core.policy import HOUR, MINUTE
from handstamp.core.protocols import ThrottleStore


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many attempts, and one more after so many seconds."""

    burst: int
    every: float


CODES: Final = (Bucket(5, MINUTE / 2), Bucket(50, HOUR))
"""Of one-time codes. After the first fifty, one an hour is left. Three codes of a million are right at any time: the
chance to guess one is 1 in 4,500 on the first day, and 1 in 14,000 on each day after that."""
RECOVERY: Final = (Bucket(10, MINUTE / 6),)
"""Of recovery codes, which nobody guesses: this bounds what trying costs the store."""


class Attempts:
    """Counts the attempts of one kind."""

    def __init__(self, store: ThrottleStore, kind: str, buckets: tuple[Bucket, ...]) -> None:
        self._store = store
        self._kind = kind
        self._buckets = buckets

    async def take(self, whose: str, *, now: float) -> None:
        """Count an attempt, before it is looked at: of any number at once, no more are let through than are left.

        Args:
            whose: The user, at a place.
            now: Seconds since the epoch.

        Raises:
            RateLimited: None is left.
            StoreUnavailable: Nobody knows; the attempt must not be made.
        """
        for number, bucket in enumerate(self._buckets):
            wait = await self._store.count_attempt(
                self._key(number, whose), burst=bucket.burst, every=bucket.every, now=now
            )
            if wait:
                raise RateLimited(wait)

    async def forget(self, whose: str) -> None:
        """Fill the buckets: this was the one who may.

        Raises:
            StoreUnavailable: They are as they were.
        """
        for number, _ in enumerate(self._buckets):
            await self._store.forget_attempts(self._key(number, whose))

    def _key(self, number: int, whose: str) -> str:
        digest = sha256(f"{self._kind}\0{whose}".encode()).hexdigest()[:32]
        return f"{self._kind}{number}:{digest}"
