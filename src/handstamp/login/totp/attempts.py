"""How often somebody may try a code.

A bucket of a few attempts for people who mistype, and a large one behind it for programs that do not give up. A right
code fills the small one. The large one fills by time alone, or a stranger would have as many again with each sign-in
of the owner. Both belong to one user at one place: whoever knows a password and empties the bucket of sign-ins keeps
the owner from nothing that the owner does while signed in. Attempts with recovery codes belong to one sign-in under
way, so that there is always one left for the owner.
"""

from typing import Final

from handstamp.core.policy import HOUR, MINUTE, Bucket
from handstamp.services.throttle import Throttle

CODES: Final = (Bucket(5, MINUTE / 2), Bucket(50, HOUR))
"""Of one-time codes. After the first fifty, one an hour is left. Three codes of a million are right at any time: the
chance to guess one is 1 in 4,500 on the first day, and 1 in 14,000 on each day after that."""
RECOVERY: Final = (Bucket(10, MINUTE / 6),)
"""Of recovery codes, which nobody guesses: this bounds what trying costs the store."""


class Attempts:
    """Counts the attempts of one kind."""

    def __init__(self, throttle: Throttle, kind: str, buckets: tuple[Bucket, ...]) -> None:
        self._throttle = throttle
        self._buckets = tuple((f"{kind}-{number}", bucket) for number, bucket in enumerate(buckets))

    async def take(self, user_id: str, place: str = "", *, now: float) -> None:
        """Count an attempt, before it is looked at: of any number at once, no more are let through than are left.

        Args:
            user_id: Whose secret is tried.
            place: Where attempts are counted apart.
            now: Seconds since the epoch.

        Raises:
            RateLimited: None is left.
            StoreUnavailable: Nobody knows; the attempt must not be made.
        """
        for purpose, bucket in self._buckets:
            await self._throttle.admit_within(bucket, purpose, user_id, place, now=now)

    async def forget(self, user_id: str, place: str = "") -> None:
        """Fill the small bucket: this was the one who may.

        Raises:
            StoreUnavailable: It is as it was.
        """
        await self._throttle.forget_within(self._buckets[0][0], user_id, place)
