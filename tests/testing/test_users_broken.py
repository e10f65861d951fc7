"""The suite of user stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from broken import tests_of as named_in
from handstamp.core.models import (
    Identity,
    Profile,
    User,
)
from handstamp.stores.memory import MemoryStore
from handstamp.testing import (
    UserStoreSuite,
)
from handstamp.testing.emails import EmailSuite
from handstamp.testing.links import LinkSuite

broken = Breakages(UserStoreSuite)


@broken.found_by(
    "test_upsert_does_not_join_by_address_or_username",
    "test_upsert_makes_one_user_of_an_address",
    "test_upsert_takes_the_address_from_those_who_did_not_prove_it",
    "test_upsert_tells_issuers_apart",
)
class JoinsByAddress(MemoryStore):
    """Whoever brings the same e-mail address is let in as that user."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        same = [user for user in self._users.values() if user.email and user.email == profile.email]
        known = (profile.issuer, profile.subject) in self._identities
        if same and not known:
            return same[0], False
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by(
    "test_link_gives_the_identity_to_one_of_many",
    "test_link_gives_the_user_an_identity",
    "test_link_of_the_identity_of_another_is_none",
    "test_list_gives_the_identities_of_a_user",
    "test_upsert_tells_issuers_apart",
)
class IgnoresTheIssuer(MemoryStore):
    """A number at one provider is taken for the same number at another."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        return await super().upsert_identity(replace(profile, issuer=""), user_id=user_id, now=now)


@broken.found_by(
    "test_upsert_of_a_known_one_does_not_verify_the_address_of_another",
    "test_upsert_replaces_address_and_verified_flag_together",
    "test_upsert_takes_over_what_the_profile_says",
    "test_upsert_takes_the_address_from_those_who_did_not_prove_it",
)
class UpsertKeepsTheOldProfile(MemoryStore):
    """What the provider says now is not taken over."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        if (profile.issuer, profile.subject) in self._identities:
            profile = Profile(issuer=profile.issuer, subject=profile.subject)
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_upsert_keeps_what_the_profile_does_not_say")
class UpsertForgets(MemoryStore):
    """What the provider does not say is forgotten."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        return self._put_user(replace(user, name=profile.name)), made


@broken.found_by(
    "test_upsert_of_a_known_one_does_not_verify_the_address_of_another",
    "test_upsert_replaces_address_and_verified_flag_together",
)
class UpsertKeepsTheFlag(MemoryStore):
    """A new address inherits that the old one was verified."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        return (user, made) if made else (self._put_user(replace(user, email_verified=True)), made)


@broken.found_by(
    "test_upsert_of_a_known_one_does_not_verify_the_address_of_another",
    "test_upsert_replaces_address_and_verified_flag_together",
)
class UpsertTakesTheFlagAlone(MemoryStore):
    """A verified flag without an address is put on the address that was there."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        if not made and profile.email_verified:
            user = self._put_user(replace(user, email_verified=True))
        return user, made


@broken.found_by("test_upsert_leaves_the_roles")
class UpsertClearsRoles(MemoryStore):
    """Signing in again takes the roles."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        return self._put_user(replace(user, roles=frozenset())), made


@broken.found_by("test_upsert_leaves_a_disabled_user_disabled")
class UpsertEnables(MemoryStore):
    """A disabled user gets back in by signing in again."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        return self._put_user(replace(user, disabled_at=None)), made


@broken.found_by("test_upsert_lets_one_of_many_callers_make_the_user")
class UpsertLooksFirst(MemoryStore):
    """Callers at once make several users."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        known = (profile.issuer, profile.subject) in self._identities
        await asyncio.sleep(0)
        if not known:
            self._identities.pop((profile.issuer, profile.subject), None)
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by(
    "test_add_stores_every_field",
    "test_claim_takes_the_address_from_those_who_did_not_prove_it",
    "test_disable_sets_the_time",
    "test_load_gives_a_disabled_user",
)
class HidesTheDisabled(MemoryStore):
    """A disabled user is taken for a missing one."""

    @override
    async def load_user(self, user_id: str) -> User | None:
        user = await super().load_user(user_id)
        return None if user and user.disabled_at is not None else user


