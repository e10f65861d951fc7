"""Whose an address is."""

import asyncio

from handstamp.core.ids import new_id
from handstamp.core.models import Profile, User
from handstamp.login.email_code.owners import make_owner, owner_of
from handstamp.services.audit import Audit
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW
from world import AdverseStore

ADDRESS = "ada@example.com"


async def somebody(store: MemoryStore, **about: object) -> User:
    """A user."""
    user = User(id=new_id(NOW), created_at=NOW, **about)  # type: ignore[arg-type]  # fields by name
    assert await store.add_user(user)
    return user


async def test_who_has_verified_an_address_owns_it() -> None:
    """In capitals too."""
    store = MemoryStore()
    ada = await somebody(store, email=ADDRESS, email_verified=True)
    assert await owner_of("Ada@Example.COM", store) == ada


async def test_an_address_that_nobody_verified_is_nobodys() -> None:
    """Whoever wrote it into their profile is not found by it (CVE-2026-53516)."""
    store = MemoryStore()
    await somebody(store, email=ADDRESS)
    assert await owner_of(ADDRESS, store) is None


async def test_a_username_that_looks_like_an_address_is_none() -> None:
    """Anybody may have chosen it at a provider; neither does it hide the owner."""
    store = MemoryStore()
    await somebody(store, username=ADDRESS, email="eve@example.com", email_verified=True)
    assert await owner_of(ADDRESS, store) is None
    ada = await somebody(store, email=ADDRESS, email_verified=True)
    assert await owner_of(ADDRESS, store) == ada


async def test_letters_that_only_look_alike_are_others() -> None:
    """No rule of Unicode makes one mailbox another's (CVE-2026-73420)."""
    store = MemoryStore()
    await somebody(store, username="\u00e9ve@example.com", email="\u00c9ve@example.com", email_verified=True)
    assert await owner_of("\u00e9ve@example.com", store) is None


async def test_whoever_proves_a_new_address_gets_an_account_of_their_own() -> None:
    """With that address, verified, and nothing else."""
    store = MemoryStore()
    user = await make_owner(ADDRESS, store, Audit(store), now=NOW)
    assert user is not None
    assert (user.email, user.email_verified) == (ADDRESS, True)
    assert await owner_of(ADDRESS, store) == user
    events = await store.list_events(user_id=user.id)
    assert [(event.event, dict(event.detail)) for event in events] == [("signed_up", {"method": "email-code"})]


async def test_a_stranger_who_came_first_keeps_all_but_the_address() -> None:
    """And is not joined to its owner (CVE-2026-41574)."""
    store = MemoryStore()
    profile = Profile(issuer="https://idp.example", subject="1", email=ADDRESS, name="Eve")
    eve, _ = await store.upsert_identity(profile, user_id=new_id(NOW), now=NOW)
    ada = await make_owner(ADDRESS, store, Audit(store), now=NOW)
    assert ada is not None
    assert ada.id != eve.id
    assert await store.list_identities(ada.id) == ()
    left = await store.load_user(eve.id)
    assert left is not None
    assert (left.email, left.name) == (None, "Eve")
    assert len(await store.list_identities(eve.id)) == 1


async def test_of_many_who_prove_one_address_at_once_all_are_one() -> None:
    """Two browsers may ask for a code each; no user is left over."""
    store = AdverseStore(pauses=(0, 3, 1, 2))
    users = await asyncio.gather(*(make_owner(ADDRESS, store, Audit(store), now=NOW) for _ in range(20)))
    assert len({user.id for user in users if user is not None}) == 1
    assert None not in users
    assert len(await store.list_users()) == 1
