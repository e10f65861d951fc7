"""``python -m bench.operations``: the CPU that an operation costs the process which asks, on each store.

What the server of the store spends is not in it, nor the waiting. Needs ``PYTHONPATH=tests``, for the servers.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.micro import Part, sign_in
from bench.revocation_places import PLACES

from handstamp import Auth, User
from handstamp.core.models import Profile
from handstamp.services.sessions import Issued
from handstamp.web.host import Services

STORES: Final = ("sqlite", "postgresql", "valkey", "mongodb")

_BATCH: Final = 20
"""Calls in a batch; each has to do with a session of its own."""

_LISTED: Final = 10
"""Sessions of the user whose list is asked for."""

Act = Callable[[Issued], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Costs:
    """What the operations cost on one store."""

    store: str
    parts: list[Part]


def measured(folder: Path, *, batches: int, stores: Sequence[str] = STORES) -> list[Costs]:
    """Every operation on each store, one store after the other. Files lie in an empty folder."""
    found: list[Costs] = []
    for store in stores:
        place = PLACES[store]
        data = folder / store
        data.mkdir()
        with place.running(data) as there:
            auth = Auth(there.database, sessions=there.sessions)
            found.append(Costs(place.name, asyncio.run(_parts(auth, batches))))
    return found


async def _parts(auth: Auth, batches: int) -> list[Part]:
    services = await auth.open()
    try:
        user = await services.accounts.get((await sign_in(auth, "ada")).session.user_id)
        crowd = [await services.sessions.start(user, amr=("oauth",), now=auth.clock()) for _ in range(_LISTED - 1)]
        acts: dict[str, Act] = {
            "signing in: the user, a session, the trail": _signs_in(auth, services),
            "first sight of a token": _first_sight(auth, services),
            "a token that is due: its successor": _due(auth, services),
            f"a list of {len(crowd) + 1} sessions": _lists(auth, services, user),
            "signing out: the session, the trail": _signs_out(auth, services),
        }
        costs: dict[str, list[float]] = {name: [] for name in acts}
        for batch in range(batches + 1):
            guest = await services.accounts.get((await sign_in(auth, f"guest-{batch}")).session.user_id)
            for name, act in acts.items():
                issued = [
                    await services.sessions.start(guest, amr=("oauth",), now=auth.clock()) for _ in range(_BATCH)
                ]
                began = time.process_time()
                for one in issued:
                    await act(one)
                if batch:  # the first makes connections and prepares statements
                    costs[name].append((time.process_time() - began) / _BATCH)
        return [Part(name, statistics.median(seconds)) for name, seconds in costs.items()]
    finally:
        await auth.close()


def _signs_in(auth: Auth, services: Services) -> Act:
    async def act(issued: Issued) -> None:
        del issued
        profile = Profile(issuer="https://provider.example", subject="visitor", name="Visitor")
        user = await services.accounts.sign_in(profile, now=auth.clock())
        await services.sessions.start(user, amr=("oauth",), now=auth.clock())

    return act


def _first_sight(auth: Auth, services: Services) -> Act:
    return lambda issued: services.check.authenticate(issued.token.encode(), now=auth.clock())


def _due(auth: Auth, services: Services) -> Act:
    rotate_after = auth.settings.session_policy.rotation.rotate_after

    async def act(issued: Issued) -> None:
        now = auth.clock() + rotate_after + 1
        admission = await services.check.authenticate(issued.token.encode(), now=now)
        assert await services.check.settle(admission, now=now) is not None

    return act


def _lists(auth: Auth, services: Services, user: User) -> Act:
    return lambda _: services.sessions.list(user.id, now=auth.clock())


def _signs_out(auth: Auth, services: Services) -> Act:
    return lambda issued: services.sessions.sign_out(issued.token.encode(), now=auth.clock())


def table(found: Sequence[Costs]) -> list[str]:
    """The lines of a table in Markdown, in microseconds."""
    names = [part.name for part in found[0].parts]
    head = [f"| CPU, µs | {' | '.join(one.store for one in found)} |", f"|---|{'--:|' * len(found)}"]
    return head + [
        f"| {name} | {' | '.join(f'{one.parts[row].seconds * 1e6:,.0f}' for one in found)} |"
        for row, name in enumerate(names)
    ]


def main() -> None:
    """Measure, and print; JSON too, where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stores", default=",".join(STORES))
    arguments.add_argument("--batches", type=int, default=25)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="handstamp-bench-") as folder:
        found = measured(Path(folder), batches=given.batches, stores=given.stores.split(","))
    print("\n".join(table(found)))
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in found], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
