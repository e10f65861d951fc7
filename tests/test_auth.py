"""Auth: everything wired together."""

import asyncio
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from handmade import OTHER_SECRET, SECRET
from handstamp.auth import Auth
from handstamp.backends import store_at
from handstamp.core.errors import ConfigurationError, InvalidToken, SessionEnded, StoreUnavailable
from handstamp.core.keys import Purpose
from handstamp.core.models import EndReason, Profile
from handstamp.services.sessions import Issued
from handstamp.stores.memory import MemoryStore
from web_world import NOW, ORIGIN, HandClock, World
from world import AdverseStore

PUBLIC: dict[str, Any] = {"origin": ORIGIN, "secret": SECRET}
ADA = Profile(issuer="https://idp.example", subject="1", name="Ada")


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and no setting of the machine that runs the tests."""
    for name in list(os.environ):  # noqa: TID251  what is to be cleaned
        if name.upper().startswith("HANDSTAMP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


async def signed_in(auth: Auth) -> Issued:
    """Somebody's session."""
    services = await auth.open()
    user = await services.accounts.sign_in(ADA, now=NOW)
    return await services.sessions.start(user, amr=(), now=NOW)


async def who(auth: Auth, token: str) -> str | None:
    """The name of whoever the token lets in."""
    services = await auth.open()
    return (await services.check.authenticate(token.encode(), now=NOW)).principal.user.name


def test_the_secret_is_kept_beside_the_database() -> None:
    """On loopback, made once, readable by its owner only; a restart signs nobody out."""
    first = Auth("sqlite:///app.db", clock=HandClock())
    path = Path("app.db-secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) == 43
    second = Auth("sqlite:///app.db", clock=HandClock())

    async def restart() -> str | None:
        token = (await signed_in(first)).token
        await first.close()
        try:
            return await who(second, token)
        finally:
            await second.close()

    assert asyncio.run(restart()) == "Ada"
    assert sorted(one.name for one in Path().iterdir() if "secret" in one.name) == ["app.db-secret"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused(mode: int) -> None:
    """With what to do."""
    path = Path("app.db-secret")
    path.write_text(SECRET)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"can be read by others: chmod 600 app\.db-secret"):
        Auth("sqlite:///app.db")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"short", "the secret is shorter than 32 bytes"),
        (b"", "the secret is shorter than 32 bytes"),
        (b"\xff" * 40, "app.db-secret cannot be used: it is not the text that was written there"),
    ],
)
def test_a_kept_secret_is_checked_as_any_other(content: bytes, words: str) -> None:
    """Somebody may have written it by hand."""
    path = Path("app.db-secret")
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=words):
        Auth("sqlite:///app.db")


def test_a_folder_that_is_not_there_is_named() -> None:
    """Before anything is made."""
    with pytest.raises(ConfigurationError, match=r"missing/app\.db-secret cannot be used: No such"):
        Auth("sqlite:///missing/app.db")


@pytest.mark.parametrize("database", ["memory://", MemoryStore()], ids=["memory", "a store"])
def test_without_a_database_file_nothing_is_written(database: str | MemoryStore) -> None:
    """The secret is made for this process."""
    Auth(database)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://host/db", "app.db", "", "sqlite:/app.db"])
def test_an_unknown_database_is_refused(url: str) -> None:
    """With those that there are."""
    known = "use sqlite:///file.db, postgresql://, mongodb://host/database or memory://"
    with pytest.raises(ConfigurationError, match=re.escape(known)):
        Auth(url)


@pytest.mark.parametrize("url", ["sqlite:///:memory:", "sqlite:///app.db?mode=ro", "sqlite:///"])
def test_a_database_that_cannot_be_shared_is_refused_before_a_secret_is_made(url: str) -> None:
    """No file is left behind."""
    with pytest.raises(ConfigurationError, match="sqlite:///"):
        Auth(url)
    assert list(Path().iterdir()) == []


def test_a_password_in_a_database_url_is_not_shown() -> None:
    """Only what stands before the first colon is."""
    with pytest.raises(ConfigurationError) as refused:
        Auth("mysql://user:pa55word@host/db", **PUBLIC)
    assert "pa55word" not in str(refused.value)


def test_what_is_no_url_is_not_shown() -> None:
    """It may be a password as well, as in the form that libpq knows."""
    with pytest.raises(ConfigurationError, match="there is no store for ''") as refused:
        Auth("dbname=app password=pa55word", **PUBLIC)
    assert "pa55word" not in str(refused.value)


