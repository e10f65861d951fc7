"""The suite of credential stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from broken import tests_of as named_in
from handstamp.core.models import Credential, CredentialKind
from handstamp.stores.memory import MemoryStore
from handstamp.testing import CredentialStoreSuite
from handstamp.testing.ways_in import WaysInSuite

broken = Breakages(CredentialStoreSuite)

Credentials = tuple[Credential, ...]


# add_credential


@broken.found_by("test_add_stores_every_field")
class TidiesNames(MemoryStore):
    """White space around a name is taken for a mistake."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        tidy = replace(credential, name=credential.name and credential.name.strip())
        return await super().add_credential(tidy, most=most)


@broken.found_by(
    "test_add_stores_every_field",
    "test_codes_and_unconfirmed_passkeys_are_no_way_in",
    "test_what_is_no_way_in_goes_in_any_case",
)
class ConfirmsAtOnce(MemoryStore):
    """An enrolment that was only begun counts."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        confirmed = replace(credential, confirmed_at=credential.confirmed_at or credential.created_at)
        return await super().add_credential(confirmed, most=most)


@broken.found_by(
    "test_add_gives_a_lookup_to_one_of_many",
    "test_add_of_a_lookup_that_is_taken_is_false",
    "test_replace_by_what_is_taken_changes_nothing",
)
class AllowsTwoOfALookup(MemoryStore):
    """A passkey is registered for two users."""

    def _is_taken(self, credential: Credential) -> bool:
        return credential.id in self._credentials


@broken.found_by("test_add_tells_lookups_apart")
class TakesLookupsAcrossKinds(MemoryStore):
    """What a code is found by cannot find a passkey."""

    def _is_taken(self, credential: Credential) -> bool:
        lookups = {one.lookup for one in self._credentials.values()} - {None}
        return credential.id in self._credentials or credential.lookup in lookups


@broken.found_by("test_add_tells_lookups_apart", "test_find_regards_kind_and_letters")
class LookupsInAnyCase(MemoryStore):
    """Two lookups that differ in the case of letters are one."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        lower = (credential.lookup or "").lower()
        if lower in {
            one.lookup.lower() for one in self._credentials.values() if one.lookup and one.kind is credential.kind
        }:
            return False
        return await super().add_credential(credential, most=most)

    @override
    async def find_credential(self, kind: CredentialKind, lookup: str) -> Credential | None:
        same = (one for one in self._credentials.values() if one.kind is kind)
        return next((one for one in same if one.lookup and one.lookup.lower() == lookup.lower()), None)


@broken.found_by(
    "test_add_lets_as_many_succeed_as_most_allows",
    "test_add_tells_lookups_apart",
    "test_list_gives_all_kinds_oldest_first",
    "test_of_two_who_remove_the_last_two_one_is_refused",
)
class NoLookupIsALookup(MemoryStore):
    """Only one credential of a kind may be without a lookup."""

    def _is_taken(self, credential: Credential) -> bool:
        same = ((one.kind, one.lookup) == (credential.kind, credential.lookup) for one in self._credentials.values())
        passkey = credential.kind is CredentialKind.PASSKEY
        return super()._is_taken(credential) or (passkey and credential.lookup is None and any(same))


@broken.found_by("test_add_of_an_id_that_is_taken_is_false", "test_replace_by_what_is_taken_changes_nothing")
class AddReplaces(MemoryStore):
    """Whatever has the id is replaced."""

    def _is_taken(self, credential: Credential) -> bool:
        others = {key: one for key, one in self._credentials.items() if key != credential.id}
        return any((one.kind, one.lookup) == (credential.kind, credential.lookup or "") for one in others.values())


@broken.found_by("test_add_stops_at_most")
class CountsEveryKind(MemoryStore):
    """Whoever has a code cannot add a password."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        full = len(self._credentials_of(credential.user_id)) >= most
        return False if full else await super().add_credential(credential, most=most)


@broken.found_by("test_add_lets_as_many_succeed_as_most_allows", "test_add_stops_at_most")
class AddsWithoutEnd(MemoryStore):
    """There is no limit."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        return await super().add_credential(credential, most=10_000)


@broken.found_by("test_add_of_a_missing_user_is_false")
class AddsForNobody(MemoryStore):
    """A missing user gets a credential."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        if credential.user_id == "missing":
            self._put_credential(credential)
        return await super().add_credential(credential, most=most)


@broken.found_by("test_add_lets_as_many_succeed_as_most_allows")
class CountsFirst(MemoryStore):
    """Callers at once all find that there is room."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        room = len(self._of_kind(credential.user_id, credential.kind)) < most
        await asyncio.sleep(0)
        return await super().add_credential(credential, most=10_000 if room else 0)


