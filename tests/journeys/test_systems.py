"""Processes with the same database, sessions and origin are one system, on whatever ports and data folders."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import pytest

from demo_process import Demo, handstamp, running_demo
from demo_visitor import SESSION, Visitor
from handstamp.auth import Auth
from handstamp.core.lease import LEASE
from handstamp.core.models import Profile
from parts.mongo_emulator import running_emulator
from parts.postgresql import running_postgresql
from parts.redis_server import running
from serve_process import serving

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("demo")]

PASSWORD: Final = "pa55word-of-the-database"
"""The server lets everybody in, with whatever password."""

WITHIN: Final = LEASE
"""Seconds until every process knows. It takes milliseconds, unless the machine has no time for the process."""


@dataclass(frozen=True)
class Stores:
    """Where a system is."""

    database: str
    sessions: str | None

    @property
    def options(self) -> tuple[str, ...]:
        """As the command line takes them."""
        sessions = () if self.sessions is None else ("--sessions", self.sessions)
        return ("--database", self.database, *sessions)


@dataclass(frozen=True)
class System:
    """Two processes of the demo that have nothing in common but stores and origin."""

    one: Demo
    two: Demo
    stores: Stores


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """Nothing is configured, so that the processes find a secret by themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HANDSTAMP_SECRET", raising=False)
        yield


@pytest.fixture(scope="module", params=["postgresql", "postgresql and valkey", "mongodb and valkey"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Servers of the module's own."""
    folder = tmp_path_factory.mktemp("servers")
    match request.param:
        case "postgresql":
            with running_postgresql() as server:
                yield Stores(server.url().replace("postgres@", f"postgres:{PASSWORD}@"), None)
        case "postgresql and valkey":
            with running_postgresql() as server, running("valkey-server", folder) as valkey:
                yield Stores(server.url().replace("postgres@", f"postgres:{PASSWORD}@"), valkey.url)
        case _:
            with running_emulator(folder) as emulator, running("valkey-server", folder) as valkey:
                yield Stores(emulator.new_url(), valkey.url)


@pytest.fixture(scope="module")
def system(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Two processes: the second has the origin of the first, and a folder of its own."""
    folder = tmp_path_factory.mktemp("folders")
    with (
        running_demo(folder / "one", *stores.options) as one,
        running_demo(folder / "two", *stores.options, "--origin", one.url) as two,
    ):
        yield System(one, two, stores)


@pytest.fixture
def visitor(system: System) -> Iterator[Visitor]:
    """Somebody who is not signed in."""
    with Visitor(system.one) as someone:
        yield someone


def told(visitor: Visitor, at: Demo, path: str, status: int) -> httpx2.Response:
    """The first answer of a process that has this status."""
    began = time.monotonic()
    while True:
        answer = visitor.ask("GET", path, at=at)
        if answer.status_code == status:
            return answer
        assert time.monotonic() - began < WITHIN, answer.text


@pytest.mark.parametrize("provider", ["x", "google"])
@pytest.mark.parametrize("turned", [1, -1], ids=["at the first", "at the second"])
def test_a_sign_in_and_its_end_count_in_both(system: System, visitor: Visitor, provider: str, turned: int) -> None:
    """Both have the session in memory when it ends in either."""
    ends, asks = (system.one, system.two)[::turned]
    visitor.sign_in(provider)
    cookies = dict(visitor.cookies)
    for demo in (system.one, system.two) * 2:
        assert visitor.ask("GET", "/api/me", at=demo).status_code == 200
    assert visitor.ask("POST", "/auth/logout", at=ends).status_code == 204
    visitor.cookies = dict(cookies)
    assert visitor.ask("GET", "/api/me", at=ends).json()["reason"] == "signed_out"
    visitor.cookies = dict(cookies)
    assert told(visitor, asks, "/api/me", 401).json()["reason"] == "signed_out"


@pytest.mark.parametrize("provider", ["x", "google"])
def test_a_sign_in_may_begin_at_either(system: System, visitor: Visitor, provider: str) -> None:
    """The second has stand-ins of its own, which lead back to the origin; the person is the same user."""
    visitor.sign_in(provider, "grace")
    first = visitor.ask("GET", "/api/me").json()
    with Visitor(system.two) as another:
        callback = another.decide(another.authorize_url(provider), person="grace")
        assert callback.startswith(system.one.url)
        another.demo = system.one
        assert another.come_back(callback).status_code == 303
        assert another.ask("GET", "/api/me", at=system.two).json() == first


def test_what_a_command_changes_counts_in_both(system: System, visitor: Visitor) -> None:
    """A role, and the end of all sessions of a user; the commands take the same options."""
    visitor.sign_in("x", "linus")
    cookies = dict(visitor.cookies)
    user = visitor.ask("GET", "/api/me").json()["id"]
    for demo in (system.one, system.two):
        assert visitor.ask("GET", "/api/reports", at=demo).status_code == 403
    given = handstamp("users", "roles", user, "--add", "analyst", *system.stores.options)
    assert given.stdout == "analyst\n", given.stderr
    for demo in (system.one, system.two):
        told(visitor, demo, "/api/reports", 200)
    assert handstamp("sessions", "end", "--user", user, *system.stores.options).stdout.startswith("Ended: ")
    for demo in (system.one, system.two):
        visitor.cookies = dict(cookies)
        assert told(visitor, demo, "/api/me", 401).json()["reason"] == "admin"


def test_no_password_of_a_url_is_printed(system: System) -> None:
    """Neither at the start nor later; the hints name the stores."""
    for demo in (system.one, system.two):
        log = demo.log.read_text()
        assert PASSWORD not in log
        assert "--database" in log
        assert (PASSWORD not in system.stores.database) or "postgres:***@" in log


def test_two_servers_are_one_system_too(system: System, tmp_path: Path) -> None:
    """``handstamp serve``; the third process is this one, which made the session."""
    origin = "http://127.0.0.1:9"
    options = (*system.stores.options, "--origin", origin)

    async def session() -> str:
        auth = Auth(system.stores.database, sessions=system.stores.sessions, origin=origin)
        services = await auth.open()
        user = await services.accounts.sign_in(Profile(issuer="https://idp.example", subject="1"), now=auth.clock())
        token = (await services.sessions.start(user, amr=(), now=auth.clock())).token
        await auth.close()
        return token

    with serving(tmp_path, *options) as (one, _), serving(tmp_path, *options) as (two, _):
        headers = {"cookie": f"{SESSION}={asyncio.run(session())}"}

        def who(at: str) -> dict[str, object]:
            answer: dict[str, object] = httpx2.get(f"{at}/auth/session", headers=headers).json()
            return answer

        assert [who(at)["authenticated"] for at in (one, two)] == [True, True]
        assert httpx2.post(f"{one}/auth/logout", headers=headers).status_code == 204
        assert who(one)["reason"] == "signed_out"
        began = time.monotonic()
        while who(two)["authenticated"]:
            assert time.monotonic() - began < WITHIN
        assert who(two)["reason"] == "signed_out"
