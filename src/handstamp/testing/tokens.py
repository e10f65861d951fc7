"""Conformance of a store of provider tokens."""

from dataclasses import replace

from handstamp.core.models import SealedTokens
from handstamp.core.protocols import Store
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, ODD_TEXT, a_profile, sealed_tokens
from handstamp.testing.steps import added, linked, signed_up


class TokenStoreSuite(ConformanceSuite):
    """Every sentence of ``TokenStore``, and what ``UserStore`` says of tokens."""

    # keep_tokens, load_tokens

    async def test_keep_stores_every_field(self, store: Store, peer: Store) -> None:
        """Every field comes back as it was stored."""
        profile = a_profile(subject=ODD_TEXT)
        user = await signed_up(store, profile)
        for changes in ({}, {"sealed": "x" * 16_384, "must_sign_in_again": True, "kept_at": LATER}):
            tokens = sealed_tokens(profile, **changes)
            assert await store.keep_tokens(tokens, user_id=user.id) is True
            assert await peer.load_tokens(profile.issuer, profile.subject) == tokens
        (identity,) = await peer.list_identities(user.id)
        assert identity.subject == ODD_TEXT

    async def test_keep_takes_the_place_of_any_version(self, store: Store) -> None:
        """In place of those that were there, whatever their version; those of other identities stay."""
        one, other = a_profile(), a_profile(issuer="https://other.example", subject="42")
        first, second = await signed_up(store, one), await signed_up(store, other)
        kept = sealed_tokens(other)
        assert await store.keep_tokens(kept, user_id=second.id)
        for tokens in (sealed_tokens(one, version="9"), sealed_tokens(one, version="1")):
            assert await store.keep_tokens(tokens, user_id=first.id)
            assert await store.load_tokens(one.issuer, one.subject) == tokens
        assert await store.load_tokens(other.issuer, other.subject) == kept

    async def test_keep_for_an_identity_that_the_user_has_not_is_false(self, store: Store) -> None:
        """It is False, and nothing is stored, where the user has no such identity: it is another's, or nobody's."""
        profile, missing = a_profile(), a_profile()
        owner, user = await signed_up(store, profile), await added(store)
        for tokens, user_id in (
            (sealed_tokens(profile), user.id),
            (sealed_tokens(profile), "missing"),
            (sealed_tokens(missing), owner.id),
        ):
            assert await store.keep_tokens(tokens, user_id=user_id) is False
            assert await store.load_tokens(tokens.issuer, tokens.subject) is None

    async def test_load_of_tokens_that_are_not_kept_is_none(self, store: Store) -> None:
        """None where none are kept, be there an identity or not."""
        profile = a_profile()
        await signed_up(store, profile)
        assert await store.load_tokens(profile.issuer, profile.subject) is None
        assert await store.load_tokens(profile.issuer, "missing") is None

    async def test_signing_in_again_leaves_the_tokens(self, store: Store) -> None:
        """Neither signing in nor linking again says anything of tokens."""
        profile = a_profile()
        user, tokens = await signed_up(store, profile), sealed_tokens(profile)
        await store.keep_tokens(tokens, user_id=user.id)
        await store.upsert_identity(profile, user_id="other", now=LATER)
        await store.link_identity(profile, user_id=user.id, now=LATER)
        assert await store.load_tokens(profile.issuer, profile.subject) == tokens

    # swap_tokens

    async def test_swap_replaces_what_was_seen(self, store: Store, peer: Store) -> None:
        """Replace the tokens if their version is still the one that was seen; every field but the identity's."""
        profile = a_profile()
        user, seen = await signed_up(store, profile), sealed_tokens(profile)
        await store.keep_tokens(seen, user_id=user.id)
        becomes = sealed_tokens(a_profile(issuer="https://other.example"), kept_at=LATER, must_sign_in_again=True)
        assert await store.swap_tokens(seen, becomes) is True
        expected = replace(becomes, issuer=profile.issuer, subject=profile.subject)
        assert await peer.load_tokens(profile.issuer, profile.subject) == expected

    async def test_swap_of_another_version_changes_nothing(self, store: Store) -> None:
        """Where others were faster it is False, and nothing has changed."""
        profile = a_profile()
        user, stored = await signed_up(store, profile), sealed_tokens(profile)
        await store.keep_tokens(stored, user_id=user.id)
        assert await store.swap_tokens(sealed_tokens(profile), sealed_tokens(profile)) is False
        assert await store.load_tokens(profile.issuer, profile.subject) == stored

    async def test_swap_of_what_is_not_there_stores_nothing(self, store: Store) -> None:
        """Where there are none any more it is False, and none are there afterwards."""
        profile = a_profile()
        await signed_up(store, profile)
        assert await store.swap_tokens(sealed_tokens(profile), sealed_tokens(profile)) is False
        assert await store.load_tokens(profile.issuer, profile.subject) is None

    async def test_swap_succeeds_for_one_of_many(self, store: Store, peer: Store) -> None:
        """Of any number of callers that saw the same, one gets True."""
        profile = a_profile()
        user, seen = await signed_up(store, profile), sealed_tokens(profile)
        await store.keep_tokens(seen, user_id=user.id)
        offers = [sealed_tokens(profile) for _ in range(CALLERS)]

        async def swap(through: Store, number: int) -> bool:
            return await through.swap_tokens(seen, offers[number])

        outcomes = await race(store, peer, swap)
        assert outcomes.count(True) == 1
        assert await store.load_tokens(profile.issuer, profile.subject) == offers[outcomes.index(True)]

    # erase_tokens

    async def test_erase_removes_the_tokens_and_nothing_else(self, store: Store, peer: Store) -> None:
        """Remove the tokens of an identity, which stays; those that they were."""
        profile = a_profile()
        user, tokens = await signed_up(store, profile), sealed_tokens(profile)
        (identity,) = await store.list_identities(user.id)
        await store.keep_tokens(tokens, user_id=user.id)
        assert await store.erase_tokens(profile.issuer, profile.subject) == tokens
        assert await peer.load_tokens(profile.issuer, profile.subject) is None
        assert await peer.list_identities(user.id) == (identity,)
        assert await peer.swap_tokens(tokens, sealed_tokens(profile)) is False

    async def test_erase_of_what_is_not_there_is_none(self, store: Store) -> None:
        """None where none are kept, be there an identity or not."""
        profile = a_profile()
        await signed_up(store, profile)
        assert await store.erase_tokens(profile.issuer, profile.subject) is None
        assert await store.erase_tokens(profile.issuer, "missing") is None

    async def test_erase_gives_the_tokens_to_one_of_many(self, store: Store, peer: Store) -> None:
        """Of any number of callers, one gets them."""
        profile = a_profile()
        user, tokens = await signed_up(store, profile), sealed_tokens(profile)
        await store.keep_tokens(tokens, user_id=user.id)

        async def erase(through: Store, _number: int) -> SealedTokens | None:
            return await through.erase_tokens(profile.issuer, profile.subject)

        outcomes = await race(store, peer, erase)
        assert [one for one in outcomes if one is not None] == [tokens]

    # unlink_identity, delete_user

    async def test_tokens_go_with_the_identity(self, store: Store, peer: Store) -> None:
        """The tokens of an identity that is unlinked go with it, and nobody who links it anew finds them."""
        user, profile = await added(store), a_profile()
        await linked(store, user, profile)
        await store.keep_tokens(sealed_tokens(profile), user_id=user.id)
        key = (profile.issuer, profile.subject)
        await store.unlink_identity(*key, user_id=user.id, keep_a_way_in=False)
        assert await peer.load_tokens(*key) is None
        await linked(store, user, profile)
        assert await peer.load_tokens(*key) is None

    async def test_tokens_go_with_the_user(self, store: Store, peer: Store) -> None:
        """The tokens of a deleted user are gone, and nobody who signs up by the identity finds them."""
        profile = a_profile()
        user = await signed_up(store, profile)
        await store.keep_tokens(sealed_tokens(profile), user_id=user.id)
        await store.delete_user(user.id)
        assert await peer.load_tokens(profile.issuer, profile.subject) is None
        await signed_up(store, profile)
        assert await peer.load_tokens(profile.issuer, profile.subject) is None
