"""Accounts: who signs in becomes a user; users are disabled, deleted, given and denied roles."""

import re
from dataclasses import replace
from typing import Final

from handstamp.core.errors import InvalidRequest, LoginFailed, NotFound
from handstamp.core.ids import new_id
from handstamp.core.models import EndReason, Profile, User
from handstamp.core.protocols import UserStore
from handstamp.core.text import can_be_kept, readable
from handstamp.services.audit import Audit
from handstamp.services.cache import CoherentCache
from handstamp.services.sessions import Sessions
from handstamp.services.vault import Vault

_ROLE: Final = re.compile(r"[a-z0-9][a-z0-9._:-]{0,63}")
_MAX_NAME: Final = 256
_MAX_EMAIL: Final = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
_MAX_URL: Final = 2048


class Accounts:
    """The use cases around users. Every ``now`` is seconds since the epoch; each counts at the next request."""

    def __init__(
        self, *, store: UserStore, sessions: Sessions, cache: CoherentCache, audit: Audit, vault: Vault | None = None
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._cache = cache
        self._audit = audit
        self._vault = vault

    async def sign_in(self, profile: Profile, *, now: float) -> User:
        """The user behind a login at a provider, made if this identity was never seen.

        The identity is (issuer, subject). An equal e-mail address or username joins nothing to anything. Of names,
        what nobody can see is left out; an address or a picture that has such characters counts as not said. So does
        a name of more than 256 characters, an address of more than 254 and a picture's of more than 2048: what a
        provider says is in memory for as long as its user is here.

        Raises:
            AddressTaken: The identity is new, and its verified address another user's. Nothing was made.
            LoginFailed: ``invalid_response``; issuer or subject cannot be kept as they are. Nothing was made.
            StoreUnavailable: Nothing was made.
        """
        user, created = await self._store.upsert_identity(_fit(profile), user_id=new_id(now), now=now)
        self._cache.forget_user(user.id)
        if created:
            await self._audit.record("signed_up", now=now, user_id=user.id, issuer=profile.issuer)
        if self._vault is not None and user.disabled_at is None:
            await self._vault.keep(profile, user_id=user.id)
        return user

    async def get(self, user_id: str) -> User:
        """A user by id.

        Raises:
            NotFound: There is none.
        """
        return _found(await self._store.load_user(user_id) if can_be_kept(user_id) else None)

    async def find(self, handle: str) -> tuple[User, ...]:
        """Every user whose id, verified e-mail address or username this is.

        An address that nobody verified identifies nothing, and neither does a username that looks like an address:
        both are whatever somebody chose to claim at a provider.
        """
        if not can_be_kept(handle):
            return ()
        return tuple(user for user in await self._store.find_users(handle) if _answers_to(user, handle))

    async def list(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        """A page of users in the order of their ids, which is the order of their making."""
        return await self._store.list_users(after=after, limit=limit)

    async def change_roles(
        self, user_id: str, *, now: float, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User:
        """Give and take roles.

        Raises:
            InvalidRequest: A role's name is not 1 to 64 of ``a-z 0-9 . _ : -``, beginning with a letter or digit.
            NotFound: There is no such user.
        """
        for role in sorted(add | remove):
            if not _ROLE.fullmatch(role):
                raise InvalidRequest(f"{role!r} is no name for a role: use a-z, 0-9, '.', '_', ':' and '-'")
        user = _found(await self._store.change_roles(user_id, add=add, remove=remove))
        self._cache.forget_user(user_id)
        await self._audit.record(
            "roles_changed", now=now, user_id=user_id, added=" ".join(sorted(add)), removed=" ".join(sorted(remove))
        )
        return user

    async def claim_email(self, user_id: str, email: str, *, now: float) -> User:
        """The user has proved to have this address: it is theirs, and verified.

        Any other user who has it without proof loses it, and nothing else: an account that somebody prepared under it
        is joined to nobody.

        Raises:
            LoginFailed: ``address_taken``; another user has proved to have it.
            NotFound: There is no such user.
        """
        user = await self._store.claim_email(user_id, email, now=now)
        if user is None:
            await self.get(user_id)
            raise LoginFailed("address_taken", "another user has this address verified")
        self._cache.forget_user(user_id)
        await self._audit.record("email_verified", now=now, user_id=user_id)
        return user

    async def disable(self, user_id: str, *, now: float) -> User:
        """Refuse a user from the next request on, and end all sessions, reason ``user_disabled``.

        Raises:
            NotFound: There is no such user.
        """
        user = _found(await self._store.disable_user(user_id, now=now))
        self._cache.forget_user(user_id)
        await self._audit.record("user_disabled", now=now, user_id=user_id)
        await self._sessions.end_all(user_id, reason=EndReason.USER_DISABLED, now=now)
        if self._vault is not None:
            await self._vault.disabled(user_id)
        return user

    async def enable(self, user_id: str, *, now: float) -> User:
        """Let a disabled user sign in again. No session from before comes back.

        Disabling ends them all; one that was started beside it, or was left because it was interrupted, ends here.

        Raises:
            NotFound: There is no such user.
        """
        if (await self.get(user_id)).disabled_at is not None:
            await self._sessions.end_all(user_id, reason=EndReason.USER_DISABLED, now=now)
        user = _found(await self._store.enable_user(user_id))
        self._cache.forget_user(user_id)
        await self._audit.record("user_enabled", now=now, user_id=user_id)
        return user

    async def delete(self, user_id: str, *, now: float) -> None:
        """Remove a user with roles and identities, and end all sessions, reason ``user_deleted``.

        Raises:
            NotFound: There is no such user.
        """
        held = await self._vault.held(user_id) if self._vault is not None else ()
        if not await self._store.delete_user(user_id):
            raise NotFound("there is no such user")
        if self._vault is not None:
            self._vault.revoke(*held)
        self._cache.forget_user(user_id)
        await self._audit.record("user_deleted", now=now, user_id=user_id)
        await self._sessions.end_all(user_id, reason=EndReason.USER_DELETED, now=now)


def _fit(profile: Profile) -> Profile:
    # Leaving something out of half a key would make two people one.
    if not can_be_kept(profile.issuer + profile.subject):
        raise LoginFailed("invalid_response", "the provider names the person in characters that are none")
    email = _within(_MAX_EMAIL, profile.email if profile.email and profile.email.isprintable() else None)
    return replace(
        profile,
        tokens=None,
        email=email,
        email_verified=email is not None and profile.email_verified,
        name=_within(_MAX_NAME, readable(profile.name)),
        username=_within(_MAX_NAME, readable(profile.username)),
        picture=_within(_MAX_URL, profile.picture if profile.picture and profile.picture.isprintable() else None),
    )


def _within(most: int, text: str | None) -> str | None:
    return None if text is None or len(text) > most else text


def _answers_to(user: User, handle: str) -> bool:
    if "@" not in handle:
        return True
    return user.email_verified and user.email is not None and user.email.lower() == handle.lower()


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("there is no such user")
    return user
