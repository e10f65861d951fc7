"""Conformance of a credential store: how credentials go."""

from handstamp.core.models import Credential, CredentialKind, User
from handstamp.core.protocols import Store
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_credential, a_profile
from handstamp.testing.steps import added, given, signed_up
from handstamp.testing.ways_in import WaysInSuite

CODE = CredentialKind.RECOVERY_CODE


async def is_refused_for(store: Store, user: User, code: Credential) -> bool:
    """Whether a code cannot be put in place of those of a user."""
    try:
        await store.replace_credentials(user.id, CODE, [code])
    except ValueError:
        return True
    return False


class CredentialEndSuite(WaysInSuite):
    """Every sentence of ``remove_credential``, ``replace_credentials`` and of ``delete_user`` about credentials."""

    # remove_credential

    async def test_remove_gives_the_credential(self, store: Store, peer: Store) -> None:
        """Remove a credential of the user; the credential that it was."""
        user = await added(store)
        one, other = [
            await given(store, a_credential(user.id, CODE, lookup=lookup, data={ODD_TEXT: lookup}))
            for lookup in ("1", "2")
        ]
        assert await store.remove_credential(one.id, user_id=user.id, keep_a_way_in=True) == one
        assert await peer.list_credentials(user.id) == (other,)
        assert await peer.find_credential(CODE, "1") is None

    async def test_remove_of_a_missing_credential_is_none(self, store: Store) -> None:
        """None where the user has none such: where there is none, or no user."""
        user = await added(store)
        password = await given(store, a_credential(user.id))
        assert await store.remove_credential("missing", user_id=user.id, keep_a_way_in=True) is None
        assert await store.remove_credential(password.id, user_id="missing", keep_a_way_in=True) is None
        assert await store.list_credentials(user.id) == (password,)

    async def test_remove_of_the_credential_of_another_is_none(self, store: Store) -> None:
        """None where it is another user's, who keeps it."""
        owner, user = await added(store), await added(store)
        code = await given(store, a_credential(owner.id, CODE))
        assert await store.remove_credential(code.id, user_id=user.id, keep_a_way_in=False) is None
        assert await store.list_credentials(owner.id) == (code,)

    async def test_remove_gives_the_credential_to_one_of_many(self, store: Store, peer: Store) -> None:
        """Of any number of callers, one gets it: so a code is used up."""
        user = await added(store)
        code = await given(store, a_credential(user.id, CODE))

        async def use_up(through: Store, _number: int) -> Credential | None:
            return await through.remove_credential(code.id, user_id=user.id, keep_a_way_in=True)

        outcomes = await race(store, peer, use_up)
        assert [outcome for outcome in outcomes if outcome is not None] == [code]

    # replace_credentials

    async def test_replace_puts_these_in_place_of_those(self, store: Store, peer: Store) -> None:
        """Put these in place of all that the user has of the kind; those that were there, oldest first."""
        user = await added(store)
        new = tuple(
            a_credential(user.id, CODE, lookup=f"new {number}", created_at=NOW + number) for number in range(3)
        )
        assert await store.replace_credentials(user.id, CODE, new) == ()
        young, old = [await given(store, a_credential(user.id, CODE, created_at=at)) for at in (NOW - 1, NOW - 2)]
        newer = tuple(a_credential(user.id, CODE, created_at=LATER + number) for number in range(2))
        assert await store.replace_credentials(user.id, CODE, newer) == (old, young, *new)
        assert await peer.list_credentials(user.id) == newer
        assert await store.replace_credentials(user.id, CODE, ()) == newer
        assert await peer.list_credentials(user.id) == ()

    async def test_replace_of_a_missing_user_is_none(self, store: Store) -> None:
        """Where the user is missing it is None, and nothing is stored."""
        lost = a_credential("missing", CODE, lookup="lost")
        assert await store.replace_credentials("missing", CODE, [lost]) is None
        assert await store.find_credential(CODE, "lost") is None

    async def test_replace_leaves_other_kinds_and_users(self, store: Store) -> None:
        """Other kinds, and other users, are left alone."""
        user, other = await added(store), await added(store)
        password, theirs = await given(store, a_credential(user.id)), await given(store, a_credential(other.id, CODE))
        await given(store, a_credential(user.id, CODE))
        await store.replace_credentials(user.id, CODE, ())
        assert await store.list_credentials(user.id) == (password,)
        assert await store.list_credentials(other.id) == (theirs,)

    async def test_replace_does_not_look_after_ways_in(self, store: Store) -> None:
        """That a way in is left is not looked after."""
        user = await added(store)
        password = await given(store, a_credential(user.id))
        assert await store.replace_credentials(user.id, CredentialKind.PASSWORD, ()) == (password,)

    async def test_replace_by_those_of_others_changes_nothing(self, store: Store) -> None:
        """One that is not of this user and kind raises ValueError, and nothing has changed."""
        user, other = await added(store), await added(store)
        code = await given(store, a_credential(user.id, CODE))
        for wrong in (a_credential(other.id, CODE), a_credential(user.id, CredentialKind.TOTP)):
            assert await is_refused_for(store, user, wrong)
        assert await store.list_credentials(user.id) == (code,)
        assert await store.list_credentials(other.id) == ()

    async def test_replace_by_what_is_taken_changes_nothing(self, store: Store) -> None:
        """One whose id or ``lookup`` is taken raises ValueError, and nothing has changed."""
        user, other = await added(store), await added(store)
        code = await given(store, a_credential(user.id, CODE, lookup="mine"))
        theirs = await given(store, a_credential(other.id, CODE, lookup="theirs"))
        for changes in ({"id": theirs.id}, {"lookup": "theirs"}):
            assert await is_refused_for(store, user, a_credential(user.id, CODE, **changes))
        assert await store.list_credentials(user.id) == (code,)
        assert await store.list_credentials(other.id) == (theirs,)

    async def test_replace_may_take_the_lookups_of_those_that_go(self, store: Store) -> None:
        """What those were found by that were there is free in the same step, and so are their ids."""
        user = await added(store)
        code = await given(store, a_credential(user.id, CODE, lookup="same"))
        again = a_credential(user.id, CODE, id=code.id, lookup="same")
        assert await store.replace_credentials(user.id, CODE, [again]) == (code,)
        assert await store.find_credential(CODE, "same") == again

    async def test_replace_of_many_callers_loses_none(self, store: Store, peer: Store) -> None:
        """Each gets what the one before put there, and that of the last is left."""
        user = await added(store)
        ours = [
            tuple(a_credential(user.id, CODE, created_at=NOW + place) for place in range(3)) for _ in range(CALLERS)
        ]

        async def put(through: Store, number: int) -> tuple[Credential, ...] | None:
            return await through.replace_credentials(user.id, CODE, ours[number])

        there_before = await race(store, peer, put)
        left = await store.list_credentials(user.id)
        assert {tuple(one.id for one in some or ()) for some in (*there_before, left)} == {
            (),
            *(tuple(one.id for one in some) for some in ours),
        }

    # delete_user

    async def test_delete_removes_the_credentials(self, store: Store, peer: Store) -> None:
        """Remove the credentials, in the same step; what they were found by is free then."""
        user, other = await signed_up(store, a_profile()), await added(store)
        await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="key"))
        theirs = await given(store, a_credential(other.id))
        await store.delete_user(user.id)
        assert await peer.list_credentials(user.id) == ()
        assert await peer.find_credential(CredentialKind.PASSKEY, "key") is None
        assert await peer.list_credentials(other.id) == (theirs,)
        await given(store, a_credential(other.id, CredentialKind.PASSKEY, lookup="key"))

    async def test_whoever_adds_beside_a_deletion_leaves_nothing(self, store: Store, peer: Store) -> None:
        """A credential that is added at once with the deletion of its user goes with it, or is refused."""
        for _ in range(5):
            user = await added(store)

            async def add_or_delete(through: Store, number: int, user_id: str = user.id) -> None:
                if number == 2:
                    await through.delete_user(user_id)
                else:
                    await through.add_credential(a_credential(user_id, CODE), most=CALLERS)

            await race(store, peer, add_or_delete)
            assert await store.list_credentials(user.id) == ()
