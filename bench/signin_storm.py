"""``make storm``: what those who are signed in notice while others sign in with passwords, all at once.

The server has one core for itself, event loop and hashing together: the worst place for both. Requests to a protected
route are due at fixed times, and their latency counts from then on, so that a server that stands still is not asked
less. Sign-ins come from a few people who begin again as soon as they are in. How many there could be at most is what
a thread that does nothing but Argon2 does on that same core. Asserts nothing.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.attack_cookies import sign_in
from bench.browsers import Browser
from bench.machine import machine
from bench.measure import HOST, ROOT, CannotMeasure, Command, Server, free_port, pinned_to

from handstamp import Auth
from handstamp.core.ids import new_id
from handstamp.core.models import Credential, CredentialKind, User
from handstamp.login.password.hashing import Hasher

_PASSWORD: Final = "correct horse battery staple"  # noqa: S105  nobody's
_PEOPLE: Final = 16
"""Who sign in again and again. There is room in the line for twice as many: nobody is told to come back later."""
_SIGNED_IN: Final = 50
_BROWSERS: Final = 4
_EVERY: Final = 0.005
"""Seconds between two requests to the protected route."""
_PARTS: Final = ("starlette", "uvicorn", "argon2-cffi-bindings", "joserfc")
_BARE: Final = """\
import sys, time
from handstamp.login.password.hashing import Hasher
hasher, password, seconds = Hasher(), sys.argv[1], float(sys.argv[2])
kept, done, end = hasher.hash(password), 0, time.perf_counter() + seconds
begun = time.perf_counter()
while time.perf_counter() < end:
    assert hasher.verify(kept, password).ok
    done += 1
print(done / (time.perf_counter() - begun))
"""


@dataclass(frozen=True, slots=True)
class Round:
    """What was seen in a few seconds. Latencies in seconds."""

    rest: Sequence[float]
    """Of requests while nobody signs in, in order of size."""
    storm: Sequence[float]
    """Of requests in the storm."""
    sign_ins: float
    """A second."""
    bare: float
    """Checks of a password a second on this core, by a program that does nothing else."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of two seconds, to see that it works")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "storm", help="the folder for the results")
    given = parser.parse_args(arguments)
    rounds, seconds = (1, 2.0) if given.quick else (5, 10.0)
    try:
        found = _measured(rounds, seconds)
    except CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 1
    about = machine(_PARTS)
    text = "\n".join([*report(found), "; ".join(f"{name} {value}" for name, value in about.items()) + ".", ""])
    print(text)
    given.out.mkdir(parents=True, exist_ok=True)
    results = {"machine": about, "seconds": seconds, "rounds": [asdict(one) for one in found]}
    (given.out / "results.json").write_text(json.dumps(results) + "\n", encoding="utf-8")
    (given.out / "results.md").write_text(text, encoding="utf-8")
    return 0


def report(rounds: Sequence[Round]) -> list[str]:
    """A table. Medians over the rounds."""
    lines = ["| | p50, ms | p99, ms | longest, ms |", "|---|--:|--:|--:|"]
    for name, of_round in (("at rest", [one.rest for one in rounds]), ("in a storm", [one.storm for one in rounds])):
        figures = [statistics.median(at(one, share) for one in of_round) * 1e3 for share in (0.5, 0.99, 1.0)]
        lines.append(f"| {name} | {' | '.join(format(figure, '.2f') for figure in figures)} |")
    times = statistics.median(at(one.storm, 0.99) / at(one.rest, 0.99) for one in rounds)
    sign_ins, bare = (
        statistics.median(values) for values in zip(*((r.sign_ins, r.bare) for r in rounds), strict=True)
    )
    share = statistics.median(one.sign_ins / one.bare for one in rounds)
    return [
        *lines,
        "",
        (
            f"The p99 of the protected route in the storm is {times:.2f} times that at rest. There were "
            f"{sign_ins:.1f} sign-ins a second, {share:.0%} of the {bare:.1f} hashes that this core does alone."
        ),
        "",
    ]


def at(latencies: Sequence[float], share: float) -> float:
    """The latency that this share of requests did not exceed. They are in order of size."""
    return latencies[min(len(latencies) - 1, int(share * len(latencies)))]


