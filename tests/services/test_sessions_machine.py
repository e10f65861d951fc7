"""Whatever browsers, thieves, clocks, networks and slow handlers do to a session."""

from collections.abc import Sequence

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from handstamp.core.protocols import Store
from handstamp.stores.memory import MemoryStore
from session_machine import session_machine


async def opened() -> Sequence[Store]:
    """One store, which both processes share."""
    return (MemoryStore(),) * 2


def test_an_honest_browser_stays_signed_in_and_an_ended_session_stays_ended() -> None:
    """The promises of rotation, replay detection and the cache, over the memory store (N1, N4, SES-01, SES-05)."""
    run_state_machine_as_test(session_machine(opened), settings=settings(stateful_step_count=60))
