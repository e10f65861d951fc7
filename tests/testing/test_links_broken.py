"""The suite of linking can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.models import Identity, Profile, User
from handstamp.stores.memory import MemoryStore
from handstamp.testing.links import LinkSuite

broken = Breakages(LinkSuite)


@broken.found_by("test_link_of_the_users_own_identity_uses_it")
class LinkMakesItAnew(MemoryStore):
    """An identity that the user has already begins again."""

    @override
    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        known = self._identities.get((profile.issuer, profile.subject))
        if known and known.user_id == user_id:
            return self._put_identity(profile, user_id=user_id, now=now)
        return await super().link_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_link_gives_the_identity_to_one_of_many", "test_link_of_the_identity_of_another_is_none")
class LinkTakes(MemoryStore):
    """The identity of another user is taken."""

    @override
    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        known = self._identities.get((profile.issuer, profile.subject))
        if known and known.user_id != user_id:
            del self._identities[profile.issuer, profile.subject]
        return await super().link_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_link_of_a_missing_user_is_none")
class LinksNobody(MemoryStore):
    """A missing user gets an identity."""

    @override
    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        if user_id not in self._users:
            return self._put_identity(profile, user_id=user_id, now=now)
        return await super().link_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_link_leaves_the_user")
class LinkTakesOverTheProfile(MemoryStore):
    """What the profile says replaces what the user had."""

    @override
    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        identity = await super().link_identity(profile, user_id=user_id, now=now)
        if identity:
            self._put_user(replace(self._users[user_id], name=profile.name))
        return identity


@broken.found_by("test_link_gives_the_identity_to_one_of_many")
class LinkLooksFirst(MemoryStore):
    """Of callers at once each gets the identity, and the last one has it."""

    @override
    async def link_identity(self, profile: Profile, *, user_id: str, now: float) -> Identity | None:
        known = self._identities.get((profile.issuer, profile.subject))
        await asyncio.sleep(0)
        if known is None and user_id in self._users:
            return self._put_identity(profile, user_id=user_id, now=now)
        return await super().link_identity(profile, user_id=user_id, now=now)


@broken.found_by("test_unlink_takes_the_identity")
class UnlinksAllOfAnIssuer(MemoryStore):
    """All identities at a provider are taken."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        gone = await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=keep_a_way_in)
        if gone:
            for identity in self._identities_of(user_id):
                del self._identities[identity.issuer, identity.subject]
        return gone


@broken.found_by("test_unlink_gives_the_identity_to_one_of_many", "test_unlink_takes_the_identity")
class UnlinksInWordsOnly(MemoryStore):
    """The identity is given back, and goes on letting in."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        known = self._identities.get((issuer, subject))
        return known if known and known.user_id == user_id else None


@broken.found_by("test_unlink_gives_the_identity_to_one_of_many", "test_unlink_of_a_missing_identity_is_none")
class UnlinkRefusesFirst(MemoryStore):
    """Ways in are counted before anybody looks whether there is such an identity."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        assert not keep_a_way_in or len(self._identities_of(user_id)) > 1
        return await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=keep_a_way_in)


@broken.found_by("test_unlink_of_the_identity_of_another_is_none")
class UnlinksForAnybody(MemoryStore):
    """Whoever asks takes the identity, whosever it is."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        known = self._identities.get((issuer, subject))
        if known and known.user_id != user_id and user_id in self._users:
            return self._identities.pop((issuer, subject))
        return await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=keep_a_way_in)


@broken.found_by("test_unlink_gives_the_identity_to_one_of_many")
class UnlinkLooksFirst(MemoryStore):
    """Of callers at once each gets the identity."""

    @override
    async def unlink_identity(
        self, issuer: str, subject: str, *, user_id: str, keep_a_way_in: bool
    ) -> Identity | None:
        known = self._identities.get((issuer, subject))
        await asyncio.sleep(0)
        gone = await super().unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=keep_a_way_in)
        return known if known and known.user_id == user_id else gone


@broken.found_by("test_link_gives_the_user_an_identity")
class ForgetsTheFirst(MemoryStore):
    """Whoever signs in by an added identity becomes another user."""

    @override
    async def upsert_identity(self, profile: Profile, *, user_id: str, now: float) -> tuple[User, bool]:
        known = self._identities.get((profile.issuer, profile.subject))
        if known and self._identities_of(known.user_id)[0] != known:
            del self._identities[known.issuer, known.subject]
        return await super().upsert_identity(profile, user_id=user_id, now=now)


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
