"""The suite of ways in can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.errors import LastWayIn
from handstamp.core.models import Credential, CredentialKind, Identity
from handstamp.stores.memory import MemoryStore
from handstamp.testing.ways_in import WaysInSuite

broken = Breakages(WaysInSuite)


@broken.found_by("test_codes_and_unconfirmed_passkeys_are_no_way_in", "test_the_last_identity_stays")
class UnlinksTheLast(MemoryStore):
    """The last identity goes, and nobody gets in."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        return await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=False)


@broken.found_by(
    "test_of_two_who_remove_the_last_two_one_is_refused",
    "test_the_last_passkey_stays",
    "test_the_last_password_stays",
)
class RemovesTheLast(MemoryStore):
    """The last credential goes, and nobody gets in."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=False)


class _Counts(MemoryStore):
    """Counts ways in by a rule of its own."""

    def _is_way_in(self, credential: Credential) -> bool:
        return credential.is_way_in

    def _keep_a_way_in(self, user_id: str) -> None:
        credentials = [one for one in self._credentials_of(user_id) if self._is_way_in(one)]
        if len(credentials) + len(self._identities_of(user_id)) < 2:
            raise LastWayIn


@broken.found_by("test_codes_and_unconfirmed_passkeys_are_no_way_in")
class CountsCodes(_Counts):
    """A code is taken for a way in."""

    @override
    def _is_way_in(self, credential: Credential) -> bool:
        return credential.kind is not CredentialKind.PASSKEY or credential.is_way_in


@broken.found_by("test_codes_and_unconfirmed_passkeys_are_no_way_in")
class CountsWhatWasBegun(_Counts):
    """A passkey that was never confirmed is taken for a way in."""

    @override
    def _is_way_in(self, credential: Credential) -> bool:
        return credential.is_way_in or credential.kind is CredentialKind.PASSKEY


@broken.found_by("test_any_other_way_in_is_enough", "test_of_two_who_remove_the_last_two_one_is_refused")
class CountsNoPasskeys(_Counts):
    """Whoever has a passkey cannot remove the password."""

    @override
    def _is_way_in(self, credential: Credential) -> bool:
        return credential.kind is CredentialKind.PASSWORD


@broken.found_by(
    "test_of_two_who_remove_the_last_two_one_is_refused",
    "test_the_last_identity_stays",
    "test_the_last_password_stays",
)
class CountsAllUsers(_Counts):
    """The ways in of others are counted too."""

    @override
    def _keep_a_way_in(self, user_id: str) -> None:
        credentials = [one for one in self._credentials.values() if one.is_way_in]
        if len(credentials) + len(self._identities) < 2:
            raise LastWayIn


@broken.found_by("test_of_two_who_remove_the_last_two_one_is_refused", "test_the_last_passkey_stays")
class RemovesPasskeysAlways(MemoryStore):
    """A passkey is not taken for a way in where it goes."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        stored = self._credentials.get(credential_id)
        keep = keep_a_way_in and (stored is None or stored.kind is not CredentialKind.PASSKEY)
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=keep)


@broken.found_by("test_what_is_no_way_in_goes_in_any_case")
class KeepsWhatIsNoWayIn(MemoryStore):
    """Codes cannot be removed beside one way in."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        if keep_a_way_in and credential_id in self._credentials:
            self._keep_a_way_in(user_id)
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=keep_a_way_in)


@broken.found_by("test_without_keep_the_last_way_in_goes_too")
class AlwaysKeeps(MemoryStore):
    """The last way in stays, whatever was asked for."""

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=True)


@broken.found_by("test_of_two_who_remove_the_last_two_one_is_refused")
class CountsFirst(MemoryStore):
    """Callers at once all find that there is another way in."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        if keep_a_way_in and (issuer, subject) in self._identities:
            self._keep_a_way_in(user_id)
        await asyncio.sleep(0)
        return await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=False)

    @override
    async def remove_credential(self, credential_id: str, *, user_id: str, keep_a_way_in: bool) -> Credential | None:
        stored = self._credentials.get(credential_id)
        if keep_a_way_in and stored and stored.is_way_in:
            self._keep_a_way_in(user_id)
        await asyncio.sleep(0)
        return await super().remove_credential(credential_id, user_id=user_id, keep_a_way_in=False)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
