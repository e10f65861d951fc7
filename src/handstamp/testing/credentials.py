"""Conformance of a credential store."""

from dataclasses import replace

from handstamp.core.ids import new_id
from handstamp.core.models import CredentialKind
from handstamp.core.protocols import Store
from handstamp.testing.credential_end import CredentialEndSuite
from handstamp.testing.races import CALLERS, race
from handstamp.testing.samples import LATER, NOW, ODD_TEXT, a_credential
from handstamp.testing.steps import added, given

_SIGN_COUNT = 2**32 - 1
"""The largest of a passkey (Web Authentication §6.1): more than 31 bits."""


class CredentialStoreSuite(CredentialEndSuite):
    """Every sentence of ``CredentialStore``, and of ``UserStore`` about ways in."""

    # add_credential

    async def test_add_stores_every_field(self, store: Store, peer: Store) -> None:
        """Store a credential of a user; every field comes back as it was stored, whatever characters are in it."""
        user = await added(store)
        passkey = await given(
            store,
            a_credential(
                user.id,
                CredentialKind.PASSKEY,
                lookup=ODD_TEXT,
                secret=ODD_TEXT,
                name=ODD_TEXT,
                created_at=NOW + 0.25,
                confirmed_at=NOW + 1,
                last_used_at=LATER,
                counter=_SIGN_COUNT,
                data={ODD_TEXT: ODD_TEXT, "transports": "usb nfc", "": ""},
                version=7,
            ),
        )
        bare = await given(store, a_credential(user.id, CredentialKind.TOTP, confirmed_at=None, created_at=LATER))
        assert await peer.list_credentials(user.id) == (passkey, bare)
        assert await peer.find_credential(CredentialKind.PASSKEY, ODD_TEXT) == passkey

    async def test_add_of_a_lookup_that_is_taken_is_false(self, store: Store) -> None:
        """It is False where ``lookup`` is taken by one of the same kind, of this user or another."""
        user, other = await added(store), await added(store)
        first = await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="key"))
        for user_id in (user.id, other.id):
            again = a_credential(user_id, CredentialKind.PASSKEY, lookup="key")
            assert await store.add_credential(again, most=10) is False
        assert await store.find_credential(CredentialKind.PASSKEY, "key") == first
        assert await store.list_credentials(user.id) == (first,)
        assert await store.list_credentials(other.id) == ()

    async def test_add_tells_lookups_apart(self, store: Store) -> None:
        """Of another kind, or of other letters, it is another one; and any number have none."""
        user = await added(store)
        await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="key"))
        await given(store, a_credential(user.id, CredentialKind.RECOVERY_CODE, lookup="key"))
        await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="KEY"))
        for _ in range(2):
            await given(store, a_credential(user.id, CredentialKind.PASSKEY))

    async def test_add_of_an_id_that_is_taken_is_false(self, store: Store) -> None:
        """It is False, and nothing has changed, where the id is taken."""
        user = await added(store)
        first = await given(store, a_credential(user.id))
        assert await store.add_credential(a_credential(user.id, id=first.id), most=10) is False
        assert await store.list_credentials(user.id) == (first,)

    async def test_add_stops_at_most(self, store: Store) -> None:
        """It is False where the user has ``most`` of that kind already; those of other kinds do not count."""
        user, other = await added(store), await added(store)
        await given(store, a_credential(user.id, CredentialKind.TOTP))
        await given(store, a_credential(other.id))
        assert await store.add_credential(a_credential(user.id), most=0) is False
        assert await store.add_credential(a_credential(user.id), most=1) is True
        assert await store.add_credential(a_credential(user.id), most=1) is False
        assert await store.add_credential(a_credential(user.id), most=2) is True
        assert len(await store.list_credentials(user.id)) == 3

    async def test_add_of_a_missing_user_is_false(self, store: Store) -> None:
        """It is False where the user is missing."""
        lost = a_credential("missing", CredentialKind.PASSKEY, lookup="lost")
        assert await store.add_credential(lost, most=10) is False
        assert await store.find_credential(CredentialKind.PASSKEY, "lost") is None

    async def test_add_lets_as_many_succeed_as_most_allows(self, store: Store, peer: Store) -> None:
        """Of any number of callers at once, as many succeed as ``most`` allows."""
        user = await added(store)

        async def add(through: Store, _number: int) -> bool:
            return await through.add_credential(a_credential(user.id, CredentialKind.PASSKEY), most=3)

        assert (await race(store, peer, add)).count(True) == 3
        assert len(await store.list_credentials(user.id)) == 3

    async def test_add_gives_a_lookup_to_one_of_many(self, store: Store, peer: Store) -> None:
        """Of any number of users who add one ``lookup`` at once, one succeeds."""
        users = [await added(store) for _ in range(CALLERS)]

        async def add(through: Store, number: int) -> bool:
            passkey = a_credential(users[number].id, CredentialKind.PASSKEY, lookup="key")
            return await through.add_credential(passkey, most=3)

        outcomes = await race(store, peer, add)
        assert outcomes.count(True) == 1
        found = await store.find_credential(CredentialKind.PASSKEY, "key")
        assert found is not None
        assert found.user_id == users[outcomes.index(True)].id

    # list_credentials, find_credential

    async def test_list_gives_all_kinds_oldest_first(self, store: Store) -> None:
        """The credentials of a user, of every kind, the oldest first; of one moment, in the order of their ids."""
        user, other = await added(store), await added(store)
        await given(store, a_credential(other.id))
        theirs = [
            await given(store, a_credential(user.id, kind, id=new_id(NOW), created_at=NOW - age))
            for age, kind in enumerate((*CredentialKind, CredentialKind.PASSKEY))
        ]
        twin = await given(store, replace(theirs[0], id=f"{theirs[0].id}-twin"))
        assert await store.list_credentials(user.id) == (*reversed(theirs), twin)
        assert await store.list_credentials("missing") == ()

    async def test_find_regards_kind_and_letters(self, store: Store) -> None:
        """The credential of this kind that is found by ``lookup``, letter for letter; a missing one is None."""
        user = await added(store)
        passkey = await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="Key"))
        await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="other"))
        assert await store.find_credential(CredentialKind.PASSKEY, "Key") == passkey
        for kind, lookup in ((CredentialKind.PASSKEY, "key"), (CredentialKind.TOTP, "Key")):
            assert await store.find_credential(kind, lookup) is None

    # swap_credential

    async def test_swap_replaces_what_was_seen(self, store: Store, peer: Store) -> None:
        """Replace a credential if its version is still the one that was seen; the version goes up by one."""
        user = await added(store)
        seen = await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="key", confirmed_at=None))
        other = await given(store, a_credential(user.id, CredentialKind.PASSKEY, created_at=LATER))
        becomes = replace(
            seen,
            secret=ODD_TEXT,
            name=ODD_TEXT,
            confirmed_at=LATER,
            last_used_at=LATER,
            counter=_SIGN_COUNT,
            data={ODD_TEXT: ODD_TEXT},
            version=99,
        )
        assert await store.swap_credential(seen, becomes) is True
        assert await peer.list_credentials(user.id) == (replace(becomes, version=2), other)

    async def test_swap_of_what_others_swapped_changes_nothing(self, store: Store) -> None:
        """Where it is False nothing has changed: others were faster."""
        user = await added(store)
        seen = await given(store, a_credential(user.id))
        await store.swap_credential(seen, replace(seen, counter=1))
        assert await store.swap_credential(seen, replace(seen, counter=2, version=3)) is False
        assert await store.list_credentials(user.id) == (replace(seen, counter=1, version=2),)

    async def test_swap_of_a_missing_credential_changes_nothing(self, store: Store) -> None:
        """Where it is False nothing has changed: it is missing."""
        user = await added(store)
        seen = a_credential(user.id)
        assert await store.swap_credential(seen, replace(seen, counter=1)) is False
        assert await store.list_credentials(user.id) == ()

    async def test_swap_never_changes_whose_and_what_it_is(self, store: Store) -> None:
        """Whatever ``becomes`` says, these five fields stay as they are."""
        user, other = await added(store), await added(store)
        seen = await given(store, a_credential(user.id, CredentialKind.PASSKEY, lookup="key"))
        becomes = a_credential(other.id, CredentialKind.TOTP, lookup="other", created_at=LATER, counter=1)
        assert await store.swap_credential(seen, becomes) is True
        expected = replace(
            becomes,
            id=seen.id,
            user_id=user.id,
            kind=CredentialKind.PASSKEY,
            lookup="key",
            created_at=seen.created_at,
            version=2,
        )
        assert await store.list_credentials(user.id) == (expected,)
        assert await store.find_credential(CredentialKind.PASSKEY, "key") == expected

    async def test_swap_is_true_for_one_of_many(self, store: Store, peer: Store) -> None:
        """Of any number of callers that saw the same, one gets True."""
        user = await added(store)
        seen = await given(store, a_credential(user.id, CredentialKind.TOTP))

        async def swap(through: Store, number: int) -> bool:
            return await through.swap_credential(seen, replace(seen, counter=number))

        outcomes = await race(store, peer, swap)
        assert outcomes.count(True) == 1
        (stored,) = await store.list_credentials(user.id)
        assert (stored.counter, stored.version) == (outcomes.index(True), 2)
