"""Passwords that whoever runs the application puts in place."""

import pytest

from handstamp.core.errors import InvalidHash, InvalidInput, NotFound
from handstamp.login.password import Password
from login.password.house import OTHER, PASSWORD, Guest, House
from login.password.samples import IMPORTED
from login.password.samples import PASSWORD as DJANGO_PASSWORD


def passwords(house: House) -> Password:
    """The way in of an application."""
    (way,) = house.auth.methods
    assert isinstance(way, Password)
    return way


@pytest.mark.parametrize("format_", ["Django 5.2 PBKDF2", "Django 5.2 bcrypt", "Django 5.2 scrypt"])
async def test_people_from_other_software_keep_their_passwords(house: House, guest: Guest, format_: str) -> None:
    """As the hash that they have there."""
    user = await house.person(password=None)
    await passwords(house).import_hash(house.auth, user.id, IMPORTED[format_])
    assert (await guest.sign_in(password=DJANGO_PASSWORD)).status_code == 200


async def test_one_put_in_place_of_another_ends_all_sessions(house: House, guest: Guest) -> None:
    """Whoever had the other one is out."""
    user = await house.person()
    await guest.sign_in()
    await passwords(house).set_password(house.auth, user.id, OTHER)
    assert await house.store.list_sessions(user.id, now=house.clock()) == ()
    assert (await guest.sign_in()).status_code == 401
    assert (await guest.sign_in(password=OTHER)).status_code == 200


async def test_what_cannot_be_put_in_place_changes_nothing(house: House, guest: Guest) -> None:
    """A hash of no known kind, a password that nobody may have, and nobody."""
    user = await house.person()
    with pytest.raises(InvalidHash):
        await passwords(house).import_hash(house.auth, user.id, "5f4dcc3b5aa765d61d8327deb882cf99")
    with pytest.raises(InvalidInput):
        await passwords(house).set_password(house.auth, user.id, "short")
    with pytest.raises(NotFound):
        await passwords(house).set_password(house.auth, "nobody", OTHER)
    assert (await guest.sign_in(password=PASSWORD)).status_code == 200
