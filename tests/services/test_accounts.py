"""Accounts: what is done to users counts at the next request, in every process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import AddressTaken, InvalidRequest, LoginFailed, NotFound, SessionEnded, StoreUnavailable
from handstamp.core.models import EndReason, User
from handstamp.core.text import can_be_kept
from handstamp.testing import NOW, a_profile
from world import AdverseStore, World

LATER = NOW + 60


async def refused(world: World, token: bytes, *, now: float = LATER) -> set[EndReason]:
    """Why each process refuses a token."""
    reasons: set[EndReason] = set()
    for process in world.processes:
        with pytest.raises(SessionEnded) as caught:
            await process.admit(token, now=now)
        reasons.add(caught.value.reason)
    return reasons


async def cached(world: World, user: User) -> bytes:
    """The token of a new session of a user, whom every process has in memory."""
    token = (await world.signed_in(user=user)).token.encode()
    for process in world.processes:
        assert (await process.admit(token, now=NOW)).settled
        assert process.check.find(token, NOW) is not None
    return token


async def test_a_new_identity_makes_a_user() -> None:
    """With what the provider says, and an event."""
    world = World()
    profile = a_profile()
    user = await world[0].accounts.sign_in(profile, now=NOW)
    assert (user.email, user.email_verified, user.name) == (profile.email, True, profile.name)
    assert await world[1].accounts.get(user.id) == user
    assert await world.events() == ["signed_up"]


async def test_a_known_identity_signs_the_same_user_in() -> None:
    """Keyed by issuer and subject; no second sign-up is recorded."""
    world = World()
    profile = a_profile()
    user = await world[0].accounts.sign_in(profile, now=NOW)
    assert await world[1].accounts.sign_in(profile, now=LATER) == user
    assert await world.events() == ["signed_up"]


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\x1b[31m", "\u202e"])
async def test_characters_that_nobody_sees_are_not_kept(odd: str) -> None:
    """Of names they are left out; an address or a picture with one counts as not said."""
    profile = a_profile(email=f"ada{odd}@example.org", name=f"Ada{odd[0]}", username=odd[0], picture=f"https://{odd}")
    user = await World()[0].accounts.sign_in(profile, now=NOW)
    assert (user.email, user.email_verified, user.name, user.username, user.picture) == (
        None,
        False,
        "Ada",
        None,
        None,
    )


@pytest.mark.parametrize(("field", "most"), [("email", 254), ("name", 256), ("username", 256), ("picture", 2048)])
async def test_what_is_too_long_counts_as_not_said(field: str, most: int) -> None:
    """Whoever it is that says it, for it is in memory for as long as its user is here."""
    accounts = World()[0].accounts
    kept = await accounts.sign_in(a_profile(**{field: "x" * most}), now=NOW)
    assert getattr(kept, field) == "x" * most
    left_out = await accounts.sign_in(a_profile(**{field: "x" * (most + 1)}), now=NOW)
    assert getattr(left_out, field) is None
    assert left_out.email is not None or not left_out.email_verified


@pytest.mark.parametrize("field", ["issuer", "subject"])
@pytest.mark.parametrize("odd", ["1\x00", "1\ud800"])
async def test_a_key_that_cannot_be_kept_signs_nobody_in(field: str, odd: str) -> None:
    """To leave a character out would make two people one (OAU-07)."""
    world = World()
    with pytest.raises(LoginFailed) as caught:
        await world[0].accounts.sign_in(a_profile(**{field: odd}), now=NOW)
    assert caught.value.reason == "invalid_response"
    assert await world[0].accounts.list() == ()


@given(names=st.lists(st.none() | st.text(st.characters(exclude_categories=())), min_size=4, max_size=4))
async def test_whatever_a_provider_says_can_be_kept(names: list[str | None]) -> None:
    """And be shown: no control character, no mark of direction."""
    fields = dict(zip(("email", "name", "username", "picture"), names, strict=True))
    user = await World()[0].accounts.sign_in(a_profile(**fields), now=NOW)
    for text in (user.email, user.name, user.username, user.picture):
        assert text is None or (text.isprintable() and can_be_kept(text))


@pytest.mark.parametrize("odd", ["\x00", "\udcff"])
async def test_nobody_is_found_by_what_cannot_be_kept(odd: str) -> None:
    """No store is asked: some could not be."""
    world = World()
    assert await world[0].accounts.find(odd) == ()
    with pytest.raises(NotFound):
        await world[0].accounts.get(odd)


async def test_an_equal_address_joins_nothing() -> None:
    """Another provider that says the same e-mail address, unproved, and username makes another user (OAU-07).

    The address stays verified for the first, and so it identifies nobody else.
    """
    world = World()
    one = await world[0].accounts.sign_in(a_profile(email="ada@example.org"), now=NOW)
    claims = a_profile(issuer="https://other.example", email="ada@example.org", email_verified=False)
    two = await world[0].accounts.sign_in(claims, now=NOW)
    assert one.id != two.id
    assert (two.email, two.email_verified) == (one.email, False)
    assert await world[0].accounts.find("ada@example.org") == (one,)
    assert {user.id for user in await world[0].accounts.find("ada")} == {one.id, two.id}


async def test_an_equal_address_that_is_proved_makes_nobody() -> None:
    """Whose it is may link the identity; until then it is nobody's (OAU-07)."""
    world = World()
    one = await world[0].accounts.sign_in(a_profile(email="ada@example.org"), now=NOW)
    with pytest.raises(AddressTaken) as taken:
        await world[0].accounts.sign_in(a_profile(email="ADA@example.org"), now=NOW)
    assert (taken.value.user_id, await world[0].accounts.list()) == (one.id, (one,))


