"""Conformance of a user store: users who are made without an identity, and whose e-mail address is whose."""

from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.models import User
from handstamp.core.protocols import UserStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_profile, a_user
from handstamp.testing.steps import added, signed_up

ADDRESS = "Ada@Example.org"
SAME = "aDA@eXAMPLE.ORG"
OTHER = "grace@example.org"


class EmailSuite(ConformanceSuite):
    """Every sentence of ``add_user``, ``set_email`` and ``claim_email``, and what is said of verified addresses."""

    # add_user

    async def test_add_stores_every_field(self, store: UserStore, peer: UserStore) -> None:
        """Store a user; every field comes back as it was stored."""
        bare = a_user(name=None, username=None)
        user = a_user(
            email=ADDRESS,
            email_verified=True,
            name=ODD_TEXT,
            username=ODD_TEXT,
            picture=ODD_TEXT,
            roles=frozenset({"admin", ODD_TEXT}),
            disabled_at=LATER,
        )
        for one in (bare, user):
            assert await store.add_user(one) is True
            assert await peer.load_user(one.id) == one
        assert await peer.find_users(SAME) == (user,)
        assert await peer.list_identities(user.id) == ()

    async def test_add_of_an_id_that_is_taken_is_false(self, store: UserStore) -> None:
        """False where the id is taken, and the user who has it stays."""
        user = await signed_up(store, a_profile())
        assert await store.add_user(a_user(id=user.id, roles=frozenset({"admin"}))) is False
        assert await store.load_user(user.id) == user

    async def test_add_does_not_verify_the_address_of_another(self, store: UserStore) -> None:
        """An address that another user has verified is stored as unverified."""
        first = await signed_up(store, a_profile(email=ADDRESS))
        second = await added(store, a_user(email=SAME, email_verified=True))
        assert await store.load_user(second.id) == replace(second, email_verified=False)
        assert await store.load_user(first.id) == first

    # upsert_identity

    async def test_upsert_does_not_verify_the_address_of_another(self, store: UserStore) -> None:
        """An address that another user has verified is stored as unverified, of a user who is made or known."""
        first = await signed_up(store, a_profile(email=ADDRESS))
        profile = a_profile(email=SAME, email_verified=True)
        made = await signed_up(store, profile)
        assert (made.email, made.email_verified) == (SAME, False)
        known, _ = await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
        assert known == made
        assert [await store.load_user(user.id) for user in (first, made)] == [first, made]

    async def test_upsert_verifies_what_nobody_has_verified(self, store: UserStore) -> None:
        """An address that others have unverified is as good as any, and they keep it."""
        before = await added(store, a_user(email=ADDRESS))
        profile = a_profile(email=SAME, email_verified=True)
        user = await signed_up(store, profile)
        again, _ = await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
        assert (user.email_verified, again) == (True, user)
        assert await store.load_user(before.id) == before

    async def test_upsert_verifies_the_address_for_one_of_many(self, store: UserStore, peer: UserStore) -> None:
        """Of any number of new users whose profiles say one address verified, one has it verified."""

        async def sign_up(through: UserStore, number: int) -> User:
            return await signed_up(through, a_profile(email=SAME if number % 3 else ADDRESS))

        users = await race(store, peer, sign_up)
        assert [user.email_verified for user in users].count(True) == 1
        assert sorted([user.id for user in users]) == [user.id for user in await store.list_users()]

    # set_email

    async def test_set_replaces_the_address(self, store: UserStore, peer: UserStore) -> None:
        """Replace the e-mail address; the user as it is then, unverified."""
        user = await signed_up(store, a_profile())
        outcome = await store.set_email(user.id, OTHER)
        assert outcome == replace(user, email=OTHER, email_verified=False)
        assert await peer.load_user(user.id) == outcome
        assert await peer.find_users(OTHER) == (outcome,)

    async def test_set_clears_the_address(self, store: UserStore, peer: UserStore) -> None:
        """Or clear it."""
        user = await signed_up(store, a_profile(username=None, email=ADDRESS))
        outcome = await store.set_email(user.id, None)
        assert outcome == replace(user, email=None, email_verified=False)
        assert await peer.load_user(user.id) == outcome
        assert await peer.find_users(ADDRESS) == ()

    async def test_set_of_the_same_address_takes_the_flag(self, store: UserStore) -> None:
        """It is unverified from then on, the very address that was verified too."""
        user = await signed_up(store, a_profile(email=ADDRESS))
        assert await store.set_email(user.id, ADDRESS) == replace(user, email_verified=False)

    async def test_set_of_a_missing_user_is_none(self, store: UserStore) -> None:
        """None if missing."""
        assert await store.set_email("missing", ADDRESS) is None

    async def test_any_number_have_an_address_unverified(self, store: UserStore) -> None:
        """Any number may have it unverified, beside the one who has it verified."""
        owner = await signed_up(store, a_profile(email=ADDRESS))
        for _ in range(2):
            user = await added(store)
            assert await store.set_email(user.id, SAME) == replace(user, email=SAME)
        assert await store.load_user(owner.id) == owner
        assert len(await store.find_users(ADDRESS)) == 3

    # claim_email

    async def test_claim_sets_and_verifies_the_address(self, store: UserStore, peer: UserStore) -> None:
        """Set it, verified; the user as it is then, with roles and all."""
        user = await signed_up(store, a_profile())
        await store.change_roles(user.id, add=frozenset({"admin"}))
        outcome = await store.claim_email(user.id, OTHER, now=LATER)
        assert outcome == replace(user, email=OTHER, email_verified=True, roles=frozenset({"admin"}))
        assert await peer.load_user(user.id) == outcome
        assert await peer.find_users(OTHER) == (outcome,)

    async def test_claim_verifies_the_address_that_is_there(self, store: UserStore) -> None:
        """An unverified address that the user has already is verified, in the letters of the claim."""
        user = await added(store, a_user(email=ADDRESS))
        assert await store.claim_email(user.id, SAME, now=LATER) == replace(user, email=SAME, email_verified=True)

    async def test_claim_again_changes_nothing(self, store: UserStore) -> None:
        """Whoever has proved the address may prove it again."""
        user = await signed_up(store, a_profile(email=ADDRESS))
        assert await store.claim_email(user.id, ADDRESS, now=LATER) == user

    async def test_claim_of_a_missing_user_is_none(self, store: UserStore) -> None:
        """None if missing, and nobody loses anything."""
        user = await added(store, a_user(email=ADDRESS))
        assert await store.claim_email("missing", ADDRESS, now=LATER) is None
        assert await store.load_user(user.id) == user

    async def test_claim_takes_the_address_from_those_who_did_not_prove_it(
        self, store: UserStore, peer: UserStore
    ) -> None:
        """Every other user who has it unverified loses it in the same step, and nothing else."""
        squatters = [a_user(email=ADDRESS), a_user(email=SAME, roles=frozenset({"admin"}), disabled_at=NOW)]
        others = [a_user(email=OTHER), a_user(email=None, username=ADDRESS)]
        for user in (*squatters, *others):
            await added(store, user)
        user = await added(store)
        await store.claim_email(user.id, ADDRESS, now=LATER)
        for squatter in squatters:
            assert await peer.load_user(squatter.id) == replace(squatter, email=None)
        for other in others:
            assert await peer.load_user(other.id) == other

    async def test_claim_of_an_address_that_is_verified_changes_nothing(self, store: UserStore) -> None:
        """Where another user has it verified nothing changes, and it is None."""
        owner = await signed_up(store, a_profile(email=ADDRESS))
        squatter = await added(store, a_user(email=ADDRESS))
        user = await added(store, a_user(email=OTHER))
        assert await store.claim_email(user.id, SAME, now=LATER) is None
        assert [await store.load_user(one.id) for one in (owner, squatter, user)] == [owner, squatter, user]

    async def test_claim_gives_an_address_that_was_given_up(self, store: UserStore) -> None:
        """What is not verified any more can be proved by another."""
        owner, user = await signed_up(store, a_profile(email=ADDRESS)), await added(store)
        await store.set_email(owner.id, OTHER)
        assert await store.claim_email(user.id, SAME, now=LATER) == replace(user, email=SAME, email_verified=True)

    async def test_claim_gives_the_address_to_one_of_many(self, store: UserStore, peer: UserStore) -> None:
        """Of any number of users who claim one address at once, one gets it, and no other keeps it."""
        users = [await added(store, a_user(email=ADDRESS if number % 2 else None)) for number in range(CALLERS)]

        async def claim(through: UserStore, number: int) -> User | None:
            return await through.claim_email(users[number].id, SAME if number % 3 else ADDRESS, now=LATER)

        owners = [user for user in await race(store, peer, claim) if user is not None]
        assert [owner.email_verified for owner in owners] == [True]
        assert await store.find_users(ADDRESS) == tuple(owners)

    async def test_delete_frees_the_address(self, store: UserStore) -> None:
        """The address of a deleted user is free then."""
        owner, user = await signed_up(store, a_profile(email=ADDRESS)), await added(store)
        await store.delete_user(owner.id)
        assert await store.claim_email(user.id, SAME, now=LATER) is not None