@broken.found_by(
    "test_add_stores_every_field",
    "test_any_number_have_an_address_unverified",
    "test_find_disregards_the_case_of_ascii_letters",
    "test_find_regards_the_case_of_other_letters",
)
class FindsExactlyOnly(MemoryStore):
    """The case of letters must be known."""

    @override
    async def find_users(self, handle: str) -> tuple[User, ...]:
        found = await super().find_users(handle)
        return tuple(user for user in found if handle in {user.id, user.email, user.username})


@broken.found_by("test_find_regards_the_case_of_other_letters")
class FindsInAnyAlphabet(MemoryStore):
    """Case is disregarded by a rule that differs between databases and locales."""

    @override
    async def find_users(self, handle: str) -> tuple[User, ...]:
        found = (one for one in self._users.values() if handle.lower() == (one.username or "").lower())
        return await super().find_users(handle) or tuple(found)


@broken.found_by("test_find_regards_the_case_of_ids")
class FindsIdsInAnyCase(MemoryStore):
    """Ids are compared without regard to case."""

    @override
    async def find_users(self, handle: str) -> tuple[User, ...]:
        return await super().find_users(handle) or await super().find_users(handle.lower())


@broken.found_by("test_find_gives_every_user_oldest_first")
class FindsYoungestFirst(MemoryStore):
    """The youngest comes first."""

    @override
    async def find_users(self, handle: str) -> tuple[User, ...]:
        return tuple(reversed(await super().find_users(handle)))


@broken.found_by("test_list_walks_the_users_in_the_order_of_their_ids")
class ListBeginsAtTheId(MemoryStore):
    """A walk shows the last of a page again on the next."""

    @override
    async def list_users(self, *, after: str | None = None, limit: int = 100) -> tuple[User, ...]:
        ids = sorted(one for one in self._users if after is None or one >= after)
        return tuple(self._users[one] for one in ids[:limit])


@broken.found_by(
    "test_link_of_the_identity_of_another_is_none",
    "test_list_gives_the_identities_of_a_user",
    "test_unlink_of_the_identity_of_another_is_none",
)
class ListsEverybodysIdentities(MemoryStore):
    """The identities of others are listed."""

    @override
    async def list_identities(self, user_id: str) -> tuple[Identity, ...]:
        return tuple(self._identities.values())


@broken.found_by("test_a_role_both_added_and_removed_is_removed")
class RolesAddLast(MemoryStore):
    """A role that is both added and removed is there."""

    @override
    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        return await super().change_roles(user_id, add=add, remove=remove - add)


@broken.found_by(
    "test_callers_that_add_different_roles_at_once_lose_none", "test_roles_are_given_and_taken_in_one_step"
)
class RolesAreSet(MemoryStore):
    """What is added replaces what was there."""

    @override
    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, roles=add - remove))


@broken.found_by("test_callers_that_add_different_roles_at_once_lose_none")
class RolesReadThenWrite(MemoryStore):
    """Callers at once lose what the others added."""

    @override
    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        user = self._users.get(user_id)
        await asyncio.sleep(0)
        return user and self._put_user(replace(user, roles=(user.roles | add) - remove))


@broken.found_by("test_disable_keeps_the_time_of_a_disabled_user")
class DisableMovesTheTime(MemoryStore):
    """Who is disabled again is disabled since now."""

    @override
    async def disable_user(self, user_id: str, *, now: float) -> User | None:
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, disabled_at=now))


@broken.found_by("test_enable_clears_the_time")
class EnableDoesNothing(MemoryStore):
    """Disabled for ever."""

    @override
    async def enable_user(self, user_id: str) -> User | None:
        return self._users.get(user_id)


