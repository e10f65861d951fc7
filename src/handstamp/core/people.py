"""What a store has to do for the people in it: users, and how they show who they are.

Everything that ``handstamp.core.protocols`` says of all stores holds here too.
"""

from collections.abc import Sequence
from typing import Protocol

from handstamp.core.models import Credential, CredentialKind, Identity, Profile, SealedTokens, User


class UserStore(Protocol):
    """Keeps users, their roles and their identities.

    Of all users at most one has an e-mail address verified, compared without regard to the case of ASCII letters.
    Any number may have it unverified: such an address identifies nobody.
    """

    async def add_user(self, user: User) -> bool:
        """Store a user without any way in; every field comes back as it was stored. False where the id is taken.

        An address that another user has verified is stored as unverified.
        So is one that is missing: who has no address has none verified.
        """
        ...

    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        """The user to whom the identity (issuer, subject) belongs, and whether it was made by this call.

        An unknown identity makes a user with the id ``user_id`` in the same step.
        A known one keeps its user, and what the profile says that is not None replaces what the user had.
        The e-mail address and its verified flag are replaced together.
        A verified address of the user is not replaced by one that the profile does not say to be verified.
        An unverified e-mail address, or a username, that another user has joins nothing and blocks nothing.
        An unknown identity whose address is said to be verified, and that another user has verified, raises
        AddressTaken with the id of that user, and nothing has changed: it may be linked by that user alone.
        For a known one, an address that another user has verified counts as unverified, whatever the profile says.
        When the address becomes verified, every other user who has it unverified loses it in the same step, and
        nothing else.
        Of any number of new identities whose profiles say one address verified, one makes a user.
        Roles and ``disabled_at`` stay as they are.
        Of any number of callers with one new identity, one makes the user and all get that user.
        """
        ...

    async def load_user(self, user_id: str) -> User | None:
        """The user as last committed, disabled or not; a missing one is None, not an error."""
        ...

    async def find_users(self, handle: str) -> tuple[User, ...]:
        """Every user whose id, e-mail address or username is ``handle``, oldest first.

        E-mail address and username are compared without regard to the case of ASCII letters.
        """
        ...

    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """At most ``limit`` users in the order of their ids, beginning after the id ``after``."""
        ...

    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        """The identities of a user, oldest first."""
        ...

    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        """Give the user another identity, (issuer, subject) of the profile; the identity as it is then.

        One that the user has already is used now, and keeps ``created_at``.
        It is None, and nothing has changed, where the identity belongs to another user or the user is missing.
        The user stays as it is, whatever else the profile says.
        Of any number of users who link one identity at once, one gets it.
        """
        ...

    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        """Take an identity from the user; the identity that it was, or None where the user has none such.

        Of any number of callers, one gets it.
        Its tokens go with it.
        With ``keep_a_way_in``, the last way in stays, and this raises LastWayIn.
        Ways in are identities, passwords and confirmed passkeys, counted and removed in one step: of callers who
        remove the last two at once, by whichever verb, one is refused.
        Without it the last one goes too.
        """
        ...

    async def set_email(self, user_id: str, email: str | None) -> User | None:
        """Replace the e-mail address, or clear it; the user as it is then, or None if missing.

        It is unverified from then on, the very address that was verified too.
        """
        ...

    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        """The user has proved to have this address: set it, verified; the user as it is then, or None if missing.

        Every other user who has it unverified loses it in the same step, and nothing else.
        Where another user has it verified nothing changes, and it is None.
        Of any number of users who claim one address at once, one gets it.
        """
        ...

    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        """Give and take roles in one step; the user as it is then, or None if missing.

        A role that is both added and removed is removed.
        Adding what is there and removing what is not changes nothing.
        Callers that add different roles at once lose none.
        """
        ...

    async def disable_user(self, user_id: str, *, now: float) -> User | None:
        """Set ``disabled_at``; the user as it is then, or None if missing. A disabled one keeps its time."""
        ...

    async def enable_user(self, user_id: str) -> User | None:
        """Clear ``disabled_at``; the user as it is then, or None if missing."""
        ...

    async def delete_user(self, user_id: str) -> bool:
        """Remove the user, the roles, the identities with their tokens and the credentials in one step.

        It is whether there was one.

        The identity can then sign up again, as another user.
        What removed credentials were found by, and the address, are free then.
        """
        ...


class TokenStore(Protocol):
    """Keeps what providers gave us to act for people: sealed, one set for each identity."""

    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        """Store the tokens of an identity of the user, in place of those that were there, whatever their version.

        Every field comes back as it was stored.
        It is False, and nothing is stored, where the user has no such identity.
        """
        ...

    async def load_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """The tokens of an identity as last committed; None where none are kept, which is no error."""
        ...

    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        """Replace the tokens of an identity if their version is still the one that was seen.

        Of any number of callers that saw the same, one gets True.
        Where it is False nothing has changed: others were faster, or there are none any more.
        Whatever ``becomes`` says, ``issuer`` and ``subject`` stay as they are.
        """
        ...

    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """Remove the tokens of an identity, which stays; those that they were, or None where none are kept.

        Of any number of callers, one gets them.
        """
        ...


class CredentialStore(Protocol):
    """Keeps passwords, passkeys and codes, as digests, public keys or sealed. It compares no secret."""

    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        """Store a credential of a user; every field comes back as it was stored.

        It is False, and nothing has changed, where the id is taken, or ``lookup`` by one of the same kind.
        It is False where the user has ``most`` of that kind already; those of other kinds do not count.
        It is False where the user is missing.
        Of any number of callers at once, as many succeed as ``most`` allows.
        Of any number of users who add one ``lookup`` at once, one succeeds.
        """
        ...

    async def list_credentials(self, user_id: str) -> tuple[Credential, ...]:
        """The credentials of a user, of every kind, the oldest first."""
        ...

    async def find_credential(self, kind: CredentialKind, lookup: str) -> Credential | None:
        """The credential of this kind that is found by ``lookup``, letter for letter; a missing one is None."""
        ...

    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        """Replace a credential if its version is still the one that was seen; the version goes up by one.

        Of any number of callers that saw the same, one gets True.
        Where it is False nothing has changed: others were faster, or it is missing.
        Whatever ``becomes`` says, ``id``, ``user_id``, ``kind``, ``lookup`` and ``created_at`` stay as they are.
        """
        ...

    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        """Remove a credential of the user; the credential that it was, or None where the user has none such.

        Of any number of callers, one gets it: so a code is used up.
        With ``keep_a_way_in``, the last way in stays, as ``UserStore.unlink_identity`` says, and this raises
        LastWayIn.
        Without it the last one goes too.
        What is no way in, as a code or a passkey that was not confirmed, goes in any case.
        """
        ...

    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> tuple[Credential, ...] | None:
        """Put these in place of all that the user has of the kind, in one step; those that were there, oldest first.

        Where the user is missing it is None, and nothing is stored.
        Other kinds, and other users, are left alone; that a way in is left is not looked after.
        One that is not of this user and kind, or whose id or ``lookup`` is taken, raises ValueError, and nothing has
        changed.
        Of any number of callers at once, each gets what the one before put there, and that of the last is left.
        """
        ...
