"""The vault: what providers gave us to act for people, sealed at rest, renewed when used, erased when not needed.

A token is renewed by one caller at a time in all processes: a provider that gives a new refresh token each time takes
the second use of the old one for theft, and withdraws them all. The old one is kept until the new one is stored.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from handstamp.core.errors import ConfigurationError, MustSignInAgain, NotFound, ProviderUnavailable
from handstamp.core.models import Identity, Profile, ProviderTokens, SealedTokens
from handstamp.core.policy import VaultPolicy
from handstamp.core.protocols import Clock
from handstamp.core.sealing import Sealer
from handstamp.services.audit import Audit
from handstamp.services.closing import Closing
from handstamp.services.renewals import Renewals, TokenBox, TokenRefresher, VaultStore

MAX_SEALED_BYTES: Final = 65_536
"""Of the tokens of one identity: those of Microsoft take a few thousand."""

LEEWAY: Final = 60.0
"""Seconds before its end from which on an access token is renewed: it has to last for the call that it is for."""

_REVOCATIONS_AT_ONCE: Final = 8
_REVOCATION_WITHIN: Final = 10.0

_LOG: Final = logging.getLogger("handstamp.vault")


class Vault:
    """Keeps tokens of providers, and gives out those that are good now.

    Args:
        store: Where they are kept, sealed.
        sealer: Of their purpose; it takes up to ``MAX_SEALED_BYTES``.
        refreshers: The providers whose tokens are kept. Those of others are not.
        policy: When they are erased.
        audit: The trail.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        *,
        store: VaultStore,
        sealer: Sealer,
        refreshers: Sequence[TokenRefresher],
        policy: VaultPolicy,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._store = store
        self._box = TokenBox(sealer, clock)
        self._refreshers = tuple(refreshers)
        self._policy = policy
        self._clock = clock
        self._renewals = Renewals(store=store, box=self._box, audit=audit, clock=clock, revoke=self._revoke)
        self._revocations = Closing(at_once=_REVOCATIONS_AT_ONCE, within=_REVOCATION_WITHIN)

    @property
    def keeps_tokens(self) -> bool:
        """Whether there is a provider whose tokens are kept."""
        return bool(self._refreshers)

    async def token(self, user_id: str, provider: str, *, refused: str | None = None) -> str:
        """A valid access token of a user at a provider; see ``tokens``."""
        return (await self.tokens(user_id, provider, refused=refused)).access_token

    async def tokens(self, user_id: str, provider: str, *, refused: str | None = None) -> ProviderTokens:
        """Valid tokens of a user at a provider, renewed first where they end within a minute.

        Of several logins of the user there, those of the one that was used last.

        Args:
            user_id: Whose.
            provider: The id of the way in, such as ``google``.
            refused: An access token that the provider has refused since it was given: it is not given again, though
                it should be good for longer, or nobody knows for how long.

        Raises:
            ConfigurationError: No provider of this id keeps tokens.
            MustSignInAgain: The provider takes what is kept no more.
            NotFound: None are kept: the user never signed in there, or has signed out.
            ProviderUnavailable: They are due, and the provider, or the process that renews them, does not answer in
                time. What is kept is as it was.
            StoreUnavailable: Nobody knows.
        """
        refresher = self._refresher(provider)
        kept = await self._latest(user_id, refresher)
        tokens = self._box.open(kept)
        now = self._clock()
        if tokens.access_token != refused and not _ends_before(tokens, now + LEEWAY):
            return tokens
        try:
            return await self._renewals.renewed(refresher, kept, user_id)
        except ProviderUnavailable:
            if tokens.access_token == refused or _ends_before(tokens, now):
                raise
            return tokens  # in its last minute, and good until then

    async def keep(self, profile: Profile, *, user_id: str) -> None:
        """Keep what somebody who has just signed in brought, in place of what they brought before.

        A refresh token that the provider does not give again is kept. Where it does not keep tokens nothing happens.

        Raises:
            StoreUnavailable: It is not known to be kept.
        """
        tokens = profile.tokens
        if tokens is None:
            return
        before = await self._store.load_tokens(profile.issuer, profile.subject)
        if tokens.refresh_token is None and before is not None and not before.must_sign_in_again:
            with suppress(MustSignInAgain):  # sealed with a secret that is gone
                tokens = replace(tokens, refresh_token=self._box.open(before).refresh_token)
        try:
            sealed = self._box.seal(profile.issuer, profile.subject, tokens)
        except ValueError:
            _LOG.warning("the tokens of a sign-in at %s are too long to be kept", profile.issuer)
            return
        await self._store.keep_tokens(sealed, user_id=user_id)

    async def state(self, identity: Identity) -> SealedTokens | None:
        """What is kept of an identity, sealed; None where nothing is, or no provider keeps anything."""
        if not self.keeps_tokens:
            return None
        return await self._store.load_tokens(identity.issuer, identity.subject)

    async def held(self, user_id: str) -> tuple[SealedTokens, ...]:
        """What is kept of all identities of a user: to be revoked when they are gone."""
        if not self.keeps_tokens:
            return ()
        states = [await self.state(identity) for identity in await self._store.list_identities(user_id)]
        return tuple(state for state in states if state is not None)

    async def signed_out(self, user_id: str) -> None:
        """Erase and revoke what is kept of a user whose last session was ended by signing out, as configured.

        Raises:
            StoreUnavailable: It is not known to be erased.
        """
        if self._policy.erase_at_sign_out:
            await self.forget(user_id)

    async def disabled(self, user_id: str) -> None:
        """The same of a user who was disabled."""
        if self._policy.erase_when_disabled:
            await self.forget(user_id)

    async def forget(self, user_id: str) -> None:
        """Erase what is kept of a user, and have it revoked.

        Raises:
            StoreUnavailable: It is not known to be erased.
        """
        for held in await self.held(user_id):
            erased = await self._store.erase_tokens(held.issuer, held.subject)
            if erased is not None:
                self.revoke(erased)

    def revoke(self, *erased: SealedTokens) -> None:
        """Have tokens revoked at their providers that are not kept any more; soon, and beside everything else.

        Nobody waits for it. A provider that does not answer within 10 s is not told.
        """
        for sealed in erased if self._policy.revoke else ():
            refresher = next((one for one in self._refreshers if one.speaks_for(sealed.issuer)), None)
            if refresher is not None and not sealed.must_sign_in_again:
                with suppress(MustSignInAgain):
                    self._revoke(refresher, self._box.open(sealed))

    async def close(self) -> None:
        """Come back when renewals and revocations that are under way are done or given up, each in its time."""
        await self._renewals.settled()
        await self._revocations.settled()

    def _refresher(self, provider: str) -> TokenRefresher:
        for refresher in self._refreshers:
            if refresher.id == provider:
                return refresher
        raise ConfigurationError(f"no tokens of {provider!r} are kept: pass keep_tokens=True to that way in")

    async def _latest(self, user_id: str, refresher: TokenRefresher) -> SealedTokens:
        identities = await self._store.list_identities(user_id)
        for identity in sorted(identities, key=lambda one: one.last_used_at, reverse=True):
            if refresher.speaks_for(identity.issuer):
                kept = await self._store.load_tokens(identity.issuer, identity.subject)
                if kept is not None:
                    return kept
        raise NotFound(f"no tokens of this user at {refresher.id} are kept")

    def _revoke(self, refresher: TokenRefresher, tokens: ProviderTokens) -> None:
        async def tell() -> None:
            try:
                await refresher.revoke(tokens, now=self._clock())
            except ProviderUnavailable as error:
                _LOG.warning("%s was not told that tokens are not needed any more: %s", refresher.id, error)

        self._revocations.add(tell)


def _ends_before(tokens: ProviderTokens, at: float) -> bool:
    return tokens.expires_at is not None and tokens.expires_at <= at
