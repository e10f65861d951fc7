"""Several processes on one SQLite file: one answer in all of them."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest

from demo_process import Demo, running_demo
from demo_visitor import SESSION, Visitor
from handstamp.auth import Auth
from handstamp.core.ids import new_secret
from handstamp.core.models import Profile, User
from handstamp.keeping import kept

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("demo")]

ROUNDS = 1_000
SIDE_BY_SIDE = 8


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Demo]]:
    """Two processes that share a folder and an origin."""
    data = tmp_path_factory.mktemp("pair") / "data"
    with running_demo(data) as first, running_demo(data, "--origin", first.url) as second:
        yield first, second


def test_a_sign_in_in_one_process_counts_in_the_other(pair: tuple[Demo, Demo]) -> None:
    """One secret, one store, one origin: one system; signing out counts there too."""
    first, second = pair
    with Visitor(first) as visitor:
        visitor.sign_in()
        assert visitor.ask("GET", "/api/me", at=second).status_code == 200
        old = dict(visitor.cookies)
        assert visitor.ask("POST", "/auth/logout", at=second).status_code == 204
        visitor.cookies = old
        assert visitor.ask("GET", "/api/me").json()["reason"] == "signed_out"


@pytest.mark.parametrize("provider", ["x", "google"])
def test_a_sign_in_begun_in_one_process_is_finished_in_the_other(pair: tuple[Demo, Demo], provider: str) -> None:
    """Nothing of a sign-in is in the memory of a process."""
    first, second = pair
    with Visitor(second) as visitor:
        callback = visitor.decide(visitor.authorize_url(provider), person="grace")
        visitor.demo = first
        assert visitor.come_back(callback).status_code == 303
        assert visitor.ask("GET", "/api/me", at=second).status_code == 200


async def test_a_session_ended_in_one_process_is_refused_by_the_other_a_thousand_times(
    pair: tuple[Demo, Demo],
) -> None:
    """At the very next request, 1,000 times out of 1,000, while others load both processes (SES-01)."""
    first, second = pair
    auth = Auth(
        f"sqlite:///{first.data / 'handstamp.db'}",
        origin=first.url,
        secret=(kept(first.data / "secret", new_secret),),
    )
    services = await auth.open()
    user = await services.accounts.sign_in(Profile(issuer="https://test", subject="1", name="Ada"), now=auth.clock())
    done = asyncio.Event()
    async with httpx2.AsyncClient(timeout=30) as client:
        load = [asyncio.create_task(_load(client, demo, auth, user, done)) for demo in pair]
        left = iter(range(ROUNDS))
        stale = await asyncio.gather(
            *(_end_and_ask(client, (first, second), auth, user, left) for _ in range(SIDE_BY_SIDE))
        )
        done.set()
        served = await asyncio.gather(*load)
    await auth.close()
    assert sum(stale) == 0
    assert min(served) > 100


async def _end_and_ask(
    client: httpx2.AsyncClient, pair: tuple[Demo, Demo], auth: Auth, user: User, left: Iterator[int]
) -> int:
    """End sessions in one process and ask the other; how many times it still let the token in."""
    stale = 0
    for turn in left:
        ends, asks = pair if turn % 2 else pair[::-1]
        issued = await auth.sessions.start(user, amr=(), now=auth.clock())
        headers = {"cookie": f"{SESSION}={issued.token}"}
        for demo in pair:
            assert (await client.get(f"{demo.url}/api/me", headers=headers)).status_code == 200
        assert (await client.post(f"{ends.url}/auth/logout", headers=headers)).status_code == 204
        answer = await client.get(f"{asks.url}/api/me", headers=headers)
        stale += (answer.status_code, answer.json().get("reason")) != (401, "signed_out")
    return stale


async def _load(client: httpx2.AsyncClient, demo: Demo, auth: Auth, user: User, done: asyncio.Event) -> int:
    """Keep a process busy with a session that lives; how many requests it answered, all of them well."""
    issued = await auth.sessions.start(user, amr=(), now=auth.clock())
    headers = {"cookie": f"{SESSION}={issued.token}"}
    served = 0
    while not done.is_set():
        assert (await client.get(f"{demo.url}/api/me", headers=headers)).status_code == 200
        served += 1
    return served