def test_the_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the environment before the default."""
    monkeypatch.setenv("HANDSTAMP_DATABASE", "memory://")
    assert isinstance(Auth().store, MemoryStore)
    assert not isinstance(Auth("sqlite:///app.db").store, MemoryStore)


async def test_the_newest_secret_signs_and_every_one_verifies() -> None:
    """While the secret changes nobody is signed out; without the older one everybody is."""
    store = MemoryStore()
    before = Auth(store, origin=ORIGIN, secret=SECRET)
    between = Auth(store, origin=ORIGIN, secret=[OTHER_SECRET, SECRET])
    after = Auth(store, origin=ORIGIN, secret=OTHER_SECRET)
    old, new = (await signed_in(before)).token, (await signed_in(between)).token
    assert await who(between, old) == await who(between, new) == await who(after, new) == "Ada"
    for auth, token in ((after, old), (before, new)):
        with pytest.raises(InvalidToken):
            await who(auth, token)


async def test_flows_survive_a_change_of_the_secret_too() -> None:
    """Who is at the provider just then comes back to the new one."""
    sealed = Auth("memory://", origin=ORIGIN, secret=SECRET).sealer(Purpose.FLOW).seal(b"flow", context=b"x")
    between = Auth("memory://", origin=ORIGIN, secret=[OTHER_SECRET, SECRET])
    assert between.sealer(Purpose.FLOW).open(sealed, context=b"x") == b"flow"


def test_no_secret_is_shown() -> None:
    """Whatever somebody logs of it."""
    auth = Auth("memory://", **PUBLIC)
    for shown in (repr(auth), str(auth), repr(auth.settings), repr(auth.place), repr(vars(auth))):
        assert SECRET not in shown


async def test_opening_twice_is_opening_once() -> None:
    """Also at the same time."""
    world = World()
    first, second = await asyncio.gather(world.auth.open(), world.auth.open())
    assert first is second is await world.auth.open()
    assert world.store.asked["open"] == 1
    await world.auth.close()


async def test_a_closed_auth_opens_again() -> None:
    """With the next question; closing twice is closing once."""
    auth = Auth("sqlite:///app.db", clock=HandClock())
    issued = await signed_in(auth)
    for _ in range(2):
        await auth.close()
        await auth.close()
        assert auth.services is None
        assert await who(auth, issued.token) == "Ada"
    await auth.close()


async def test_closing_writes_what_is_still_in_memory() -> None:
    """The last use of a session is not lost with the process."""
    world = World()
    issued = await world.sign_in()
    world.clock.now += 120
    await (await world.services()).check.authenticate(issued.token.encode(), now=world.clock())
    assert (await world.row(issued)).last_used_at == NOW
    await world.auth.close()
    assert (await world.row(issued)).last_used_at == NOW + 120


async def test_the_programmatic_faces_are_there_once_it_is_open() -> None:
    """Without HTTP."""
    auth = Auth("memory://", **PUBLIC)
    issued = await signed_in(auth)
    assert [user.name for user in await auth.users.find(issued.session.user_id)] == ["Ada"]
    assert [session.id for session in await auth.sessions.list(issued.session.user_id, now=NOW)] == [
        issued.session.id
    ]
    await auth.close()


@pytest.mark.parametrize("face", ["users", "sessions"])
def test_before_it_is_open_they_say_what_is_missing(face: str) -> None:
    """Not an AttributeError."""
    with pytest.raises(ConfigurationError, match=r"await auth\.open\(\)"):
        getattr(Auth("memory://", **PUBLIC), face)


async def test_off_loopback_a_store_that_was_not_migrated_is_refused() -> None:
    """That is a step of its own there: two versions may be running."""
    auth = Auth("sqlite:///app.db", **PUBLIC)
    with pytest.raises(ConfigurationError, match="run `handstamp migrate`"):
        await auth.open()
    assert auth.services is None
    await store_at("sqlite:///app.db").migrate()
    assert (await signed_in(auth)).session.user_id
    await auth.close()


@pytest.fixture
def empty_file() -> None:
    """A file that was never migrated."""
    Path("app.db").touch(0o600)


@pytest.mark.usefixtures("empty_file")
async def test_an_empty_database_is_refused_off_loopback_too() -> None:
    """A file alone is no store."""
    auth = Auth("sqlite:///app.db", **PUBLIC)
    with pytest.raises(ConfigurationError, match="handstamp migrate"):
        await auth.open()
    await auth.close()


async def test_tokens_are_of_one_origin() -> None:
    """A staging server with the same secret is another issuer and audience (JWT-10)."""
    store = MemoryStore()
    token = (await signed_in(Auth(store, **PUBLIC))).token
    with pytest.raises(InvalidToken):
        await who(Auth(store, secret=SECRET, origin="https://staging.example.com"), token)


async def test_two_auths_over_one_store_see_the_same() -> None:
    """As two processes: what one ends the other refuses."""
    store = MemoryStore()
    one, other = Auth(store, **PUBLIC), Auth(store, **PUBLIC)
    issued = await signed_in(one)
    assert await who(other, issued.token) == "Ada"
    await one.users.delete(issued.session.user_id, now=NOW)
    with pytest.raises(SessionEnded):
        await who(other, issued.token)


@pytest.mark.parametrize("url", ["valkey://host:6379/0", "rediss://host", "unix:///run/valkey.sock"])
def test_a_store_of_sessions_is_no_database(url: str) -> None:
    """Users would have no place; the message says where it goes."""
    with pytest.raises(ConfigurationError, match="name it in `sessions`, beside a database"):
        Auth(url)


def test_where_sessions_are_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument or a variable; without either they are beside the users."""
    auth = Auth("memory://")
    assert auth.session_store is auth.store
    assert Auth("memory://", sessions="valkey://host").session_store is not auth.store
    monkeypatch.setenv("HANDSTAMP_SESSIONS", "memory://")
    auth = Auth("memory://")
    assert isinstance(auth.session_store, MemoryStore)
    assert auth.session_store is not auth.store


