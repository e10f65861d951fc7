"""Conformance of a store: the last way in of a user, be it an identity or a credential."""

from collections.abc import Awaitable, Callable

from handstamp.core.errors import LastWayIn
from handstamp.core.models import Credential, CredentialKind, Identity, User
from handstamp.core.protocols import Store
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.races import race
from handstamp.testing.samples import a_credential, a_profile
from handstamp.testing.steps import added, given, linked

Removal = Callable[[Store], Awaitable[object]]


def removal(user: User, what: Identity | Credential, *, keep_a_way_in: bool = True) -> Removal:
    """How to remove an identity or a credential of a user."""
    if isinstance(what, Credential):
        return lambda store: store.remove_credential(what.id, user_id=user.id, keep_a_way_in=keep_a_way_in)
    return lambda store: store.unlink_identity(
        what.issuer, what.subject, user_id=user.id, keep_a_way_in=keep_a_way_in
    )


async def is_refused(store: Store, remove: Removal) -> bool:
    """Whether it was the last way in, and was kept."""
    try:
        await remove(store)
    except LastWayIn:
        return True
    return False


class WaysInSuite(ConformanceSuite):
    """What ``unlink_identity`` and ``remove_credential`` say of the last way in."""

    async def test_the_last_identity_stays(self, store: Store, peer: Store) -> None:
        """With ``keep_a_way_in``, the last way in stays, and this raises LastWayIn; others' do not count."""
        user, other = await added(store), await added(store)
        identity, _ = await linked(store, user, a_profile()), await linked(store, other, a_profile())
        assert await is_refused(store, removal(user, identity))
        assert await peer.list_identities(user.id) == (identity,)

    async def test_the_last_password_stays(self, store: Store, peer: Store) -> None:
        """With ``keep_a_way_in``, the last way in stays, and this raises LastWayIn; others' do not count."""
        user, other = await added(store), await added(store)
        password, _ = await given(store, a_credential(user.id)), await given(store, a_credential(other.id))
        assert await is_refused(store, removal(user, password))
        assert await peer.list_credentials(user.id) == (password,)

    async def test_the_last_passkey_stays(self, store: Store, peer: Store) -> None:
        """A confirmed passkey is a way in, which stays where it is the last."""
        user = await added(store)
        passkey = await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="key"))
        assert await is_refused(store, removal(user, passkey))
        assert await peer.list_credentials(user.id) == (passkey,)

    async def test_codes_and_unconfirmed_passkeys_are_no_way_in(self, store: Store) -> None:
        """Ways in are identities, passwords and confirmed passkeys: beside others the last one stays."""
        user = await added(store)
        identity = await linked(store, user, a_profile())
        for kind, confirmed_at in (
            (CredentialKind.TOTP, 1.0),
            (CredentialKind.RECOVERY_CODE, 1.0),
            (CredentialKind.PASSKEY, None),
        ):
            await given(store, a_credential(user.id, kind, confirmed_at=confirmed_at))
        assert await is_refused(store, removal(user, identity))

    async def test_what_is_no_way_in_goes_in_any_case(self, store: Store) -> None:
        """A code or a passkey that was not confirmed goes, beside one way in and beside none."""
        for one_way in (True, False):
            user = await added(store)
            if one_way:
                await given(store, a_credential(user.id))
            for kind, confirmed_at in (
                (CredentialKind.TOTP, 1.0),
                (CredentialKind.RECOVERY_CODE, 1.0),
                (CredentialKind.PASSKEY, None),
            ):
                one = await given(store, a_credential(user.id, kind, confirmed_at=confirmed_at))
                assert not await is_refused(store, removal(user, one))
            assert len(await store.list_credentials(user.id)) == one_way

    async def test_any_other_way_in_is_enough(self, store: Store) -> None:
        """Identities and credentials are counted together: of two, of whatever kind, one may go."""
        for kind in (CredentialKind.PASSWORD, CredentialKind.PASSKEY):
            user = await added(store)
            identity, credential = await linked(store, user, a_profile()), a_credential(user.id, kind)
            await given(store, credential)
            assert not await is_refused(store, removal(user, identity))
            assert await store.list_identities(user.id) == ()
            await linked(store, user, a_profile())
            assert not await is_refused(store, removal(user, credential))
            assert await store.list_credentials(user.id) == ()

    async def test_without_keep_the_last_way_in_goes_too(self, store: Store) -> None:
        """Without it the last one goes too."""
        user = await added(store)
        identity = await linked(store, user, a_profile())
        assert not await is_refused(store, removal(user, identity, keep_a_way_in=False))
        assert await store.list_identities(user.id) == ()
        password = await given(store, a_credential(user.id))
        assert not await is_refused(store, removal(user, password, keep_a_way_in=False))
        assert await store.list_credentials(user.id) == ()

    async def test_of_two_who_remove_the_last_two_one_is_refused(self, store: Store, peer: Store) -> None:
        """Of callers who remove the last two at once, by whichever verb, one is refused."""
        for _ in range(5):
            user = await added(store)
            identity, other = await linked(store, user, a_profile()), await linked(store, user, a_profile())
            password = await given(store, a_credential(user.id))
            passkey = await given(store, a_credential(user.id, CredentialKind.PASSKEY))
            removals = [removal(user, one) for one in (identity, password, other, passkey)]

            async def remove(through: Store, number: int, removals: list[Removal] = removals) -> None:
                await is_refused(through, removals[number // 2 % len(removals)])

            await race(store, peer, remove)
            left = (*await store.list_identities(user.id), *await store.list_credentials(user.id))
            assert len(left) == 1
