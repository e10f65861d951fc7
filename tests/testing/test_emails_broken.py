"""The suite of e-mail addresses can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.errors import AddressTaken
from handstamp.core.models import Profile, User
from handstamp.core.text import lower_ascii
from handstamp.stores.memory import MemoryStore
from handstamp.testing.emails import EmailSuite

broken = Breakages(EmailSuite)


@broken.found_by("test_add_stores_every_field")
class AddForgetsThePicture(MemoryStore):
    """A field is not stored."""

    @override
    async def add_user(self, user: User) -> bool:
        return await super().add_user(replace(user, picture=None))


@broken.found_by("test_add_of_an_id_that_is_taken_is_false")
class AddReplaces(MemoryStore):
    """Whoever has the id is replaced."""

    @override
    async def add_user(self, user: User) -> bool:
        await super().delete_user(user.id)
        return await super().add_user(user)


@broken.found_by("test_add_does_not_verify_the_address_of_another", "test_add_of_no_address_verifies_none")
class AddBelieves(MemoryStore):
    """A verified address has two users."""

    @override
    async def add_user(self, user: User) -> bool:
        added = await super().add_user(user)
        if added:
            self._put_user(user)
        return added


@broken.found_by("test_add_of_no_address_verifies_none")
class AddVerifiesNothing(MemoryStore):
    """Who has no address has it verified."""

    @override
    async def add_user(self, user: User) -> bool:
        added = await super().add_user(user)
        if added and user.email is None:
            self._put_user(user)
        return added


class Upserting(MemoryStore):
    """A store whose ``upsert_identity`` is broken in two steps: what is seen before, and what is done after."""

    def _is_new(self, profile: Profile) -> bool:
        return (profile.issuer, profile.subject) not in self._identities

    def _others(self, profile: Profile, user_id: str) -> list[User]:
        known = self._identities.get((profile.issuer, profile.subject))
        return self._others_with(profile.email or "", known.user_id if known else user_id)


@broken.found_by(
    "test_upsert_keeps_what_was_proved", "test_upsert_of_a_known_one_does_not_verify_the_address_of_another"
)
class UpsertBelieves(Upserting):
    """What a provider says of a known user's address is so, whoever has it."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        said = replace(user, email=profile.email or user.email, email_verified=profile.email_verified)
        return self._put_user(said), made


@broken.found_by("test_upsert_keeps_what_was_proved")
class UpsertForgetsTheProof(Upserting):
    """What anybody claims at a provider takes the place of an address that was proved."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        if profile.email and not profile.email_verified:
            user = self._put_user(replace(user, email=profile.email, email_verified=False))
        return user, made


@broken.found_by(
    "test_upsert_keeps_what_was_proved",
    "test_upsert_makes_one_user_of_an_address",
    "test_upsert_takes_the_address_from_those_who_did_not_prove_it",
)
class UpsertBelievesNobody(Upserting):
    """An address that anybody else has, proved or not, cannot be verified."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        shared = self._others(profile, user_id)
        user, made = await super().upsert_identity(profile, user_id=user_id, now=now)
        return (self._put_user(replace(user, email_verified=False)) if shared else user), made


@broken.found_by(
    "test_upsert_makes_one_user_of_an_address", "test_upsert_takes_the_address_from_those_who_did_not_prove_it"
)
class UpsertLeavesSquatters(Upserting):
    """Others keep an address that they did not prove."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        others = self._others(profile, user_id)
        outcome = await super().upsert_identity(profile, user_id=user_id, now=now)
        for other in others:
            self._put_user(other)
        return outcome


@broken.found_by("test_upsert_takes_the_address_from_those_who_did_not_prove_it")
class UpsertTakesTheRolesToo(Upserting):
    """Whoever loses an address loses more."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        others = self._others(profile, user_id)
        outcome = await super().upsert_identity(profile, user_id=user_id, now=now)
        for other in others:
            if not other.email_verified and profile.email_verified:
                self._put_user(replace(other, email=None, roles=frozenset()))
        return outcome


@broken.found_by("test_upsert_makes_nobody_by_the_address_of_another", "test_upsert_makes_one_user_of_an_address")
class UpsertMakesAnother(Upserting):
    """Whoever comes with the address of another is somebody else, at once."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        if self._is_new(profile) and any(one.email_verified for one in self._others(profile, user_id)):
            profile = replace(profile, email_verified=False)
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_upsert_makes_nobody_by_the_address_of_another")
class UpsertJoins(Upserting):
    """Whoever comes with the address of another is that one."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        try:
            return await super().upsert_identity(profile, user_id=user_id, now=now)
        except AddressTaken as taken:
            self._put_identity(profile, user_id=taken.user_id, now=now)
            return self._users[taken.user_id], False


