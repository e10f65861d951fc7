"""Attacks that once succeeded."""

import asyncio
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from handmade import SECRET
from handstamp.auth import Auth
from handstamp.backends import store_at
from handstamp.cli.administration import Administration
from handstamp.cli.who import the_user
from handstamp.core.errors import InvalidToken, NotFound, SessionEnded
from handstamp.core.policy import DAY
from handstamp.demo.place import prepare
from handstamp.demo.records import Records
from handstamp.login.oauth import X
from handstamp.stores.sql import SqlStore
from handstamp.testing import NOW, a_profile, a_session
from web_world import ORIGIN, OWN, PAGE, SESSION, visiting
from web_world import World as WebWorld
from world import World

NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"}
ONE_HEADER = 8 * 1024
"""Bytes: a header line that nginx (large_client_header_buffers), Apache and gunicorn take by default."""


def web_world() -> WebWorld:
    """An application with sign-in by X; setting out asks nobody."""
    return WebWorld(methods=[X(client_id="client", public_client=True)])


def a_sqlite_store(path: Path) -> SqlStore:
    """A store on a file, not open yet."""
    store = store_at(f"sqlite:///{path}")
    assert isinstance(store, SqlStore)
    return store


async def test_callbacks_of_strangers_write_nothing_to_the_store() -> None:
    """Whoever has no flow of ours cannot make the store write, or anybody fills it and blocks its one writer."""
    world = web_world()
    await world.services()
    async with visiting(world) as http:
        for number in range(20):
            response = await http.get(f"/auth/callback/x?state=made-up-{number}&code=c", headers=PAGE)
            assert response.status_code == 400
        assert world.store.asked["record_events"] == 0


async def test_used_up_and_expired_rows_are_removed_by_a_running_application(tmp_path: Path) -> None:
    """Sessions past their limit, used-up flows and old changes do not stay for ever."""
    clock = [NOW]
    path = tmp_path / "app.db"
    auth = Auth(f"sqlite:///{path}", clock=lambda: clock[0])
    services = await auth.open()
    user = await services.accounts.sign_in(a_profile(), now=clock[0])
    for number in range(10):
        await services.sessions.start(user, amr=(), now=clock[0])
        assert await services.challenges.consume("flow", str(number), expires_at=clock[0] + 600, now=clock[0])
    for _ in range(5):  # months go by, with a restart and a sign-in in each
        clock[0] += 40 * DAY
        await auth.close()
        services = await auth.open()
        await services.sessions.start(user, amr=(), now=clock[0])
        await asyncio.sleep(0.2)
    await auth.close()
    with closing(sqlite3.connect(path)) as connection:
        over = connection.execute("SELECT count(*) FROM sessions WHERE expires_at <= ?", (clock[0],)).fetchone()[0]
        used = connection.execute("SELECT count(*) FROM challenges WHERE expires_at <= ?", (clock[0],)).fetchone()[0]
    assert (over, used) == (0, 0)


@pytest.mark.parametrize(
    "padding", ["tossed=" + "a" * 33_000, "; ".join(f"t{number}=1" for number in range(256))], ids=["bytes", "count"]
)
async def test_a_sign_out_that_is_answered_with_done_is_done(padding: str) -> None:
    """A neighbour tosses so many cookies that ours is not read: 204 must mean an ended session all the same."""
    world = WebWorld()
    issued = await world.sign_in()
    async with visiting(world) as http:
        header = {"cookie": f"{padding}; {SESSION}={issued.token}"}
        response = await http.post("/auth/logout", headers=OWN | header)
        ended = (await world.row(issued)).ended_at is not None
        assert ended or response.status_code >= 400, "signed out by the answer, alive in the store"


async def test_signing_out_ends_the_session_whatever_the_clock_says() -> None:
    """The process that signed was two minutes ahead; the other answers "done" (204), and the token lives on."""
    world = World()
    token = (await world.signed_in(now=NOW)).token.encode()
    with suppress(InvalidToken):  # as POST /auth/logout does, which then answers 204
        await world[1].sessions.sign_out(token, now=NOW - 120)
    with pytest.raises(SessionEnded):
        await world[0].admit(token, now=NOW + 1)


async def test_enabling_revives_no_session_that_was_started_while_disabling() -> None:
    """Time of check, time of use: the provider answered, the user was disabled, then the session was started."""
    world = World()
    user = await world.user()
    await world[1].accounts.disable(user.id, now=NOW)
    token = (await world.signed_in(user=user)).token.encode()
    await world[1].accounts.enable(user.id, now=NOW + 60)
    with pytest.raises(SessionEnded):
        await world[0].admit(token, now=NOW + 61)


async def test_enabling_revives_no_session_that_an_interrupted_disabling_left() -> None:
    """The process died, or the store went away, between marking the user and ending the sessions."""
    world = World()
    issued = await world.signed_in()
    await world.store.disable_user(issued.session.user_id, now=NOW)
    await world[1].accounts.enable(issued.session.user_id, now=NOW + 60)
    with pytest.raises(SessionEnded):
        await world[0].admit(issued.token.encode(), now=NOW + 61)


