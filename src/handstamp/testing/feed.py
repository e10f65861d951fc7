"""Conformance of a change feed that tells of sessions and users."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.protocols import Store
from handstamp.testing.many_changes import many_changes_of_users
from handstamp.testing.samples import LATER, NOW, a_profile
from handstamp.testing.session_feed import SessionFeedSuite
from handstamp.testing.steps import signed_up


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