@broken.found_by("test_upsert_makes_somebody_by_an_address_that_nobody_proved")
class UpsertBlocksByClaims(Upserting):
    """An address that somebody has is taken for theirs, whoever comes with it unproved."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        holder = self._holder(profile.email or "", user_id)
        if self._is_new(profile) and holder:
            raise AddressTaken(holder.id)
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_upsert_makes_one_user_of_an_address")
class UpsertLooksForTheAddressFirst(Upserting):
    """Callers at once all find that nobody has the address."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        free = self._holder(profile.email or "", user_id) is None
        await asyncio.sleep(0)
        if free and self._is_new(profile) and self._holder(profile.email or "", user_id):
            made = User(id=user_id, created_at=now, email=profile.email, email_verified=True)
            self._put_identity(profile, user_id=user_id, now=now)
            return self._put_user(made), True
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by(
    "test_set_clears_the_address", "test_set_of_the_same_address_takes_the_flag", "test_set_replaces_the_address"
)
class SetKeepsTheFlag(MemoryStore):
    """An address that nobody proved is verified."""

    @override
    async def set_email(self, user_id: str, email: str | None) -> User | None:
        user = self._users.get(user_id)
        return user and self._put_user(replace(user, email=email))


@broken.found_by("test_set_clears_the_address")
class SetDoesNotClear(MemoryStore):
    """None is taken for "as it is"."""

    @override
    async def set_email(self, user_id: str, email: str | None) -> User | None:
        return await self.load_user(user_id) if email is None else await super().set_email(user_id, email)


@broken.found_by("test_set_of_the_same_address_takes_the_flag")
class SetSkipsTheSame(MemoryStore):
    """Where the address is the same nothing is done."""

    @override
    async def set_email(self, user_id: str, email: str | None) -> User | None:
        user = self._users.get(user_id)
        return user if user and user.email == email else await super().set_email(user_id, email)


@broken.found_by("test_set_of_a_missing_user_is_none")
class SetsNobody(MemoryStore):
    """A missing user is given back as if there were one."""

    @override
    async def set_email(self, user_id: str, email: str | None) -> User | None:
        return await super().set_email(user_id, email) or User(id=user_id, created_at=0.0, email=email)


@broken.found_by("test_any_number_have_an_address_unverified")
class SetRefusesTheShared(MemoryStore):
    """An address that another user has cannot be had unverified."""

    @override
    async def set_email(self, user_id: str, email: str | None) -> User | None:
        shared = email is not None and self._others_with(email, user_id)
        return await self.load_user(user_id) if shared else await super().set_email(user_id, email)


@broken.found_by("test_claim_sets_and_verifies_the_address")
class ClaimLosesRoles(MemoryStore):
    """Proving an address takes the roles."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        user = await super().claim_email(user_id, email, now=now)
        return user and self._put_user(replace(user, roles=frozenset()))


@broken.found_by("test_claim_verifies_the_address_that_is_there")
class ClaimSkipsTheSame(MemoryStore):
    """An address that the user has already stays unverified."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        user = self._users.get(user_id)
        if user and user.email and lower_ascii(user.email) == lower_ascii(email):
            return user
        return await super().claim_email(user_id, email, now=now)


@broken.found_by("test_claim_again_changes_nothing")
class ClaimsOnce(MemoryStore):
    """Whoever has proved the address cannot prove it again."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        user = self._users.get(user_id)
        if user and user.email_verified and user.email == email:
            return None
        return await super().claim_email(user_id, email, now=now)


@broken.found_by("test_claim_of_a_missing_user_is_none")
class ClaimsForNobody(MemoryStore):
    """A missing user takes the address from others."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        if user_id not in self._users:
            for other in self._others_with(email, user_id):
                self._put_user(replace(other, email=None))
        return await super().claim_email(user_id, email, now=now)


@broken.found_by(
    "test_claim_gives_the_address_to_one_of_many", "test_claim_takes_the_address_from_those_who_did_not_prove_it"
)
class ClaimLeavesSquatters(MemoryStore):
    """Others keep an address that they did not prove."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        others = self._others_with(email, user_id)
        user = await super().claim_email(user_id, email, now=now)
        for other in others:
            self._put_user(other)
        return user


@broken.found_by(
    "test_claim_gives_the_address_to_one_of_many", "test_claim_of_an_address_that_is_verified_changes_nothing"
)
class ClaimTakesWhatIsVerified(MemoryStore):
    """Whoever comes last has the address."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        if user_id in self._users:
            for other in self._others_with(email, user_id):
                self._put_user(replace(other, email=None, email_verified=False))
        return await super().claim_email(user_id, email, now=now)


@broken.found_by("test_claim_gives_the_address_to_one_of_many")
class ClaimLooksFirst(MemoryStore):
    """Callers at once all find that nobody has the address, and all get it."""

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        others = self._others_with(email, user_id)
        free = not any(one.email_verified for one in others)
        await asyncio.sleep(0)
        user = self._users.get(user_id)
        if user is None or not free:
            return None
        for other in others:
            self._put_user(replace(other, email=None, email_verified=False))
        return self._put_user(replace(user, email=email, email_verified=True))


@broken.found_by("test_claim_gives_an_address_that_was_given_up", "test_delete_frees_the_address")
class RemembersAddresses(MemoryStore):
    """An address that was verified once is never free again."""

    def __init__(self) -> None:
        super().__init__()
        self._proved: dict[str, str] = {}

    def _put_user(self, user: User) -> User:
        if user.email and user.email_verified:
            self._proved.setdefault(lower_ascii(user.email), user.id)
        return super()._put_user(user)

    @override
    async def claim_email(self, user_id: str, email: str, *, now: float) -> User | None:
        if self._proved.get(lower_ascii(email), user_id) != user_id:
            return None
        return await super().claim_email(user_id, email, now=now)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
