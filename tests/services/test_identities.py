"""The logins of a user: what is told of them, and what goes with them."""

import pytest

from handmade import SECRET
from handstamp.core.errors import IdentityTaken, LastWayIn, NotFound
from handstamp.core.keys import Purpose
from handstamp.core.models import Identity, Principal, ProviderTokens
from handstamp.core.policy import VaultPolicy
from handstamp.core.sealing import Sealer
from handstamp.services.audit import Audit
from handstamp.services.identities import Identities, identity_id
from handstamp.services.vault import MAX_SEALED_BYTES, Vault
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW, a_profile, a_session, a_user, sealed_tokens

ISSUER = "https://id.example"


class Provider:
    """Notes what is revoked."""

    id = "idp"

    def __init__(self) -> None:
        self.revoked: list[str] = []

    def speaks_for(self, issuer: str) -> bool:
        """Whether it is its own."""
        return issuer == ISSUER

    async def refresh(self, tokens: ProviderTokens, *, now: float) -> ProviderTokens:
        """The same again."""
        del now
        return tokens

    async def revoke(self, tokens: ProviderTokens, *, now: float) -> None:
        """Note it."""
        del now
        self.revoked.append(tokens.access_token)


class World:
    """The use cases over a store."""

    def __init__(self) -> None:
        self.store, self.provider = MemoryStore(), Provider()
        audit = Audit(self.store)
        self.vault = Vault(
            store=self.store,
            sealer=Sealer([SECRET], Purpose.PROVIDER_TOKEN, max_bytes=MAX_SEALED_BYTES),
            refreshers=[self.provider],
            policy=VaultPolicy(),
            audit=audit,
            clock=lambda: NOW,
        )
        self.identities = Identities(store=self.store, vault=self.vault, audit=audit)

    async def somebody(self) -> Principal:
        """Who is signed in."""
        user = a_user()
        await self.store.add_user(user)
        return Principal(user=user, session=a_session(user_id=user.id))


def test_an_id_is_always_the_same_and_tells_nothing() -> None:
    """It is no name of anybody, and two logins have two."""
    one = Identity(issuer="a", subject="bc", user_id="u", created_at=NOW, last_used_at=NOW)
    other = Identity(issuer="ab", subject="c", user_id="u", created_at=NOW, last_used_at=NOW)
    moved = Identity(issuer="a", subject="bc", user_id="v", created_at=NOW + 1, last_used_at=NOW + 1)
    assert len({identity_id(one), identity_id(other)}) == 2
    assert identity_id(one) == identity_id(moved)
    assert len(identity_id(one)) == 22


async def test_linking_keeps_what_the_provider_gave() -> None:
    """And unlinking takes it along, and has it revoked."""
    world = World()
    principal = await world.somebody()
    profile = a_profile(tokens=ProviderTokens(access_token="at"))
    identity = await world.identities.link(profile, principal, now=NOW, provider="idp")
    assert await world.vault.token(principal.user.id, "idp") == "at"
    with pytest.raises(LastWayIn):
        await world.identities.unlink(identity_id(identity), principal, now=NOW)
    assert await world.vault.token(principal.user.id, "idp") == "at"
    await world.identities.link(a_profile(), principal, now=NOW, provider="idp")
    assert await world.identities.unlink(identity_id(identity), principal, now=NOW) == identity
    await world.vault.close()
    assert world.provider.revoked == ["at"]
    with pytest.raises(NotFound):
        await world.identities.unlink(identity_id(identity), principal, now=NOW)


async def test_the_list_says_where_to_sign_in_again() -> None:
    """Where tokens are kept, whether they are good; None where none are."""
    world = World()
    principal = await world.somebody()
    user_id = principal.user.id
    profiles = [a_profile(subject=str(number)) for number in range(3)]
    for number, profile in enumerate(profiles):
        await world.identities.link(profile, principal, now=NOW + number, provider="idp")
    await world.store.keep_tokens(sealed_tokens(profiles[1]), user_id=user_id)
    await world.store.keep_tokens(sealed_tokens(profiles[2], must_sign_in_again=True), user_id=user_id)
    told = await world.identities.list(user_id)
    states = [(one.identity.subject, one.must_sign_in_again) for one in told]
    assert states == [
        ("0", None),
        ("1", False),
        ("2", True),
    ]


async def test_a_login_of_another_is_not_linked() -> None:
    """Nothing is kept of it."""
    world = World()
    owner, other = await world.somebody(), await world.somebody()
    profile = a_profile(tokens=ProviderTokens(access_token="at"))
    await world.identities.link(profile, owner, now=NOW, provider="idp")
    with pytest.raises(IdentityTaken):
        await world.identities.link(profile, other, now=NOW, provider="idp")
    assert await world.identities.belongs(profile, owner.user.id)
    assert not await world.identities.belongs(profile, other.user.id)