@broken.found_by("test_add_gives_a_lookup_to_one_of_many")
class LooksForTheLookupFirst(MemoryStore):
    """Callers at once all find that the lookup is free."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        free = not self._is_taken(credential)
        await asyncio.sleep(0)
        if free and self._is_taken(credential) and credential.id not in self._credentials:
            self._put_credential(credential)
            return True
        return await super().add_credential(credential, most=most)


# list_credentials, find_credential


@broken.found_by(
    "test_add_stores_every_field",
    "test_list_gives_all_kinds_oldest_first",
    "test_replace_of_many_callers_loses_none",
    "test_replace_puts_these_in_place_of_those",
    "test_swap_replaces_what_was_seen",
)
class ListsYoungestFirst(MemoryStore):
    """The youngest comes first."""

    @override
    async def list_credentials(self, user_id: str) -> Credentials:
        return tuple(reversed(await super().list_credentials(user_id)))


@broken.found_by(
    "test_add_of_a_lookup_that_is_taken_is_false",
    "test_add_stops_at_most",
    "test_delete_removes_the_credentials",
    "test_list_gives_all_kinds_oldest_first",
    "test_of_two_who_remove_the_last_two_one_is_refused",
    "test_replace_by_those_of_others_changes_nothing",
    "test_replace_by_what_is_taken_changes_nothing",
    "test_replace_leaves_other_kinds_and_users",
    "test_the_last_password_stays",
    "test_what_is_no_way_in_goes_in_any_case",
)
class ListsEverybodys(MemoryStore):
    """The credentials of others are listed."""

    @override
    async def list_credentials(self, user_id: str) -> Credentials:
        del user_id
        return tuple(self._credentials.values())


@broken.found_by("test_find_regards_kind_and_letters")
class FindsAnyKind(MemoryStore):
    """What is found need not be of the kind."""

    @override
    async def find_credential(self, kind: CredentialKind, lookup: str) -> Credential | None:
        found = (one for one in self._credentials.values() if one.lookup == lookup)
        return await super().find_credential(kind, lookup) or next(found, None)


# swap_credential


@broken.found_by(
    "test_swap_is_true_for_one_of_many",
    "test_swap_never_changes_whose_and_what_it_is",
    "test_swap_of_what_others_swapped_changes_nothing",
    "test_swap_replaces_what_was_seen",
)
class SwapKeepsTheVersion(MemoryStore):
    """A swap does not count."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        swapped = await super().swap_credential(seen, becomes)
        if swapped:
            self._put_credential(replace(self._credentials[seen.id], version=seen.version))
        return swapped


@broken.found_by("test_swap_replaces_what_was_seen")
class SwapForgetsData(MemoryStore):
    """What a kind remembers besides is not written."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        return await super().swap_credential(seen, replace(becomes, data=seen.data))


@broken.found_by("test_swap_is_true_for_one_of_many", "test_swap_of_what_others_swapped_changes_nothing")
class SwapsAnything(MemoryStore):
    """The last one wins."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        return await super().swap_credential(self._credentials.get(seen.id, seen), becomes)


@broken.found_by("test_swap_of_a_missing_credential_changes_nothing")
class SwapMakes(MemoryStore):
    """A missing credential is made."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        if seen.id not in self._credentials:
            self._put_credential(becomes)
        return await super().swap_credential(seen, becomes)


@broken.found_by("test_swap_never_changes_whose_and_what_it_is")
class SwapGivesAway(MemoryStore):
    """A credential becomes another user's."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        swapped = await super().swap_credential(seen, becomes)
        if swapped:
            self._put_credential(replace(self._credentials[seen.id], user_id=becomes.user_id))
        return swapped


@broken.found_by("test_swap_is_true_for_one_of_many")
class SwapLooksFirst(MemoryStore):
    """Of callers at once each one has swapped."""

    @override
    async def swap_credential(self, seen: Credential, becomes: Credential) -> bool:
        stored = self._credentials.get(seen.id)
        still_there = stored is not None and stored.version == seen.version
        await asyncio.sleep(0)
        return await super().swap_credential(seen, becomes) or still_there


# remove_credential


@broken.found_by("test_remove_gives_the_credential")
class RemovesAllOfTheKind(MemoryStore):
    """One code uses up all."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        gone = await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=keep_a_way_in)
        if gone:
            for credential in self._of_kind(user_id, gone.kind):
                del self._credentials[credential.id]
        return gone


@broken.found_by("test_of_two_who_remove_the_last_two_one_is_refused", "test_remove_of_a_missing_credential_is_none")
class RemoveRefusesFirst(MemoryStore):
    """Ways in are counted before anybody looks whether there is such a credential."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        assert credential_id in self._credentials or not keep_a_way_in or len(self._credentials_of(user_id)) != 1
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=keep_a_way_in)