def test_without_its_driver_a_store_of_sessions_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not the module that is missing."""
    for name in [name for name in sys.modules if name.startswith("handstamp.stores.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'handstamp\[redis\]'"):
        Auth("memory://", sessions="valkey://host")


async def test_users_and_sessions_may_live_apart() -> None:
    """Each is written to its own store, what ends or changes in either is refused at once, and both are purged."""
    users, sessions = MemoryStore(), MemoryStore()
    one, other = (Auth(users, sessions=sessions, **PUBLIC) for _ in range(2))
    issued = await signed_in(one)
    session = issued.session
    assert await who(other, issued.token) == "Ada"
    assert await users.load_session(session.id) is None
    assert await sessions.load_session(session.id) == session
    services = await other.open()
    assert services.check.find(issued.token.encode(), NOW) is not None
    await one.users.change_roles(session.user_id, now=NOW, add=frozenset({"admin"}))
    assert services.check.find(issued.token.encode(), NOW) is None
    assert await who(other, issued.token) == "Ada"
    await one.sessions.end(session.id, reason=EndReason.ADMIN, now=NOW)
    assert services.check.find(issued.token.encode(), NOW) is None
    with pytest.raises(SessionEnded):
        await who(other, issued.token)
    for auth in (one, other):
        await auth.close()


async def test_both_stores_are_swept() -> None:
    """Where users and sessions live apart, each keeps things that expire."""
    users, sessions = AdverseStore(), AdverseStore()
    auth = Auth(users, sessions=sessions, **PUBLIC)
    await auth.open()
    for _ in range(20):
        await asyncio.sleep(0)
    await auth.close()
    for store in (users, sessions):
        assert store.asked["open"] == store.asked["close"] == store.asked["purge_sessions"] == 1


@pytest.mark.parametrize("url", ["mongodb://host/app", "mongodb+srv://ada:hunter2@cluster.example/app"])
def test_a_mongodb_url_names_its_store(url: str) -> None:
    """With either scheme; nothing is connected yet."""
    assert type(store_at(url)).__name__ == "MongoStore"


async def test_a_store_that_cannot_be_opened_is_tried_once_for_all_who_wait() -> None:
    """Each hears so when the first does, and whoever comes later tries again (N8)."""
    store = AdverseStore(pauses=(3,))
    store.down = {"open"}
    auth = Auth(store, **PUBLIC)
    outcomes = await asyncio.gather(*(auth.open() for _ in range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert store.asked["open"] == 1
    store.down = set()
    assert await auth.open() is auth.services
    await auth.close()
