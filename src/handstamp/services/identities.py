"""The logins of a user at providers: linked by whoever has shown both, and unlinked, but for the last way in."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import IdentityTaken, NotFound
from handstamp.core.models import Identity, Principal, Profile
from handstamp.core.protocols import UserStore
from handstamp.services.audit import Audit
from handstamp.services.vault import Vault

_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A login of a user, and what is kept of it."""

    identity: Identity
    must_sign_in_again: bool | None
    """Whether the provider takes the tokens that are kept no more; None where none are kept."""


def identity_id(identity: Identity) -> str:
    """A name for a login in addresses: always the same, and it does not show who that is at the provider."""
    digest = sha256(json.dumps([identity.issuer, identity.subject]).encode()).digest()
    return base64url_encode(digest[:_ID_BYTES])


class Identities:
    """The use cases around logins. Every ``now`` is seconds since the epoch."""

    def __init__(self, *, store: UserStore, vault: Vault, audit: Audit) -> None:
        self._store = store
        self._vault = vault
        self._audit = audit

    async def list(self, user_id: str) -> tuple[Linked, ...]:
        """The logins of a user, oldest first.

        Raises:
            StoreUnavailable: Nobody knows.
        """
        return tuple([await self._with_state(one) for one in await self._store.list_identities(user_id)])

    async def belongs(self, profile: Profile, user_id: str) -> bool:
        """Whether a login is this user's.

        Raises:
            StoreUnavailable: Nobody knows.
        """
        theirs = await self._store.list_identities(user_id)
        return any((one.issuer, one.subject) == (profile.issuer, profile.subject) for one in theirs)

    async def link(
        self, profile: Profile, principal: Principal, *, now: float, provider: str, address: str | None = None
    ) -> Identity:
        """Give a user another login, by which they can sign in from now on. One that they have already is used.

        Raises:
            IdentityTaken: It is another user's, and stays theirs.
            StoreUnavailable: It is not known to be linked.
        """
        user_id = principal.user.id
        identity = await self._store.link_identity(profile, user_id=user_id, now=now)
        if identity is None:
            raise IdentityTaken("this login belongs to another user")
        await self._vault.keep(profile, user_id=user_id)
        await self._audit.record(
            "identity_linked",
            now=now,
            user_id=user_id,
            session_id=principal.session.id,
            address=address,
            provider=provider,
            issuer=identity.issuer,
        )
        return identity

    async def unlink(
        self, identity_id_: str, principal: Principal, *, now: float, address: str | None = None
    ) -> Identity:
        """Take a login from a user. Its tokens go with it, and are revoked at the provider.

        Raises:
            LastWayIn: Without it nobody could sign in to the account any more.
            NotFound: The user has none of this id.
            StoreUnavailable: It is not known to be gone.
        """
        user_id = principal.user.id
        theirs = await self._store.list_identities(user_id)
        identity = next((one for one in theirs if identity_id(one) == identity_id_), None)
        held = None if identity is None else await self._vault.state(identity)
        gone = identity and await self._store.unlink_identity(
            identity.issuer, identity.subject, user_id=user_id, keep_a_way_in=True
        )
        if not gone:
            raise NotFound("there is no such login")
        if held is not None:
            self._vault.revoke(held)
        await self._audit.record(
            "identity_unlinked",
            now=now,
            user_id=user_id,
            session_id=principal.session.id,
            address=address,
            issuer=gone.issuer,
        )
        return gone

    async def _with_state(self, identity: Identity) -> Linked:
        state = await self._vault.state(identity)
        return Linked(identity=identity, must_sign_in_again=None if state is None else state.must_sign_in_again)