def _measured(rounds: int, seconds: float) -> list[Round]:
    with tempfile.TemporaryDirectory(prefix="handstamp-storm-") as folder:
        database, port = f"sqlite:///{folder}/app.db", free_port()
        cookies = asyncio.run(_prepare(database, port))
        words = [sys.executable, "-m", "uvicorn", "bench.applications.signing_in:app", f"--app-dir={ROOT}"]
        words += [f"--host={HOST}", f"--port={port}", "--log-level=warning", "--no-access-log", "--no-proxy-headers"]
        cores = os.sched_getaffinity(0)
        server = Server(Command(words, _settings(database, port)), port, min(cores))
        try:
            server.wait()
            with pinned_to(max(cores)):
                asyncio.run(_requests(port, cookies, 0.5))  # everybody has been seen
                found = []
                for number in range(rounds):
                    print(f"{number + 1}/{rounds}", file=sys.stderr)
                    found.append(_round(port, cookies, seconds, min(cores)))
                return found
        finally:
            server.stop()


def _settings(database: str, port: int) -> dict[str, str]:
    ours = os.environ  # noqa: TID251  a program that starts another one
    kept = {name: ours[name] for name in ("HOME", "XDG_STATE_HOME", "PYTHONPATH") if name in ours}
    return kept | {
        "HANDSTAMP_DATABASE": database,
        "HANDSTAMP_ORIGIN": f"http://{HOST}:{port}",
        "HANDSTAMP_TRIES_BY_NETWORK": "100000",  # all of them come from this machine
    }


async def _prepare(database: str, port: int) -> list[str]:
    """People who are signed in, and people who have a password; the cookies of the former."""
    auth = Auth(database, origin=f"http://{HOST}:{port}")
    services, now = await auth.open(), auth.clock()
    kept = Hasher(auth.policies.hashing).hash(_PASSWORD)
    for number in range(_PEOPLE):
        user = User(id=new_id(now), created_at=now, email=_address(number), email_verified=True)
        await services.people.add_user(user)
        password = Credential(
            id=new_id(now),
            user_id=user.id,
            kind=CredentialKind.PASSWORD,
            secret=kept,
            created_at=now,
            confirmed_at=now,
        )
        await services.people.add_credential(password, most=1)
    name = auth.place.cookies.session
    cookies = [f"{name}={await sign_in(auth, number)}" for number in range(_SIGNED_IN)]
    await auth.close()
    return cookies


def _address(number: int) -> str:
    return f"person{number}@example.com"


def _round(port: int, cookies: Sequence[str], seconds: float, core: int) -> Round:
    rest = asyncio.run(_requests(port, cookies, seconds))
    storm, sign_ins = asyncio.run(_in_a_storm(port, cookies, seconds))
    with pinned_to(core):
        done = subprocess.run(
            [sys.executable, "-c", _BARE, _PASSWORD, str(seconds)], capture_output=True, text=True, check=True
        )
    return Round(rest=rest, storm=storm, sign_ins=sign_ins, bare=float(done.stdout))


async def _in_a_storm(port: int, cookies: Sequence[str], seconds: float) -> tuple[list[float], float]:
    done = 0

    async def person(number: int) -> None:
        nonlocal done
        browser = await Browser.opened(port)
        try:
            while True:
                status = await browser.post(
                    "/auth/password/login", {"email": _address(number), "password": _PASSWORD}
                )
                if status != 200:
                    raise CannotMeasure(f"a sign-in was answered by {status}")
                done += 1
        finally:
            browser.close()

    people = [asyncio.create_task(person(number)) for number in range(_PEOPLE)]
    await asyncio.sleep(min(1.0, seconds / 4))  # the line is full
    before, begun = done, time.perf_counter()
    latencies = await _requests(port, cookies, seconds)
    rate = (done - before) / (time.perf_counter() - begun)
    for one in people:
        one.cancel()
    for one in people:
        with suppress(asyncio.CancelledError):
            await one
    return latencies, rate


async def _requests(port: int, cookies: Sequence[str], seconds: float) -> list[float]:
    """The latencies of requests to the protected route, from the moment when each was due; the shortest first."""
    browsers: asyncio.Queue[Browser] = asyncio.Queue()
    for _ in range(_BROWSERS):
        browsers.put_nowait(await Browser.opened(port))

    async def request(number: int, due: float) -> float:
        await asyncio.sleep(due - time.perf_counter())
        browser = await browsers.get()
        status = await browser.get("/protected", cookies[number % len(cookies)])
        browsers.put_nowait(browser)
        if status != 200:
            raise CannotMeasure(f"somebody who is signed in was answered by {status}")
        return time.perf_counter() - due

    begin = time.perf_counter() + 0.05
    due = [begin + number * _EVERY for number in range(int(seconds / _EVERY))]
    latencies = await asyncio.gather(*(request(number, moment) for number, moment in enumerate(due)))
    while not browsers.empty():
        browsers.get_nowait().close()
    return sorted(latencies)


if __name__ == "__main__":
    sys.exit(main())