@broken.found_by("test_a_deleted_identity_can_sign_up_again", "test_delete_removes_the_identities")
class DeleteLeavesIdentities(MemoryStore):
    """An identity stays behind, of nobody."""

    @override
    async def delete_user(self, user_id: str) -> bool:
        return self._users.pop(user_id, None) is not None

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        known = self._identities.get((profile.issuer, profile.subject))
        if known and known.user_id not in self._users:
            return User(id=known.user_id, created_at=now), False
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_delete_removes_the_roles")
class DeleteLeavesRoles(MemoryStore):
    """Whoever gets the id next gets the roles."""

    def __init__(self) -> None:
        super().__init__()
        self._roles: dict[str, frozenset[str]] = {}

    @override
    async def delete_user(self, user_id: str) -> bool:
        if user_id in self._users:
            self._roles[user_id] = self._users[user_id].roles
        return await super().delete_user(user_id)

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        left = self._roles.get(user.id)
        return (self._put_user(replace(user, roles=left)), made) if left else (user, made)


@broken.found_by("test_delete_removes_the_user")
class DeleteIsAlwaysTrue(MemoryStore):
    """Nobody learns that there was no such user."""

    @override
    async def delete_user(self, user_id: str) -> bool:
        await super().delete_user(user_id)
        return True


@broken.found_by("test_find_regards_the_case_of_ids", "test_upsert_makes_a_user_for_an_unknown_identity")
class IgnoresTheGivenId(MemoryStore):
    """A user gets another id than the caller chose."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        return await super().upsert_identity(profile, user_id=f"user-{user_id}", now=now)


@broken.found_by("test_upsert_makes_a_user_of_whom_nothing_is_known")
class NamesTheNameless(MemoryStore):
    """What is not known is taken for empty."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        return self._put_user(replace(user, name=user.name or "")), made


@broken.found_by(
    "test_link_gives_the_identity_to_one_of_many",
    "test_link_gives_the_user_an_identity",
    "test_upsert_keeps_what_was_proved",
    "test_upsert_keeps_the_user_of_a_known_identity",
    "test_upsert_lets_one_of_many_callers_make_the_user",
)
class UpsertAlwaysSaysMade(MemoryStore):
    """Each sign-in is taken for the first."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, _ = await super().upsert_identity(profile, user_id=user_id, now=now)
        return user, True


@broken.found_by("test_delete_removes_the_user", "test_load_of_a_missing_user_is_none")
class LoadInvents(MemoryStore):
    """A missing user is taken for one without roles."""

    @override
    async def load_user(self, user_id: str) -> User | None:
        return await super().load_user(user_id) or User(id=user_id, created_at=0.0)


@broken.found_by("test_find_gives_a_user_once_with_all_roles")
class FindsOnceForEachName(MemoryStore):
    """A user is found once for each name that fits."""

    @override
    async def find_users(self, handle: str) -> tuple[User, ...]:
        found = await super().find_users(handle)
        return *found, *(user for user in found if user.email == user.username)


@broken.found_by(
    "test_a_role_both_added_and_removed_is_removed",
    "test_adding_a_role_that_is_there_changes_nothing",
    "test_removing_a_role_that_is_not_there_changes_nothing",
)
class RolesToggle(MemoryStore):
    """What is there is taken, what is not is given."""

    @override
    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, roles=user.roles ^ (add - remove) ^ (remove - add)))


@broken.found_by(
    "test_disable_of_a_missing_user_is_none",
    "test_enable_of_a_missing_user_is_none",
    "test_roles_of_a_missing_user_are_none",
)
class ChangesWhomItInvents(MemoryStore):
    """A missing user is given back as if there were one."""

    @override
    async def change_roles(
        self, user_id: str, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> User | None:
        user = await super().change_roles(user_id, add=add, remove=remove)
        return user or User(id=user_id, created_at=0.0, roles=add)

    @override
    async def disable_user(self, user_id: str, *, now: float) -> User | None:
        return await super().disable_user(user_id, now=now) or User(id=user_id, created_at=0.0, disabled_at=now)

    @override
    async def enable_user(self, user_id: str) -> User | None:
        return await super().enable_user(user_id) or User(id=user_id, created_at=0.0)


@broken.found_by("test_text_of_a_user_comes_back_as_it_was_stored")
class TidiesUp(MemoryStore):
    """White space around a name is taken for a mistake."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        tidy = replace(profile, name=profile.name and profile.name.strip())
        return await super().upsert_identity(tidy, user_id=user_id, now=now)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail. Addresses and links have their own files."""
    assert broken.never_needed - named_in(EmailSuite) - named_in(LinkSuite) == set()
