"""How often somebody may try: guessing is slow for strangers, and locks no owner out.

Three buckets count each try, the narrowest first: one account from one network, one network, one account from
wherever. Which one is empty says what is going on. If it is one of the first two, somebody tries too fast there, and
waits. If it is the account's, many try from many places: waiting would let them keep the owner out, so the owner is
asked for another proof, which a guesser has not (a mail to their address). A browser that has signed in to the
account before has a bucket of its own, and does not notice.

Beyond that, failures in a row are counted, over all networks and however slowly they come. At 40 of strangers and 10
of known browsers only another proof helps: an account has two names, so that is 100 (NIST SP 800-63B-4 §3.2.2).

Accounts are counted by what was typed, whether there is such an account or not: an answer of this tells nothing.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import LoginFailed, RateLimited
from handstamp.core.networks import network_of
from handstamp.core.policy import Bucket, ThrottlePolicy
from handstamp.core.protocols import ThrottleStore
from handstamp.core.text import lower_ascii

PROOF_REQUIRED: Final = "proof_required"
_KEY_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was let in and counted: ``Throttle.passed`` gives back what it took, if it succeeds."""

    given_back: tuple[str, ...] = field(repr=False)
    """Keys of buckets."""


class Throttle:
    """Counts tries, in all processes. Every ``now`` is seconds since the epoch.

    Args:
        store: Where they are counted.
        policy: How many are let in.
        secret: At least 32 bytes. The names of buckets are made with it, so that they tell nobody which addresses
            tried what: there are few enough addresses to try them all.
    """

    def __init__(self, store: ThrottleStore, policy: ThrottlePolicy, *, secret: bytes) -> None:
        self._store: Final = store
        self._policy: Final = policy
        self._secret: Final = secret

    async def admit(
        self, purpose: str, *, account: str, address: str | None, now: float, known: str | None = None
    ) -> Attempt:
        """Let somebody try a secret that can be guessed, and count it.

        Args:
            purpose: What they try, such as ``password``: each is counted apart.
            account: What they say who they are, as typed; the case of ASCII letters makes no difference.
            address: Where they come from.
            now: Seconds since the epoch.
            known: An id that only a browser has which has signed in to this account before, and that was checked.

        Raises:
            RateLimited: Too fast; ``retry_after`` says when there is one more try.
            LoginFailed: ``proof_required``; too many have tried, only another proof helps now.
            StoreUnavailable: Nobody knows; it must not be tried.
        """
        policy, limits, account = self._policy, self._policy.sign_in, lower_ascii(account)
        in_a_row = self._in_a_row(purpose, account)
        if known is not None:
            own = self._key(purpose, "known", account, known)
            await self._wait(own, policy.known, now=now)
            await self._proof(in_a_row[1], Bucket(policy.known_failures, policy.again), now=now)
            return Attempt((own, *in_a_row))
        network = network_of(address)
        pair, all_of_it = self._key(purpose, "pair", account, network), self._key(purpose, "account", account)
        await self._wait(pair, limits.pair, now=now)
        await self._wait(self._key(purpose, "network", network), limits.network, now=now)
        await self._proof(all_of_it, limits.account, now=now)
        await self._proof(in_a_row[0], Bucket(policy.failures, policy.again), now=now)
        return Attempt((pair, all_of_it, *in_a_row))

    async def passed(self, attempt: Attempt) -> None:
        """It succeeded: the failures before it are forgotten, but for what its network has used up.

        A guesser who has an account of their own would fill that bucket by signing in between.

        Raises:
            StoreUnavailable: They may be remembered.
        """
        for key in attempt.given_back:
            await self._store.forget_attempts(key)

    async def proved(self, purpose: str, *, account: str, address: str | None = None) -> None:
        """The owner of an account has shown by other means who they are: all that was tried is forgotten.

        Args:
            purpose: What was tried.
            account: As it was typed then.
            address: Where they are.

        Raises:
            StoreUnavailable: They may be remembered.
        """
        account = lower_ascii(account)
        pair = self._key(purpose, "pair", account, network_of(address))
        await self.passed(Attempt((pair, self._key(purpose, "account", account), *self._in_a_row(purpose, account))))

    async def admit_mail(self, purpose: str, *, account: str, address: str | None, now: float) -> None:
        """Let somebody have a mail sent to an address that they name, and count it. It is never given back.

        Args:
            purpose: What is asked for, such as ``forgot``.
            account: The address that is written to, as typed.
            address: Where they come from.
            now: Seconds since the epoch.

        Raises:
            RateLimited: Too fast. Whether there is such an account makes no difference.
            StoreUnavailable: Nobody knows; nothing is to be sent.
        """
        limits, account, network = self._policy.mail, lower_ascii(account), network_of(address)
        await self._wait(self._key(purpose, "pair", account, network), limits.pair, now=now)
        await self._wait(self._key(purpose, "network", network), limits.network, now=now)
        await self._wait(self._key(purpose, "account", account), limits.account, now=now)

    async def admit_within(self, bucket: Bucket, purpose: str, *about: str, now: float) -> None:
        """Let somebody try something that has a limit of its own, such as a code: count it in one bucket.

        Args:
            bucket: How often.
            purpose: What is tried.
            about: What it is counted by: the id of a session, of a code.
            now: Seconds since the epoch.

        Raises:
            RateLimited: Too often.
            StoreUnavailable: Nobody knows; it must not be tried.
        """
        await self._wait(self._key(purpose, "own", *about), bucket, now=now)

    async def forget_within(self, purpose: str, *about: str) -> None:
        """Fill the bucket of ``admit_within``.

        Raises:
            StoreUnavailable: It may be as it was.
        """
        await self._store.forget_attempts(self._key(purpose, "own", *about))

    def _in_a_row(self, purpose: str, account: str) -> tuple[str, str]:
        return self._key(purpose, "failures", account), self._key(purpose, "known-failures", account)

    async def _wait(self, key: str, bucket: Bucket, *, now: float) -> None:
        wait = await self._store.count_attempt(key, burst=bucket.burst, every=bucket.every, now=now)
        if wait > 0:
            raise RateLimited(wait)

    async def _proof(self, key: str, bucket: Bucket, *, now: float) -> None:
        if await self._store.count_attempt(key, burst=bucket.burst, every=bucket.every, now=now) > 0:
            raise LoginFailed(PROOF_REQUIRED, "too many have tried to guess this account's secret")

    def _key(self, *about: str) -> str:
        """A name that only we can tell: a part that contains the separator cannot be taken for two."""
        message = "".join(f"{len(part)}:{part}" for part in about)
        digest = hmac.digest(self._secret, message.encode("utf-8", "surrogatepass"), sha256)
        return base64url_encode(digest[:_KEY_BYTES])