async def test_users_are_listed_in_the_order_of_their_making() -> None:
    """A page at a time."""
    world = World()
    users = [await world.user(now=NOW + number) for number in range(5)]
    first = await world[0].accounts.list(limit=3)
    assert first == tuple(users[:3])
    assert await world[0].accounts.list(after=first[-1].id) == tuple(users[3:])


async def test_roles_count_at_the_next_request() -> None:
    """Given and taken, in every process, for whom is in memory (A7)."""
    world = World()
    user = await world.user()
    token = await cached(world, user)
    await world[0].accounts.change_roles(user.id, add=frozenset({"analyst", "admin"}), now=NOW)
    found = [(await process.admit(token, now=LATER)).principal.user.roles for process in world.processes]
    assert found == [{"analyst", "admin"}] * 2
    await world[1].accounts.change_roles(user.id, remove=frozenset({"admin"}), now=NOW)
    found = [(await process.admit(token, now=LATER)).principal.user.roles for process in world.processes]
    assert found == [{"analyst"}] * 2


async def test_a_change_of_roles_is_recorded() -> None:
    """What was given and what was taken, in order."""
    world = World()
    user = await world.user()
    await world[0].accounts.change_roles(user.id, add=frozenset({"b", "a"}), remove=frozenset({"c"}), now=NOW)
    event = await world.event("roles_changed")
    assert (event.user_id, dict(event.detail)) == (user.id, {"added": "a b", "removed": "c"})


@pytest.mark.parametrize("role", ["", "Admin", "a b", "a,b", "-a", ".a", "a\n", "ä", "a" * 65])
async def test_a_name_that_is_none_for_a_role_is_refused(role: str) -> None:
    """Nothing is changed; a comma would forge a second role in a header."""
    world = World()
    user = await world.user()
    with pytest.raises(InvalidRequest, match="is no name for a role"):
        await world[0].accounts.change_roles(user.id, add=frozenset({"fine", role}), now=NOW)
    assert (await world[0].accounts.get(user.id)).roles == frozenset()