@pytest.mark.parametrize("column", ["ended_at", "expires_at", "last_used_at"])
async def test_a_time_written_by_hand_as_people_write_it_ends_the_session(tmp_path: Path, column: str) -> None:
    """``SET ended_at = datetime('now')`` stores text: refused at the prompt, or read as an end, but no defect."""
    store = a_sqlite_store(tmp_path / "app.db")
    await store.migrate()
    await store.open()
    session = a_session()
    await store.start_session(session, replaces=None, now=NOW)
    try:
        with closing(sqlite3.connect(tmp_path / "app.db", isolation_level=None)) as shell:
            try:
                shell.execute(f"UPDATE sessions SET {column} = datetime('now')")  # noqa: S608  a constant of this test
            except sqlite3.IntegrityError:
                return  # a CHECK told the person at the prompt
        loaded = await store.load_session(session.id)
        assert loaded is not None
        assert loaded.ended_because(NOW) is not None
        assert loaded.ended_at is None or NOW - loaded.ended_at >= 0.0
    finally:
        await store.close()


async def test_flows_of_one_browser_fit_into_one_header_line() -> None:
    """Another site opens five windows: the flow cookies must not make proxies refuse all requests for ten minutes."""
    async with visiting(web_world()) as http:
        cookies: dict[str, str] = {}
        for _ in range(5):
            line = "; ".join(f"{name}={value}" for name, value in cookies.items())
            sent: Mapping[str, str] = PAGE | NAVIGATION | ({"cookie": line} if line else {})
            response = await http.get(f"/auth/login/x?return_to=/{'a' * 2000}", headers=sent)
            for one in response.headers.get_list("set-cookie"):
                name, _, rest = one.partition("=")
                if "Max-Age=0" in one:
                    cookies.pop(name, None)
                else:
                    cookies[name] = rest.partition(";")[0]
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
        assert len(f"Cookie: {line}\r\n") <= ONE_HEADER


async def test_an_e_mail_address_that_nobody_verified_names_nobody_on_the_command_line() -> None:
    """``users roles boss@example.com --add admin`` must not give the role to who merely claims to be the boss."""
    world = World()
    claims = a_profile(email="boss@example.com", email_verified=False, username="x")
    await world[0].accounts.sign_in(claims, now=NOW)
    with pytest.raises(NotFound):
        await the_user(_administration(world), "boss@example.com")


async def test_a_username_that_looks_like_an_address_names_nobody() -> None:
    """``preferred_username`` is whatever somebody chose at an OpenID provider."""
    world = World()
    claims = a_profile(email="mallory@example.org", username="boss@example.com")
    await world[0].accounts.sign_in(claims, now=NOW)
    with pytest.raises(NotFound):
        await the_user(_administration(world), "boss@example.com")


async def test_a_request_while_closing_does_not_leave_a_store_that_is_gone(tmp_path: Path) -> None:
    """``close`` says that the next request opens it again; one that comes while it closes makes 503 for ever."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    await store_at(url).migrate()
    clock = [NOW]
    auth = Auth(url, origin=ORIGIN, secret=SECRET, clock=lambda: clock[0])
    services = await auth.open()
    user = await services.accounts.sign_in(a_profile(), now=clock[0])
    token = (await services.sessions.start(user, amr=(), now=clock[0])).token.encode()
    clock[0] += 100
    await services.check.authenticate(token, now=clock[0])  # a use is noted: closing has something to write
    await asyncio.gather(auth.close(), auth.open())
    try:
        admission = await (await auth.open()).check.authenticate(token, now=clock[0])
        assert admission.principal.user.id == user.id
    finally:
        await auth.close()


async def test_no_token_is_shown_where_an_issued_session_is() -> None:
    """``repr`` is what tracebacks, debuggers and error trackers print (SES-12)."""
    issued = await World().signed_in()
    assert issued.token not in repr(issued)


async def test_a_restored_backup_gives_no_generation_two_tokens() -> None:
    """The thief's old token takes over a generation that the owner holds already: two branches, no replay."""
    world = World()
    issued = await world.signed_in()
    stolen = issued.token.encode()
    backup = await world.row(issued.session.id)
    owners = (await world.rotate(issued))[-1]  # generation 2, after the backup was made
    restored = World()
    await restored.store.start_session(backup, replaces=None, now=NOW)
    await restored.store.upsert_identity(a_profile(), user_id=backup.user_id, now=NOW)
    later = NOW + 5_000
    thiefs = await restored[0].serve(stolen, now=later)  # generation 2 once more
    assert thiefs is not None
    assert thiefs != owners
    with pytest.raises(SessionEnded):  # which the row does not know: a store that went back
        await restored[1].serve(owners, now=later)


def test_what_people_post_in_the_demo_is_for_nobody_else_on_the_machine(tmp_path: Path) -> None:
    """A data folder that was there before has the mode that it has; each file in it is 0600, this one too."""
    before = os.umask(0o022)
    try:
        prepare(tmp_path)
        Records(tmp_path / "records.db")
    finally:
        os.umask(before)
    assert (tmp_path / "records.db").stat().st_mode & 0o077 == 0


def _administration(world: World) -> Administration:
    return Administration(users=world[0].accounts, sessions=world[0].sessions, store=world.store, now=NOW)
