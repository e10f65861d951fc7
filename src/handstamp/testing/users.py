"""Conformance of a user store."""

from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.models import Identity
from handstamp.core.protocols import UserStore
from handstamp.testing.emails import EmailSuite
from handstamp.testing.identities import IdentitySuite
from handstamp.testing.links import LinkSuite
from handstamp.testing.races import race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_profile
from handstamp.testing.steps import signed_up


class UserStoreSuite(IdentitySuite, LinkSuite, EmailSuite):
    """Every sentence of ``UserStore`` that is not about credentials, and not about the last way in."""

    # load_user, find_users, list_users, list_identities

    async def test_load_gives_a_disabled_user(self, store: UserStore, peer: UserStore) -> None:
        """The user as last committed, disabled or not."""
        user = await signed_up(store, a_profile())
        await store.disable_user(user.id, now=LATER)
        assert await peer.load_user(user.id) == replace(user, disabled_at=LATER)

    async def test_load_of_a_missing_user_is_none(self, store: UserStore) -> None:
        """A missing one is None, not an error."""
        assert await store.load_user("missing") is None

    async def test_text_of_a_user_comes_back_as_it_was_stored(self, store: UserStore) -> None:
        """Text comes back as it was stored, whatever characters are in it, and is found by it."""
        odd = dict.fromkeys(("subject", "name", "username", "picture"), ODD_TEXT)
        user = await signed_up(store, a_profile(email=f"e{ODD_TEXT}", **odd))
        assert (user.email, user.name, user.username, user.picture) == (f"e{ODD_TEXT}", *[ODD_TEXT] * 3)
        assert await store.load_user(user.id) == user
        assert await store.find_users(ODD_TEXT) == (user,)
        (identity,) = await store.list_identities(user.id)
        assert identity.subject == ODD_TEXT

    async def test_find_gives_every_user_oldest_first(self, store: UserStore) -> None:
        """Every user whose id, e-mail address or username is ``handle``, oldest first."""
        young = await signed_up(store, a_profile(email="ada", username=None), now=NOW + 2)
        old = await signed_up(store, a_profile(email=None, username="ada"), now=NOW + 1)
        other = await signed_up(store, a_profile(email="grace@example.org", username="grace"))
        assert await store.find_users("ada") == (old, young)
        assert await store.find_users(other.id) == (other,)
        assert await store.find_users("nobody") == ()

    async def test_find_gives_a_user_once_with_all_roles(self, store: UserStore) -> None:
        """A user whose e-mail address and username are both the handle is found once, as it is stored."""
        user = await signed_up(store, a_profile(email="ada", username="ada"))
        roles = frozenset({"admin", "analyst"})
        await store.change_roles(user.id, add=roles)
        assert await store.find_users("ada") == (replace(user, roles=roles),)

    async def test_find_disregards_the_case_of_ascii_letters(self, store: UserStore) -> None:
        """E-mail address and username are compared without regard to the case of ASCII letters."""
        user = await signed_up(store, a_profile(email="Ada@Example.org", username="AdA"))
        assert await store.find_users("aDA@eXAMPLE.ORG") == (user,)
        assert await store.find_users("aDa") == (user,)

    async def test_find_regards_the_case_of_other_letters(self, store: UserStore) -> None:
        """Only that of ASCII letters is disregarded."""
        user = await signed_up(store, a_profile(username="Élodie"))
        assert await store.find_users("ÉLODIE") == (user,)
        assert await store.find_users("élodie") == ()

    async def test_find_regards_the_case_of_ids(self, store: UserStore) -> None:
        """The id is compared as it is."""
        user, _ = await store.upsert_identity(a_profile(), user_id="abc", now=NOW)
        assert await store.find_users("abc") == (user,)
        assert await store.find_users("ABC") == ()

    async def test_list_walks_the_users_in_the_order_of_their_ids(self, store: UserStore) -> None:
        """At most ``limit`` users in the order of their ids, beginning after the id ``after``."""
        users = [await signed_up(store, a_profile()) for _ in range(5)]
        users.sort(key=lambda user: user.id)
        users[1] = replace(users[1], roles=frozenset({"admin", "analyst"}))
        await store.change_roles(users[1].id, add=users[1].roles)
        assert await store.list_users() == tuple(users)
        assert await store.list_users(limit=2) == tuple(users[:2])
        assert await store.list_users(after=users[1].id, limit=2) == tuple(users[2:4])
        assert await store.list_users(after=users[4].id) == ()

    async def test_list_gives_the_identities_of_a_user(self, store: UserStore) -> None:
        """The identities of a user."""
        profile = a_profile()
        user = await signed_up(store, profile)
        await signed_up(store, a_profile())
        expected = Identity(
            issuer=profile.issuer,
            subject=profile.subject,
            user_id=user.id,
            created_at=NOW,
            last_used_at=NOW,
        )
        assert await store.list_identities(user.id) == (expected,)
        await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
        assert await store.list_identities(user.id) == (replace(expected, last_used_at=LATER),)
        assert await store.list_identities("missing") == ()

    # change_roles

    async def test_roles_are_given_and_taken_in_one_step(self, store: UserStore, peer: UserStore) -> None:
        """Give and take roles in one step; the user as it is then."""
        user = await signed_up(store, a_profile())
        await store.change_roles(user.id, add=frozenset({"a", "b"}))
        outcome = await store.change_roles(user.id, add=frozenset({"c"}), remove=frozenset({"a"}))
        assert outcome == replace(user, roles=frozenset({"b", "c"}))
        assert await peer.load_user(user.id) == outcome

    async def test_roles_of_a_missing_user_are_none(self, store: UserStore) -> None:
        """None if missing."""
        assert await store.change_roles("missing", add=frozenset({"a"})) is None

    async def test_a_role_both_added_and_removed_is_removed(self, store: UserStore) -> None:
        """A role that is both added and removed is removed, whether it was there or not."""
        user = await signed_up(store, a_profile())
        both = frozenset({"a"})
        assert await store.change_roles(user.id, add=both, remove=both) == user
        await store.change_roles(user.id, add=both)
        assert await store.change_roles(user.id, add=both, remove=both) == user

    async def test_adding_a_role_that_is_there_changes_nothing(self, store: UserStore) -> None:
        """Adding what is there changes nothing."""
        user = await signed_up(store, a_profile())
        once = await store.change_roles(user.id, add=frozenset({"a"}))
        assert await store.change_roles(user.id, add=frozenset({"a"})) == once
        assert once == replace(user, roles=frozenset({"a"}))

    async def test_removing_a_role_that_is_not_there_changes_nothing(self, store: UserStore) -> None:
        """Removing what is not there changes nothing."""
        user = await signed_up(store, a_profile())
        assert await store.change_roles(user.id, remove=frozenset({"a"})) == user

    async def test_callers_that_add_different_roles_at_once_lose_none(
        self, store: UserStore, peer: UserStore
    ) -> None:
        """Callers that add different roles at once lose none."""
        user = await signed_up(store, a_profile())

        async def give(through: UserStore, number: int) -> str:
            await through.change_roles(user.id, add=frozenset({f"role-{number}"}))
            return f"role-{number}"

        roles = frozenset(await race(store, peer, give))
        assert await store.load_user(user.id) == replace(user, roles=roles)

    # disable_user, enable_user

    async def test_disable_sets_the_time(self, store: UserStore, peer: UserStore) -> None:
        """Set ``disabled_at``; the user as it is then."""
        user = await signed_up(store, a_profile())
        outcome = await store.disable_user(user.id, now=LATER)
        assert outcome == replace(user, disabled_at=LATER)
        assert await peer.load_user(user.id) == outcome

    async def test_disable_of_a_missing_user_is_none(self, store: UserStore) -> None:
        """None if missing."""
        assert await store.disable_user("missing", now=NOW) is None

    async def test_disable_keeps_the_time_of_a_disabled_user(self, store: UserStore) -> None:
        """A disabled one keeps its time."""
        user = await signed_up(store, a_profile())
        await store.disable_user(user.id, now=NOW)
        outcome = await store.disable_user(user.id, now=LATER)
        assert outcome == replace(user, disabled_at=NOW)

    async def test_enable_clears_the_time(self, store: UserStore, peer: UserStore) -> None:
        """Clear ``disabled_at``; the user as it is then."""
        user = await signed_up(store, a_profile())
        await store.disable_user(user.id, now=NOW)
        assert await store.enable_user(user.id) == user
        assert await peer.load_user(user.id) == user

    async def test_enable_of_a_missing_user_is_none(self, store: UserStore) -> None:
        """None if missing."""
        assert await store.enable_user("missing") is None

    # delete_user

    async def test_delete_removes_the_user(self, store: UserStore, peer: UserStore) -> None:
        """Remove the user; whether there was one."""
        user, other = await signed_up(store, a_profile()), await signed_up(store, a_profile())
        assert await store.delete_user(user.id) is True
        assert await peer.load_user(user.id) is None
        assert await store.delete_user(user.id) is False
        assert await store.list_users() == (other,)

    async def test_delete_removes_the_roles(self, store: UserStore) -> None:
        """Remove the roles: a user who is made with the same id has none."""
        user = await signed_up(store, a_profile())
        await store.change_roles(user.id, add=frozenset({"admin"}))
        await store.delete_user(user.id)
        again, _ = await store.upsert_identity(a_profile(), user_id=user.id, now=LATER)
        assert again.roles == frozenset()

    async def test_delete_removes_the_identities(self, store: UserStore) -> None:
        """Remove the identities."""
        user = await signed_up(store, a_profile())
        await store.delete_user(user.id)
        assert await store.list_identities(user.id) == ()

    async def test_a_deleted_identity_can_sign_up_again(self, store: UserStore) -> None:
        """The identity can then sign up again, as another user."""
        profile = a_profile()
        user = await signed_up(store, profile)
        await store.delete_user(user.id)
        again = await signed_up(store, profile, now=LATER)
        assert again == replace(user, id=again.id, created_at=LATER)
        assert again.id != user.id
