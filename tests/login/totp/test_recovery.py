"""Recovery codes."""

import asyncio
import math
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.errors import InvalidInput, NotFound, RateLimited
from handstamp.core.models import CredentialKind, User
from handstamp.login.totp.recovery import COUNT, RecoveryCodes, new_code, read
from handstamp.stores.memory import MemoryStore
from handstamp.testing import NOW, a_credential, a_user
from login.totp.counting import a_throttle


class World:
    """A store with Ada in it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.codes = RecoveryCodes(store=self.store, throttle=a_throttle(self.store))
        self.ada = a_user()

    async def added(self, user: User) -> User:
        """A user, stored."""
        assert await self.store.add_user(user)
        return user


@pytest.fixture
async def world() -> World:
    """Ada, without codes."""
    world = World()
    await world.added(world.ada)
    return world


async def test_a_code_is_good_once(world: World) -> None:
    """Then it is one that was used (MFA-02)."""
    first, second, *_ = await world.codes.renew(world.ada.id, now=NOW)
    assert await world.codes.use(world.ada.id, first, now=NOW) == COUNT - 1
    with pytest.raises(InvalidInput) as refused:
        await world.codes.use(world.ada.id, first, now=NOW)
    assert [(fault.code, fault.pointer) for fault in refused.value.faults] == [
        ("recovery_code_wrong", "/recovery_code")
    ]
    assert await world.codes.use(world.ada.id, second, now=NOW) == COUNT - 2 == await world.codes.left(world.ada.id)


async def test_of_fifty_who_use_one_code_one_succeeds(world: World) -> None:
    """Nobody gets in twice by it (MFA-02)."""
    code, *_ = await world.codes.renew(world.ada.id, now=NOW)
    outcomes = await asyncio.gather(
        *(world.codes.use(world.ada.id, code, now=NOW) for _ in range(50)), return_exceptions=True
    )
    counted = Counter(type(outcome) for outcome in outcomes)
    assert counted[int] == 1
    assert counted.keys() == {int, InvalidInput, RateLimited}


async def test_new_codes_void_the_old(world: World) -> None:
    """All of them, used or not."""
    old = await world.codes.renew(world.ada.id, now=NOW)
    new = await world.codes.renew(world.ada.id, now=NOW)
    assert len({*old, *new}) == 2 * COUNT
    for code in old[:3]:
        with pytest.raises(InvalidInput):
            await world.codes.use(world.ada.id, code, now=NOW)
    assert await world.codes.left(world.ada.id) == COUNT


async def test_removed_codes_count_no_more(world: World) -> None:
    """None is left."""
    code, *_ = await world.codes.renew(world.ada.id, now=NOW)
    await world.codes.remove(world.ada.id)
    assert await world.codes.left(world.ada.id) == 0
    with pytest.raises(InvalidInput):
        await world.codes.use(world.ada.id, code, now=NOW)


async def test_a_code_is_its_owner_s(world: World) -> None:
    """Another user's opens nothing and is not used up."""
    grace = await world.added(a_user())
    code, *_ = await world.codes.renew(grace.id, now=NOW)
    with pytest.raises(InvalidInput):
        await world.codes.use(world.ada.id, code, now=NOW)
    assert await world.codes.use(grace.id, code, now=NOW) == COUNT - 1


async def test_nobody_has_codes_who_does_not_exist(world: World) -> None:
    """A user who was deleted meanwhile."""
    with pytest.raises(NotFound):
        await world.codes.renew("missing", now=NOW)
    with pytest.raises(InvalidInput):
        await world.codes.use("missing", "", now=NOW)


async def test_other_credentials_are_left_alone(world: World) -> None:
    """And what opens them is no recovery code."""
    password = a_credential(world.ada.id)
    assert await world.store.add_credential(password, most=1)
    code, *_ = await world.codes.renew(world.ada.id, now=NOW)
    with pytest.raises(InvalidInput):
        await world.codes.use(world.ada.id, password.secret, now=NOW)
    await world.codes.use(world.ada.id, code, now=NOW)
    await world.codes.remove(world.ada.id)
    assert await world.store.list_credentials(world.ada.id) == (password,)