@broken.found_by("test_remove_of_the_credential_of_another_is_none")
class RemovesForAnybody(MemoryStore):
    """Whoever knows the id removes it, whosever it is."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        if user_id in self._users:
            user_id = self._credentials[credential_id].user_id if credential_id in self._credentials else user_id
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=keep_a_way_in)


@broken.found_by("test_remove_gives_the_credential_to_one_of_many")
class RemoveLooksFirst(MemoryStore):
    """Of callers at once each uses up the code."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        stored = self._credentials.get(credential_id)
        await asyncio.sleep(0)
        gone = await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=keep_a_way_in)
        return stored if stored and stored.user_id == user_id else gone


# replace_credentials


@broken.found_by("test_replace_of_many_callers_loses_none", "test_replace_puts_these_in_place_of_those")
class ReplaceAdds(MemoryStore):
    """Old codes go on beside the new ones."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        old = await super().replace_credentials(user_id, kind, credentials)
        for credential in old or ():
            if credentials and not self._is_taken(credential):
                self._put_credential(credential)
        return old


@broken.found_by("test_replace_of_a_missing_user_is_none")
class ReplacesForNobody(MemoryStore):
    """A missing user gets credentials."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        if user_id not in self._users:
            for credential in credentials:
                self._put_credential(credential)
        return await super().replace_credentials(user_id, kind, credentials)


@broken.found_by("test_replace_leaves_other_kinds_and_users")
class ReplacesEveryKind(MemoryStore):
    """New codes remove the password."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        old = await super().replace_credentials(user_id, kind, credentials)
        for credential in self._credentials_of(user_id):
            if credential.kind is not kind:
                del self._credentials[credential.id]
        return old


@broken.found_by("test_replace_does_not_look_after_ways_in")
class ReplaceKeepsAWayIn(MemoryStore):
    """A password cannot be replaced by nothing."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        if not credentials and kind is CredentialKind.PASSWORD:
            return ()
        return await super().replace_credentials(user_id, kind, credentials)


@broken.found_by("test_replace_by_those_of_others_changes_nothing")
class ReplacesByAnything(MemoryStore):
    """Credentials of other users and kinds are stored too."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        try:
            return await super().replace_credentials(user_id, kind, credentials)
        except ValueError as error:
            if "another user" in str(error):
                for credential in credentials:
                    self._put_credential(credential)
            raise


@broken.found_by("test_replace_by_what_is_taken_changes_nothing")
class ReplaceGivesUpHalfWay(MemoryStore):
    """Where the new ones are taken the old ones are gone."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        try:
            return await super().replace_credentials(user_id, kind, credentials)
        except ValueError as error:
            if "id or lookup" in str(error):
                for credential in self._of_kind(user_id, kind):
                    del self._credentials[credential.id]
            raise


@broken.found_by("test_replace_may_take_the_lookups_of_those_that_go")
class ReplaceLooksBeforeItRemoves(MemoryStore):
    """What those that go were found by cannot be used again."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        assert not any(self._is_taken(one) and one.user_id == user_id and one.lookup == "same" for one in credentials)
        return await super().replace_credentials(user_id, kind, credentials)


@broken.found_by("test_replace_of_many_callers_loses_none")
class ReplaceListsFirst(MemoryStore):
    """Callers at once get the same ones, and what some of them put there is lost or left beside."""

    @override
    async def replace_credentials(
        self, user_id: str, kind: CredentialKind, credentials: Sequence[Credential]
    ) -> Credentials | None:
        old = tuple(one for one in await self.list_credentials(user_id) if one.kind is kind)
        await asyncio.sleep(0)
        replaced = await super().replace_credentials(user_id, kind, credentials)
        return None if replaced is None else old


# delete_user


@broken.found_by("test_delete_removes_the_credentials", "test_whoever_adds_beside_a_deletion_leaves_nothing")
class DeleteLeavesCredentials(MemoryStore):
    """What a deleted user was known by stays behind."""

    @override
    async def delete_user(self, user_id: str) -> bool:
        left = self._credentials_of(user_id)
        deleted = await super().delete_user(user_id)
        for credential in left:
            self._put_credential(credential)
        return deleted


@broken.found_by("test_whoever_adds_beside_a_deletion_leaves_nothing")
class AddLooksForTheUserFirst(MemoryStore):
    """Beside a deletion a credential of nobody is left."""

    @override
    async def add_credential(self, credential: Credential, *, most: int) -> bool:
        there = credential.user_id in self._users
        await asyncio.sleep(0)
        if there and credential.user_id not in self._users:
            self._put_credential(credential)
            return True
        return await super().add_credential(credential, most=most)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail. Ways in have their own file."""
    assert broken.never_needed - named_in(WaysInSuite) == set()
