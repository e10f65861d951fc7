"""A process that is killed while the server takes its mail: another process sends it."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

import mail_process
from handmade import SECRET
from handstamp.auth import Auth
from handstamp.services.outbox import LEASE
from handstamp.testing import NOW
from parts.ports import free_port
from web_world import HandClock

pytestmark = pytest.mark.network

PATIENCE = 20.0


class Sink:
    """Lets the first mail hang, and takes the next."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.taken: list[Envelope] = []
        self.hanging = asyncio.Event()
        self._loop = loop
        self._came = 0

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Never answer the first."""
        self._came += 1
        if self._came == 1:
            self._loop.call_soon_threadsafe(self.hanging.set)
            await asyncio.Event().wait()
        self.taken.append(envelope)
        return "250 taken"


async def test_a_mail_outlives_the_process_that_was_sending_it(tmp_path: Path) -> None:
    """When its lease is over, and once."""
    sink = Sink(asyncio.get_running_loop())
    server = Controller(sink, hostname="127.0.0.1", port=free_port())
    server.start()
    database, url = f"sqlite:///{tmp_path / 'app.db'}", f"smtp://127.0.0.1:{server.port}"
    try:
        command = (sys.executable, mail_process.__file__, database, url, SECRET)
        process = await asyncio.create_subprocess_exec(*command)
        async with asyncio.timeout(PATIENCE):
            await sink.hanging.wait()
        process.kill()
        await process.wait()
        clock = HandClock(NOW + LEASE - 1)
        other = Auth(database, mail_url=url, secret=SECRET, origin="http://localhost:8000", clock=clock)
        await other.open()
        outbox = other._outbox
        assert outbox is not None
        assert await outbox.send_due() == 0
        clock.now += 1
        assert await outbox.send_due() == 1
        assert await outbox.send_due() == 0
        await other.close()
    finally:
        server.stop()
    (mail,) = sink.taken
    assert mail.rcpt_tos == ["ada@example.org"]
    assert isinstance(mail.content, bytes)
    assert b"The password of your account at" in mail.content