@pytest.mark.parametrize("role", ["a", "0", "reports:read", "team-1.x_y", "a" * 64])
async def test_a_name_for_a_role_is_taken_as_it_is(role: str) -> None:
    """1 to 64 of a-z, 0-9 and four signs."""
    world = World()
    user = await world.user()
    assert (await world[0].accounts.change_roles(user.id, add=frozenset({role}), now=NOW)).roles == {role}


async def test_a_disabled_user_is_refused_at_the_next_request() -> None:
    """In every process, with all sessions ended (SES-01)."""
    world = World()
    user = await world.user()
    tokens = [await cached(world, user) for _ in range(2)]
    disabled = await world[0].accounts.disable(user.id, now=NOW)
    assert disabled.disabled_at == NOW
    for token in tokens:
        assert await refused(world, token) == {EndReason.USER_DISABLED}
    assert await world.store.list_sessions(user.id, now=NOW) == ()
    assert "user_disabled" in await world.events()


async def test_an_enabled_user_signs_in_again_and_old_sessions_stay_ended() -> None:
    """Enabling undoes no end."""
    world = World()
    user = await world.user()
    token = await cached(world, user)
    await world[0].accounts.disable(user.id, now=NOW)
    enabled = await world[0].accounts.enable(user.id, now=NOW)
    assert await refused(world, token) == {EndReason.USER_DISABLED}
    assert (await world[1].admit(await cached(world, enabled), now=LATER)).principal.user == enabled
    assert (await world.events()).count("user_enabled") == 1


async def test_a_user_who_was_disabled_while_signing_in_is_refused_at_the_next_request() -> None:
    """The session that was started too late to be ended lets nobody in."""
    world = World()
    user = await world.user()
    await world[0].accounts.disable(user.id, now=NOW)
    token = (await world.signed_in(user=user)).token.encode()
    assert await refused(world, token) == {EndReason.USER_DISABLED}


async def test_a_deleted_user_is_refused_at_the_next_request() -> None:
    """In every process, with all sessions ended; the identity can sign up again, as somebody else (SES-01)."""
    world = World()
    profile = a_profile()
    user = await world[0].accounts.sign_in(profile, now=NOW)
    token = await cached(world, user)
    await world[0].accounts.delete(user.id, now=NOW)
    assert await refused(world, token) == {EndReason.USER_DELETED}
    assert (await world[0].accounts.sign_in(profile, now=LATER)).id != user.id
    assert "user_deleted" in await world.events()


async def test_a_disabled_user_cannot_sign_in() -> None:
    """No session is made."""
    world = World()
    user = await world.user()
    disabled = await world[0].accounts.disable(user.id, now=NOW)
    with pytest.raises(LoginFailed) as caught:
        await world.signed_in(user=disabled)
    assert caught.value.reason == "user_disabled"
    assert await world.store.list_sessions(user.id, now=NOW) == ()


async def test_what_does_not_exist_is_not_found() -> None:
    """The same error for each verb, and no event."""
    world = World()
    accounts = world[0].accounts
    calls = (
        accounts.get("missing"),
        accounts.change_roles("missing", add=frozenset({"a"}), now=NOW),
        accounts.disable("missing", now=NOW),
        accounts.enable("missing", now=NOW),
        accounts.delete("missing", now=NOW),
    )
    for call in calls:
        with pytest.raises(NotFound):
            await call
    assert await accounts.find("missing") == ()
    assert await world.events() == []


async def test_disabling_can_be_tried_again_after_an_outage() -> None:
    """The user is refused at once; the second try ends the sessions too."""
    store = AdverseStore()
    world = World(store)
    user = await world.user()
    token = await cached(world, user)
    store.down.add("end_sessions")
    with pytest.raises(StoreUnavailable):
        await world[0].accounts.disable(user.id, now=NOW)
    assert await refused(world, token) == {EndReason.USER_DISABLED}
    store.down.clear()
    await world[0].accounts.disable(user.id, now=LATER)
    assert await world.store.list_sessions(user.id, now=LATER) == ()
