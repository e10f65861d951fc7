"""Conformance of a user store: identities that a user adds and removes."""

from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.models import Identity
from handstamp.core.protocols import UserStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_profile
from handstamp.testing.steps import added, linked, signed_up


class LinkSuite(ConformanceSuite):
    """Every sentence of ``link_identity`` and ``unlink_identity`` that is not about the last way in."""

    # link_identity

    async def test_link_gives_the_user_an_identity(self, store: UserStore, peer: UserStore) -> None:
        """Give the user another identity; whoever signs in by it is that user."""
        first, second = a_profile(subject=ODD_TEXT), a_profile(issuer="https://other.example")
        user = await signed_up(store, first)
        identity = await store.link_identity(second, user_id=user.id, now=LATER)
        assert identity == Identity(
            issuer=second.issuer, subject=second.subject, user_id=user.id, created_at=LATER, last_used_at=LATER
        )
        assert [one.subject for one in await peer.list_identities(user.id)] == [ODD_TEXT, second.subject]
        signed_in, made = await peer.upsert_identity(second, user_id=new_id(NOW), now=LATER)
        assert (signed_in.id, made) == (user.id, False)

    async def test_link_of_the_users_own_identity_uses_it(self, store: UserStore) -> None:
        """One that the user has already is used now, and keeps ``created_at``."""
        user, profile = await added(store), a_profile()
        identity = await linked(store, user, profile)
        outcome = await store.link_identity(profile, user_id=user.id, now=LATER)
        assert outcome == replace(identity, last_used_at=LATER)
        assert await store.list_identities(user.id) == (outcome,)

    async def test_link_of_the_identity_of_another_is_none(self, store: UserStore) -> None:
        """It is None, and nothing has changed, where the identity belongs to another user."""
        profile = a_profile()
        owner, user = await signed_up(store, profile), await added(store)
        before = await store.list_identities(owner.id)
        assert await store.link_identity(profile, user_id=user.id, now=LATER) is None
        assert await store.list_identities(owner.id) == before
        assert await store.list_identities(user.id) == ()

    async def test_link_of_a_missing_user_is_none(self, store: UserStore) -> None:
        """It is None where the user is missing, and the identity can still sign up."""
        profile = a_profile()
        assert await store.link_identity(profile, user_id="missing", now=NOW) is None
        assert (await signed_up(store, profile)).id != "missing"

    async def test_link_leaves_the_user(self, store: UserStore) -> None:
        """The user stays as it is, whatever else the profile says."""
        user = await added(store)
        await linked(store, user, a_profile(email="new@example.org", name="Countess", username="c", picture="/c.png"))
        assert await store.load_user(user.id) == user

    async def test_link_gives_the_identity_to_one_of_many(self, store: UserStore, peer: UserStore) -> None:
        """Of any number of users who link one identity at once, one gets it."""
        users, profile = [await added(store) for _ in range(CALLERS)], a_profile()

        async def link(through: UserStore, number: int) -> Identity | None:
            return await through.link_identity(profile, user_id=users[number].id, now=NOW)

        owners = [one.user_id for one in await race(store, peer, link) if one is not None]
        signed_in, made = await store.upsert_identity(profile, user_id=new_id(NOW), now=NOW)
        assert (owners, made) == ([signed_in.id], False)

    # unlink_identity

    async def test_unlink_takes_the_identity(self, store: UserStore, peer: UserStore) -> None:
        """Take an identity from the user; the identity that it was."""
        user, profile = await added(store), a_profile(subject=ODD_TEXT)
        one, other = await linked(store, user, profile), await linked(store, user, a_profile())
        gone = await store.unlink_identity(one.issuer, one.subject, user_id=user.id, keep_a_way_in=True)
        assert gone == one
        assert await peer.list_identities(user.id) == (other,)
        again = await signed_up(peer, profile)
        assert again.id != user.id

    async def test_unlink_of_a_missing_identity_is_none(self, store: UserStore) -> None:
        """None where the user has none such: where there is none, be it all that the user has, or no user."""
        user = await added(store)
        identity = await linked(store, user, a_profile())
        key = (identity.issuer, identity.subject)
        for issuer, subject, user_id in (
            (identity.issuer, "other", user.id),
            ("https://other.example", identity.subject, user.id),
            (*key, "missing"),
        ):
            assert await store.unlink_identity(issuer, subject, user_id=user_id, keep_a_way_in=True) is None
        assert await store.list_identities(user.id) == (identity,)

    async def test_unlink_of_the_identity_of_another_is_none(self, store: UserStore) -> None:
        """None where it is another user's, who keeps it."""
        owner, user = await added(store), await added(store)
        identity, _ = await linked(store, owner, a_profile()), await linked(store, user, a_profile())
        key = (identity.issuer, identity.subject)
        assert await store.unlink_identity(*key, user_id=user.id, keep_a_way_in=False) is None
        assert await store.list_identities(owner.id) == (identity,)

    async def test_unlink_gives_the_identity_to_one_of_many(self, store: UserStore, peer: UserStore) -> None:
        """Of any number of callers, one gets it."""
        user = await added(store)
        identity, _ = await linked(store, user, a_profile()), await linked(store, user, a_profile())

        async def unlink(through: UserStore, _number: int) -> Identity | None:
            key = (identity.issuer, identity.subject)
            return await through.unlink_identity(*key, user_id=user.id, keep_a_way_in=True)

        outcomes = await race(store, peer, unlink)
        assert [outcome for outcome in outcomes if outcome is not None] == [identity]
