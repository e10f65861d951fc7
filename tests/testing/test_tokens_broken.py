"""The suite of provider tokens can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.models import Identity, Profile, SealedTokens, User
from handstamp.stores.memory import MemoryStore
from handstamp.testing import TokenStoreSuite

broken = Breakages(TokenStoreSuite)


@broken.found_by("test_keep_stores_every_field", "test_swap_replaces_what_was_seen")
class ForgetsThatTheyAreRefused(MemoryStore):
    """A field is not stored."""

    @override
    async def load_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        tokens = await super().load_tokens(issuer, subject)
        return tokens and replace(tokens, must_sign_in_again=False)


@broken.found_by("test_keep_takes_the_place_of_any_version")
class KeepsTheHighest(MemoryStore):
    """Versions are taken for numbers that go up."""

    @override
    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        stored = self._sealed.get((tokens.issuer, tokens.subject))
        if stored and stored.version.isdigit() and stored.version > tokens.version:
            return True
        return await super().keep_tokens(tokens, user_id=user_id)


@broken.found_by("test_keep_takes_the_place_of_any_version")
class KeepsOneSetForAll(MemoryStore):
    """Whoever brings tokens last takes the place of those of others."""

    @override
    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        kept = await super().keep_tokens(tokens, user_id=user_id)
        if kept:
            self._sealed = {(tokens.issuer, tokens.subject): tokens}
        return kept


@broken.found_by("test_keep_for_an_identity_that_the_user_has_not_is_false")
class KeepsForAnybody(MemoryStore):
    """Whose identity it is, is not looked at."""

    @override
    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        self._sealed[tokens.issuer, tokens.subject] = tokens
        return True


@broken.found_by(
    "test_erase_gives_the_tokens_to_one_of_many",
    "test_erase_of_what_is_not_there_is_none",
    "test_load_of_tokens_that_are_not_kept_is_none",
    "test_swap_of_what_is_not_there_stores_nothing",
    "test_tokens_go_with_the_identity",
    "test_tokens_go_with_the_user",
)
class GivesWhatIsNotThere(MemoryStore):
    """Empty tokens are given back as if there were some."""

    @override
    async def load_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        nothing = (issuer, subject) not in self._sealed and not self._sealed and len(self._users) == 1
        if nothing and not self.asked_before:
            return SealedTokens(issuer=issuer, subject=subject, sealed="", kept_at=0.0, version="")
        return await super().load_tokens(issuer, subject)

    asked_before = False

    @override
    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        erased = await super().erase_tokens(issuer, subject)
        self.asked_before = erased is not None
        return erased or SealedTokens(issuer=issuer, subject=subject, sealed="", kept_at=0.0, version="")


@broken.found_by("test_signing_in_again_leaves_the_tokens")
class UpsertDropsThem(MemoryStore):
    """Signing in again drops the tokens, though it may bring none."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        self._sealed.pop((profile.issuer, profile.subject), None)
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_swap_replaces_what_was_seen")
class SwapMovesThem(MemoryStore):
    """What the new tokens say of their identity is believed."""

    @override
    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        swapped = await super().swap_tokens(seen, becomes)
        if swapped:
            self._sealed[becomes.issuer, becomes.subject] = self._sealed.pop((seen.issuer, seen.subject))
        return swapped


@broken.found_by("test_swap_of_another_version_changes_nothing", "test_swap_succeeds_for_one_of_many")
class SwapsWhateverIsThere(MemoryStore):
    """Whoever comes last wins."""

    @override
    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        stored = self._sealed.get((seen.issuer, seen.subject))
        return stored is not None and await super().swap_tokens(stored, becomes)


@broken.found_by("test_erase_removes_the_tokens_and_nothing_else", "test_swap_of_what_is_not_there_stores_nothing")
class SwapStores(MemoryStore):
    """What was erased comes back."""

    @override
    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        self._sealed.setdefault((seen.issuer, seen.subject), seen)
        return await super().swap_tokens(seen, becomes)


@broken.found_by("test_swap_succeeds_for_one_of_many")
class SwapLooksFirst(MemoryStore):
    """Callers at once all find what they saw."""

    @override
    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        stored = self._sealed.get((seen.issuer, seen.subject))
        await asyncio.sleep(0)
        if stored is None or stored.version != seen.version:
            return False
        self._sealed[seen.issuer, seen.subject] = replace(becomes, issuer=seen.issuer, subject=seen.subject)
        return True


@broken.found_by("test_erase_removes_the_tokens_and_nothing_else")
class EraseUnlinks(MemoryStore):
    """The identity goes with its tokens."""

    @override
    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        erased = await super().erase_tokens(issuer, subject)
        if erased is not None:
            self._identities.pop((issuer, subject))
        return erased


@broken.found_by("test_erase_gives_the_tokens_to_one_of_many")
class EraseLooksFirst(MemoryStore):
    """Callers at once all get the tokens."""

    @override
    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        stored = self._sealed.get((issuer, subject))
        await asyncio.sleep(0)
        self._sealed.pop((issuer, subject), None)
        return stored


@broken.found_by("test_tokens_go_with_the_identity")
class UnlinkLeavesThem(MemoryStore):
    """Whoever links the identity anew finds them."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        stored = self._sealed.get((issuer, subject))
        gone = await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=keep_a_way_in)
        if stored:
            self._sealed[issuer, subject] = stored
        return gone


@broken.found_by("test_tokens_go_with_the_user")
class DeleteLeavesThem(MemoryStore):
    """Whoever signs up by the identity finds them."""

    @override
    async def delete_user(self, user_id: str) -> bool:
        stored = dict(self._sealed)
        gone = await super().delete_user(user_id)
        self._sealed = stored
        return gone


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
