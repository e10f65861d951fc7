"""Conformance of a user store: users who are made without an identity, and whose e-mail address is whose."""

from dataclasses import replace

from handstamp.core.errors import AddressTaken
from handstamp.core.ids import new_id
from handstamp.core.models import User
from handstamp.core.protocols import UserStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_profile, a_user
from handstamp.testing.steps import added, holder_told, signed_up

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

    async def test_add_of_no_address_verifies_none(self, store: UserStore) -> None:
        """Who has no address has none verified, be it two of them."""
        for _ in range(2):
            user = await added(store, a_user(email=None, email_verified=True))
            assert await store.load_user(user.id) == replace(user, email_verified=False)

    # upsert_identity

    async def test_upsert_of_a_known_one_does_not_verify_the_address_of_another(self, store: UserStore) -> None:
        """For a known one, an address that another user has verified counts as unverified."""
        profile = a_profile(email=OTHER, email_verified=False)
        first, user = await signed_up(store, a_profile(email=ADDRESS)), await signed_up(store, profile)
        says = replace(profile, email=SAME, email_verified=True)
        outcome, _ = await store.upsert_identity(says, user_id=new_id(LATER), now=LATER)
        assert outcome == replace(user, email=SAME)
        assert [await store.load_user(one.id) for one in (first, user)] == [first, outcome]

    async def test_upsert_makes_nobody_by_the_address_of_another(self, store: UserStore, peer: UserStore) -> None:
        """An unknown identity whose address another user has verified raises AddressTaken; nothing has changed."""
        owner = await signed_up(store, a_profile(email=ADDRESS))
        profile = a_profile(email=SAME, email_verified=True)
        assert await holder_told(store, profile) == owner.id
        assert await peer.list_users() == (owner,)
        linked = await peer.link_identity(profile, user_id=owner.id, now=LATER)
        assert linked is not None
        assert linked.created_at == LATER

    async def test_upsert_makes_somebody_by_an_address_that_nobody_proved(self, store: UserStore) -> None:
        """An unverified address joins nothing and blocks nothing, whoever has it."""
        owner = await signed_up(store, a_profile(email=ADDRESS))
        user = await signed_up(store, a_profile(email=SAME, email_verified=False))
        assert (user.email, user.email_verified) == (SAME, False)
        assert await store.load_user(owner.id) == owner

    async def test_upsert_takes_the_address_from_those_who_did_not_prove_it(
        self, store: UserStore, peer: UserStore
    ) -> None:
        """When the address becomes verified, every other user who has it unverified loses it, and nothing else."""
        profile = a_profile(email=None, email_verified=False)
        for says in (replace(profile, email=SAME, email_verified=True), a_profile(email=OTHER)):
            known, _ = await store.upsert_identity(profile, user_id=new_id(NOW), now=NOW)
            squatter = await added(store, a_user(email=says.email, roles=frozenset({"admin"})))
            other = await added(store, a_user(email="elsewhere@example.org"))
            user, _ = await store.upsert_identity(says, user_id=new_id(LATER), now=LATER)
            assert (user.email, user.email_verified) == (says.email, True)
            assert await peer.load_user(squatter.id) == replace(squatter, email=None)
            assert await peer.load_user(other.id) == other
            assert await peer.load_user(known.id) is not None

    async def test_upsert_keeps_what_was_proved(self, store: UserStore) -> None:
        """A verified address of the user is not replaced by one that the profile does not say to be verified."""
        profile = a_profile(email=ADDRESS)
        user, other = await signed_up(store, profile), await signed_up(store, a_profile(email=OTHER))
        for says in (
            replace(profile, email="new@example.org", email_verified=False),
            replace(profile, email_verified=False),
            replace(profile, email=other.email),
        ):
            assert await store.upsert_identity(says, user_id=new_id(LATER), now=LATER) == (user, False)
            assert await store.load_user(user.id) == user

    async def test_upsert_makes_one_user_of_an_address(self, store: UserStore, peer: UserStore) -> None:
        """Of any number of new identities whose profiles say one address verified, one makes a user."""
        await added(store, a_user(email=ADDRESS))

        async def sign_up(through: UserStore, number: int) -> str:
            profile = a_profile(email=SAME if number % 3 else ADDRESS)
            try:
                user, _ = await through.upsert_identity(profile, user_id=f"made-{number}", now=NOW)
            except AddressTaken as taken:
                return taken.user_id
            return user.id

        told = await race(store, peer, sign_up)
        owners = [(user.id, user.email_verified) for user in await store.find_users(ADDRESS)]
        assert owners == [(told[0], True)]
        assert set(told) == {told[0]}
        assert len(await store.list_users()) == 2

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
