"""Links of passwords, followed many times at once, on every store: one counts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from urllib.parse import parse_qs, urlsplit

import pytest

from handstamp.auth import Auth
from handstamp.core.errors import LoginFailed
from handstamp.core.models import User
from handstamp.login.password import Password
from handstamp.login.password.changing import RESET, mark_of, reset
from handstamp.login.password.registering import CONFIRM, confirm
from handstamp.login.password.tools import Tools, Visitor
from handstamp.stores.sql.postgresql import connections
from handstamp.testing import NOW
from places import ATTACKERS, Place

SECRET = "r4X-wQ9z_Lk2mB7vTn5yJc8hPd3sFg6a-Ue1oIiKq0Z"
EMAIL = "ada@example.com"
HERE = Visitor(address="192.0.2.1", language="en", now=NOW)


@pytest.fixture
async def tools(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tools]:
    """What passwords are made of, over a store, in one process that has a connection for each."""
    monkeypatch.setattr(connections, "WRITERS", ATTACKERS)
    way = Password()
    auth = Auth(
        place.database,
        sessions=place.sessions,
        secret=SECRET,
        methods=[way],
        clock=lambda: NOW,
        password_memory=19,
        password_passes=2,
        password_waiting=100,
    )
    await auth.open()
    yield await way.tools(auth)
    await auth.close()


async def outcome(use: Awaitable[User]) -> str:
    """What comes of following a link."""
    try:
        await use
    except LoginFailed as error:
        return error.reason
    return "done"


def token_in(link: str) -> str:
    """The token of a link."""
    return parse_qs(urlsplit(link).query)["token"][0]


async def signed_up(tools: Tools) -> User:
    """Somebody with a password."""
    values = {"email": EMAIL, "hash": await tools.hash("correct horse battery staple")}
    link, link_id = tools.links.make(CONFIRM, values, lifetime=60, now=NOW)
    return await confirm(tools, token_in(link), None, HERE, began=link_id)


async def test_fifty_uses_of_a_link_make_one_account(tools: Tools) -> None:
    """Races: one-time token used twice (GHSA-392p-2q2v-4372)."""
    link, link_id = tools.links.make(CONFIRM, {"email": EMAIL, "hash": "$none"}, lifetime=60, now=NOW)
    outcomes = await asyncio.gather(
        *(outcome(confirm(tools, token_in(link), None, HERE, began=link_id)) for _ in range(ATTACKERS))
    )
    assert outcomes.count("done") == 1
    assert len(await tools.people.list_users()) == 1


async def test_many_links_to_one_address_make_one_account_that_has_it(tools: Tools) -> None:
    """Each is another link; whoever comes second finds the address taken, and leaves nothing behind."""
    links = [tools.links.make(CONFIRM, {"email": EMAIL, "hash": "$none"}, lifetime=60, now=NOW) for _ in range(8)]
    outcomes = await asyncio.gather(
        *(outcome(confirm(tools, token_in(link), None, HERE, began=link_id)) for link, link_id in links)
    )
    assert outcomes.count("done") == 1
    found = await tools.people.find_users(EMAIL)
    assert [user.email_verified for user in found] == [True]


async def test_fifty_uses_of_a_link_change_a_password_once(tools: Tools) -> None:
    """Two links are out, each is used 25 times: both are bound to the password that there was."""
    user = await signed_up(tools)
    kept = await tools.password_of(user)
    assert kept is not None
    values = {"user": user.id, "mark": mark_of(kept.secret)}
    tokens = [token_in(tools.links.make(RESET, values, lifetime=60, now=NOW)[0]) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(
            outcome(reset(tools, tokens[number % 2], "seven geese cross the canal", HERE))
            for number in range(ATTACKERS)
        )
    )
    assert outcomes.count("done") == 1
    after = await tools.password_of(user)
    assert after is not None
    assert (after.version, after.secret != kept.secret) == (kept.version + 1, True)
