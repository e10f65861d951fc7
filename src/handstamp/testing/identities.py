"""Conformance of a user store: identities, and the users that they make."""

from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.models import Profile, User
from handstamp.core.protocols import UserStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import LATER, NOW, a_profile
from handstamp.testing.steps import signed_up


class IdentitySuite(ConformanceSuite):
    """Every sentence of ``upsert_identity``."""

    async def test_upsert_makes_a_user_for_an_unknown_identity(self, store: UserStore, peer: UserStore) -> None:
        """An unknown identity makes a user with the id ``user_id`` in the same step."""
        profile, user_id = a_profile(), new_id(NOW)
        expected = User(
            id=user_id,
            created_at=NOW,
            email=profile.email,
            email_verified=True,
            name=profile.name,
            username=profile.username,
            picture=profile.picture,
        )
        assert await store.upsert_identity(profile, user_id=user_id, now=NOW) == (expected, True)
        assert await peer.load_user(user_id) == expected

    async def test_upsert_makes_a_user_of_whom_nothing_is_known(self, store: UserStore) -> None:
        """A profile that says nothing but issuer and subject makes a user too."""
        profile = Profile(issuer="https://id.example", subject="42")
        user = await signed_up(store, profile)
        assert user == User(id=user.id, created_at=NOW)
        assert await store.load_user(user.id) == user

    async def test_upsert_keeps_the_user_of_a_known_identity(self, store: UserStore) -> None:
        """A known one keeps its user, and none is made."""
        profile = a_profile()
        user = await signed_up(store, profile)
        outcome = await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
        assert outcome == (user, False)
        assert len(await store.list_identities(user.id)) == 1

    async def test_upsert_takes_over_what_the_profile_says(self, store: UserStore, peer: UserStore) -> None:
        """What the profile says that is not None replaces what the user had."""
        profile = a_profile()
        user = await signed_up(store, profile)
        now_says = replace(profile, email="new@example.org", name="Countess", username="countess", picture="/new.png")
        outcome, _ = await store.upsert_identity(now_says, user_id=new_id(LATER), now=LATER)
        assert outcome == replace(
            user, email="new@example.org", name="Countess", username="countess", picture="/new.png"
        )
        assert await peer.load_user(user.id) == outcome

    async def test_upsert_keeps_what_the_profile_does_not_say(self, store: UserStore) -> None:
        """What the profile says that is None leaves what the user had."""
        profile = a_profile()
        user = await signed_up(store, profile)
        silent = Profile(issuer=profile.issuer, subject=profile.subject)
        outcome, _ = await store.upsert_identity(silent, user_id=new_id(LATER), now=LATER)
        assert outcome == user

    async def test_upsert_replaces_address_and_verified_flag_together(self, store: UserStore) -> None:
        """The e-mail address and its verified flag are replaced together."""
        profile = a_profile(email_verified=False)
        await signed_up(store, profile)
        flag_only = replace(profile, email=None, email_verified=True)
        user, _ = await store.upsert_identity(flag_only, user_id=new_id(LATER), now=LATER)
        assert (user.email, user.email_verified) == (profile.email, False)
        both = replace(profile, email="new@example.org", email_verified=True)
        user, _ = await store.upsert_identity(both, user_id=new_id(LATER), now=LATER)
        assert (user.email, user.email_verified) == ("new@example.org", True)

    async def test_upsert_does_not_join_by_address_or_username(self, store: UserStore) -> None:
        """An unverified e-mail address, or a username, that another user has joins nothing and blocks nothing."""
        same = a_profile(email_verified=False)
        one = await signed_up(store, same)
        two = await signed_up(store, replace(same, subject="another"))
        assert one.id != two.id
        assert (one.email, one.username) == (two.email, two.username)

    async def test_upsert_tells_issuers_apart(self, store: UserStore) -> None:
        """The identity is issuer and subject: the same subject of another issuer is another one."""
        profile = a_profile(email_verified=False)
        one = await signed_up(store, profile)
        two = await signed_up(store, replace(profile, issuer="https://other.example"))
        assert one.id != two.id

    async def test_upsert_leaves_the_roles(self, store: UserStore) -> None:
        """Roles stay as they are."""
        profile = a_profile()
        user = await signed_up(store, profile)
        await store.change_roles(user.id, add=frozenset({"admin"}))
        outcome, _ = await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
        assert outcome == replace(user, roles=frozenset({"admin"}))

    async def test_upsert_leaves_a_disabled_user_disabled(self, store: UserStore) -> None:
        """``disabled_at`` stays as it is."""
        profile = a_profile()
        user = await signed_up(store, profile)
        await store.disable_user(user.id, now=NOW + 1)
        outcome, _ = await store.upsert_identity(profile, user_id=new_id(LATER), now=LATER)
        assert outcome == replace(user, disabled_at=NOW + 1)

    async def test_upsert_lets_one_of_many_callers_make_the_user(self, store: UserStore, peer: UserStore) -> None:
        """Of any number of callers with one new identity, one makes the user and all get that user."""
        profile = a_profile()

        async def upsert(through: UserStore, _number: int) -> tuple[User, bool]:
            return await through.upsert_identity(profile, user_id=new_id(NOW), now=NOW)

        outcomes = await race(store, peer, upsert)
        assert [made for _, made in outcomes].count(True) == 1
        assert len({user.id for user, _ in outcomes}) == 1
        assert len(await store.list_users()) == 1