async def test_the_store_keeps_digests(world: World) -> None:
    """No code, nor a part of one, is in what is kept; equal codes of two users have two digests (MFA-02)."""
    codes = await world.codes.renew(world.ada.id, now=NOW)
    kept = await world.store.list_credentials(world.ada.id)
    assert all(one.kind is CredentialKind.RECOVERY_CODE and re.fullmatch("[0-9a-f]{64}", one.secret) for one in kept)
    assert not any(part.lower() in one.secret for code in codes for part in [code, read(code) or ""] for one in kept)
    assert not any(one.lookup or one.data or one.name for one in kept)
    for shown in kept:
        assert shown.secret not in repr(shown)


async def test_attempts_are_limited(world: World) -> None:
    """Ten, then one each ten seconds; a right one lets in at once (MFA-05)."""
    code, *_ = await world.codes.renew(world.ada.id, now=NOW)
    for _ in range(10):
        with pytest.raises(InvalidInput):
            await world.codes.use(world.ada.id, "0000-0000-0000-0000", now=NOW)
    with pytest.raises(RateLimited):
        await world.codes.use(world.ada.id, code, now=NOW)
    assert await world.codes.use(world.ada.id, code, now=NOW, place="a session") == COUNT - 1
    with pytest.raises(InvalidInput):
        await world.codes.use(world.ada.id, code, now=NOW + 10)


async def test_a_right_code_begins_the_count_anew(world: World) -> None:
    """Whoever has shown one may mistype the next as often as before."""
    codes = await world.codes.renew(world.ada.id, now=NOW)
    for code in codes[:2]:
        for _ in range(9):
            with pytest.raises(InvalidInput):
                await world.codes.use(world.ada.id, "0000-0000-0000-0000", now=NOW)
        await world.codes.use(world.ada.id, code, now=NOW)


def test_a_code_has_80_bits_that_can_be_read_aloud() -> None:
    """Sixteen of 32 characters, in groups; each is as likely as the others."""
    codes = [new_code() for _ in range(2000)]
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code) for code in codes)
    assert len(set(codes)) == 2000
    letters = Counter("".join(codes).replace("-", ""))
    assert len(letters) == 32
    assert 16 * math.log2(len(letters)) == 80
    assert all(800 < count < 1200 for count in letters.values())


@pytest.mark.parametrize(
    "presented",
    [
        "7K2M-0QXT-V9RA-41ZC",
        "7k2m0qxtv9ra41zc",
        " 7K2M 0QXT V9RA 41ZC\n",
        "7K2M\u2013OQXT\u2014V9RA\u20114IZC",
        "7k2m-oqxt-v9ra-4lzc",
        "\uff17\uff2b\uff12\uff2d0qxt\u00a0v9ra\t41zc",
    ],
)
def test_a_code_may_be_typed_as_people_type(presented: str) -> None:
    """In any case, with spaces and any hyphen, and O for 0 and I or L for 1."""
    assert read(presented) == "7K2M0QXTV9RA41ZC"


@pytest.mark.parametrize("presented", ["", "7K2M", "U" * 16, "0" * 15, "0" * 17, "0" * 65, "\0" * 16, "\ud800" * 16])
def test_what_can_be_no_code_is_none(presented: str) -> None:
    """It is refused like a wrong one."""
    assert read(presented) is None


@given(presented=st.text(max_size=80))
def test_whatever_is_presented_is_read(presented: str) -> None:
    """It is sixteen of the letters, or nothing."""
    code = read(presented)
    assert code is None or re.fullmatch("[0-9A-HJKMNP-TV-Z]{16}", code)
