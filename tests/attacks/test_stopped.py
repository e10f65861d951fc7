"""A process that stands still while somebody is signed out elsewhere: what it says first when it goes on."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handstamp import Auth
from handstamp.core.ids import new_secret
from handstamp.core.lease import LEASE
from handstamp.core.models import EndReason
from handstamp.testing import a_profile
from parts.mongo_emulator import RunningEmulator
from parts.postgresql import RunningPostgresql
from parts.redis_server import RedisServer

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("stopped")]


@pytest.fixture(params=["postgresql", "valkey", "mongodb"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings that name a store which is reached by a network."""
    common = {"secret": new_secret(), "origin": "http://127.0.0.1:8000"}
    if request.param == "postgresql":
        server: RunningPostgresql = request.getfixturevalue("postgresql")
        with server.database() as url:
            yield {**common, "database": url}
    elif request.param == "valkey":
        valkey: RedisServer = request.getfixturevalue("valkey")
        yield {**common, "database": f"sqlite:///{tmp_path}/app.db", "sessions": valkey.url}
    else:
        emulator: RunningEmulator = request.getfixturevalue("emulator")
        yield {**common, "database": emulator.new_url()}


def said(process: "subprocess.Popen[str]") -> str:
    """The next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def process_of(command: list[str]) -> "subprocess.Popen[str]":
    """A process to talk to. Not asyncio's own, which is read in tasks: signals have to meet it at known moments."""
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_memory_that_is_older_than_the_lease_admits_nobody(places: dict[str, str]) -> None:
    """The question was there before the process went on, and was answered before it heard any news."""
    settings: dict[str, Any] = {**places}
    auth = Auth(**settings)
    services = await auth.open()
    now = time.time()  # noqa: TID251  as Auth has it
    user = await services.accounts.sign_in(a_profile(), now=now)
    issued = await services.sessions.start(user, amr=("pwd",), now=now)
    command = [sys.executable, str(Path(__file__).with_name("stopped_process.py")), issued.token]
    command += [f"{name}={value}" for name, value in places.items()]
    with process_of(command) as process:
        assert process.stdin is not None
        assert await asyncio.to_thread(said, process) == "ready"
        process.stdin.write("?\n")
        process.stdin.flush()
        assert await asyncio.to_thread(said, process) == "yes"
        process.send_signal(signal.SIGSTOP)
        try:
            assert await services.sessions.end(issued.session.id, reason=EndReason.ADMIN, now=now)
            process.stdin.write("?\n")
            process.stdin.flush()
            await asyncio.sleep(LEASE + 0.2)
        finally:
            process.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(said, process) == "no"
        process.stdin.close()
        assert await asyncio.to_thread(process.wait, 20) == 0
    await auth.close()
