"""Hooks: told once of what has happened, and unable to undo it."""

import asyncio

import pytest

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import AuditEvent
from handstamp.services import events as module
from handstamp.services.audit import Audit
from handstamp.services.events import Events
from handstamp.testing import NOW
from world import AdverseStore


def event(name: str, **detail: str) -> AuditEvent:
    """An event."""
    return AuditEvent(id="id", at=NOW, event=name, user_id="user", detail=detail)


async def test_hooks_are_told_of_what_is_recorded_once() -> None:
    """Sync and async ones, by the one place that records."""
    events, told = Events(), list[str]()

    @events.on("signed_in")
    async def waits(event: AuditEvent) -> None:
        await asyncio.sleep(0)
        told.append(f"async {event.user_id}")

    events.on("signed_in")(lambda event: told.append(f"sync {event.user_id}"))
    await Audit(AdverseStore(), events).record("signed_in", now=NOW, user_id="user")
    assert told == []
    await events.settle()
    assert told == ["async user", "sync user"]
    assert waits is not None


@pytest.mark.parametrize(
    ("recorded", "name"),
    [
        (event("session_ended", reason="signed_out"), "signed_out"),
        (event("second_factor_added"), "factor_added"),
        (event("second_factor_removed"), "factor_removed"),
    ],
)
async def test_what_the_trail_calls_otherwise_has_its_public_name(recorded: AuditEvent, name: str) -> None:
    """A session ended for another reason is no sign-out."""
    events, told = Events(), list[AuditEvent]()
    events.on(name)(told.append)
    events.tell(recorded)
    events.tell(event("session_ended", reason="expired"))
    await events.settle()
    assert told == [recorded]


async def test_a_hook_that_fails_is_logged_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """Nor does it undo anything."""
    events, told = Events(), list[AuditEvent]()

    @events.on("signed_up")
    def fails(event: AuditEvent) -> None:
        raise RuntimeError(event.event)

    events.on("signed_up")(told.append)
    events.tell(event("signed_up"))
    await events.settle()
    assert len(told) == 1
    assert "a hook failed after signed_up" in caplog.text
    assert fails is not None


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Further events are dropped with a warning."""
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    events, told = Events(), list[AuditEvent]()
    events.on("signed_in")(told.append)
    for _ in range(5):
        events.tell(event("signed_in"))
    await events.settle()
    assert len(told) == 2
    assert "hooks are too slow" in caplog.text


async def test_a_hook_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """After the time that hooks have; and closing waits for none."""
    events = Events()
    events.on("signed_in")(lambda _: asyncio.Event().wait())
    monkeypatch.setattr(module, "MAX_SECONDS", 0)
    events.tell(event("signed_in"))
    await events.settle()
    assert "a hook failed" in caplog.text
    monkeypatch.setattr(module, "MAX_SECONDS", 30)
    events.tell(event("signed_in"))
    await asyncio.sleep(0)
    await events.close()
    await events.close()


def test_a_name_that_is_none_is_refused() -> None:
    """When the hook is registered, not never."""
    with pytest.raises(ConfigurationError, match="there is no event 'signedin'"):
        Events().on("signedin")


def test_each_loop_in_turn_tells() -> None:
    """What was to be told in a loop that is closed does not keep the next from telling."""
    events, told = Events(), list[AuditEvent]()
    events.on("signed_in")(told.append)

    async def tell() -> None:
        events.tell(event("signed_in"))

    async def tell_and_wait() -> None:
        events.tell(event("signed_in"))
        await events.settle()

    asyncio.run(tell())
    asyncio.run(tell_and_wait())
    assert len(told) == 2
