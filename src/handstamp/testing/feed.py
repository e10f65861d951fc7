"""Conformance of a change feed that tells of sessions and users."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.protocols import Store
from handstamp.testing.many_changes import many_changes_of_users
from handstamp.testing.samples import LATER, NOW, a_credential, a_profile, a_user
from handstamp.testing.session_feed import SessionFeedSuite
from handstamp.testing.steps import added, given, signed_up


class ChangeFeedSuite(SessionFeedSuite):
    """Every sentence of ``ChangeFeed``. Each change is made through ``store``, and told by a feed of ``peer``."""

    async def _change_of_user_is_told(
        self, store: Store, peer: Store, change: Callable[[str], Awaitable[object]]
    ) -> None:
        user = await signed_up(store, a_profile())
        feeds = [await self.begun(peer), await self.begun(store)]
        await change(user.id)
        for feed in feeds:
            assert await self.tells(feed, user=user.id)
            assert await self.is_quiet(feed)
            feed.close()

    async def test_a_user_made_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user made."""
        feed = await self.begun(peer)
        user = await signed_up(store, a_profile())
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_a_user_changed_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user changed."""
        profile = a_profile()
        user = await signed_up(store, profile)
        feed = await self.begun(peer)
        await store.upsert_identity(replace(profile, name="Countess"), user_id=new_id(NOW), now=LATER)
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_a_user_disabled_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user disabled."""
        await self._change_of_user_is_told(store, peer, lambda one: store.disable_user(one, now=LATER))

    async def test_a_user_enabled_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user changed, by being enabled again."""
        user = await signed_up(store, a_profile())
        await store.disable_user(user.id, now=NOW)
        feed = await self.begun(peer)
        await store.enable_user(user.id)
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_a_user_deleted_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user deleted."""
        await self._change_of_user_is_told(store, peer, store.delete_user)

    async def test_a_user_added_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user made, without an identity."""
        feed = await self.begun(peer)
        user = await added(store)
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_an_address_set_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a user changed, who has another address."""
        await self._change_of_user_is_told(store, peer, lambda one: store.set_email(one, "new@example.org"))

    async def test_an_address_claimed_is_told(self, store: Store, peer: Store) -> None:
        """Told are: users changed, the one who has proved an address and the one who loses it."""
        user, squatter = await added(store), await added(store, a_user(email="ada@example.org"))
        feeds = [await self.begun(peer), await self.begun(peer)]
        await store.claim_email(user.id, "ada@example.org", now=LATER)
        for feed, told in zip(feeds, (user, squatter), strict=True):
            assert await self.tells(feed, user=told.id)
            feed.close()

    async def test_identities_and_credentials_are_not_told(self, store: Store, peer: Store) -> None:
        """Identities and credentials are not told, however they change."""
        user, profile = await added(store), a_profile()
        feed = await self.begun(peer)
        password = await given(store, a_credential(user.id))
        await store.link_identity(profile, user_id=user.id, now=NOW)
        await store.swap_credential(password, replace(password, counter=1))
        await store.unlink_identity(profile.issuer, profile.subject, user_id=user.id, keep_a_way_in=True)
        await store.replace_credentials(user.id, password.kind, [a_credential(user.id)])
        (other,) = await store.list_credentials(user.id)
        await store.remove_credential(other.id, user_id=user.id, keep_a_way_in=False)
        assert await self.is_quiet(feed)
        feed.close()

    async def test_a_role_given_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a role given."""
        await self._change_of_user_is_told(store, peer, lambda one: store.change_roles(one, add=frozenset({"admin"})))

    async def test_a_role_taken_is_told(self, store: Store, peer: Store) -> None:
        """Told are: a role taken."""
        user = await signed_up(store, a_profile())
        await store.change_roles(user.id, add=frozenset({"admin"}))
        feed = await self.begun(peer)
        await store.change_roles(user.id, remove=frozenset({"admin"}))
        assert await self.tells(feed, user=user.id)
        feed.close()

    async def test_each_of_many_changes_of_users_is_told(self, store: Store, peer: Store) -> None:
        """Each is told by name, in whatever way it was made, one after the other or by many callers at once."""
        await self.each_is_told(store, peer, many_changes_of_users)
