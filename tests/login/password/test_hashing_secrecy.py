"""Passwords are in no log, no repr and no error, whatever goes wrong."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from functools import partial

import pytest

from handstamp.core.errors import Busy, InvalidHash
from handstamp.core.policy import HashingPolicy, PasswordPolicy
from handstamp.login.password import argon2id
from handstamp.login.password.hashing import Hasher, check_importable
from handstamp.login.password.policy import PasswordRules
from handstamp.login.password.worker import Worker
from login.password.samples import CHEAP, IMPORTED

CANARY = "kanarienvogel-0815"


def out_of_memory(password: str, *_: object) -> bytes:
    """As when the machine has no room."""
    raise MemoryError("Memory allocation error")


FAULTS: dict[str, Callable[[], object]] = {
    "not hashable": lambda: Hasher(CHEAP).hash(CANARY + "\ud800"),
    "not hashable, too long": lambda: Hasher(CHEAP).hash(CANARY * 1000),
    "given as a hash": lambda: check_importable(CANARY),
    "given as a bcrypt hash": lambda: check_importable(f"$2b$12${CANARY}"),
    "given as an Argon2 hash": lambda: check_importable(f"$argon2id$v=19$m=64,t=1,p=1${CANARY}$"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_error_shows_a_password(fault: Callable[[], object]) -> None:
    """Neither its text nor its causes, nor what hangs on them."""
    with pytest.raises((ValueError, InvalidHash)) as raised:
        fault()
    error: BaseException | None = raised.value
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    while error is not None:
        assert CANARY not in repr(vars(error)) + repr(error.args) + repr(error)
        error = error.__cause__ or error.__context__


async def test_a_machine_out_of_memory_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of the library comes through, without what it was about."""
    monkeypatch.setattr(argon2id, "derive", out_of_memory)
    worker, hasher = Worker(HashingPolicy(at_once=1)), Hasher(CHEAP)
    with pytest.raises(MemoryError) as raised:
        await worker.run(lambda: hasher.verify(None, CANARY))
    worker.close()
    assert CANARY not in "".join(traceback.format_exception(raised.value))


async def test_no_log_shows_a_password(caplog: pytest.LogCaptureFixture) -> None:
    """Not at the finest level, with the event loop telling of all that is slow."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0
    worker, hasher = Worker(HashingPolicy(at_once=1, waiting=1)), Hasher(CHEAP)
    rules = PasswordRules(PasswordPolicy(), application="handstamp")
    try:
        with caplog.at_level(logging.DEBUG):
            rules.faults(CANARY, alone=True, about=[CANARY])
            kept = await worker.run(lambda: hasher.hash(CANARY))
            for one in (kept, None, CANARY, *IMPORTED.values()):
                await worker.run(partial(hasher.verify, one, CANARY))
            tasks = [asyncio.create_task(worker.run(lambda: hasher.verify(None, CANARY))) for _ in range(9)]
            shown = repr(tasks)
            refused = [one for one in await asyncio.gather(*tasks, return_exceptions=True) if isinstance(one, Busy)]
    finally:
        loop.set_debug(False)
        worker.close()
    assert refused
    assert CANARY not in caplog.text + shown + repr(refused) + repr(hasher) + repr(worker) + repr(rules)
    assert kept not in caplog.text
