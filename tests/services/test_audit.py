"""The audit trail, in the store and in the log."""

import json
import logging
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handstamp.core.errors import SessionEnded
from handstamp.core.models import EndReason
from handstamp.services.audit import LINES_A_SECOND, Audit, log_only
from handstamp.testing import NOW
from world import AdverseStore, World


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that is logged."""
    caplog.set_level(logging.DEBUG)
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of the audit log, read as JSON."""
    return [json.loads(record.getMessage()) for record in log.records if record.levelname == "INFO"]


async def test_an_event_is_stored_whole() -> None:
    """With everything that was said of it."""
    store = AdverseStore()
    await Audit(store).record(
        "session_started", now=NOW, user_id="user", session_id="session", address="192.0.2.1", amr="pwd"
    )
    (event,) = await store.list_events()
    assert (event.event, event.at, event.user_id, event.session_id) == ("session_started", NOW, "user", "session")
    assert (event.address, dict(event.detail)) == ("192.0.2.1", {"amr": "pwd"})


async def test_an_event_is_logged_as_one_line_of_json(log: pytest.LogCaptureFixture) -> None:
    """UTC time, event, user, address and detail (LOG-01)."""
    await Audit(AdverseStore()).record("login_failed", now=NOW, user_id="user", address="192.0.2.1", reason="denied")
    (line,) = lines(log)
    assert line.pop("id")
    assert line == {
        "at": "2027-01-15T08:00:00.000+00:00",
        "event": "login_failed",
        "user_id": "user",
        "address": "192.0.2.1",
        "detail": {"reason": "denied"},
    }


async def test_what_is_not_known_is_left_out(log: pytest.LogCaptureFixture) -> None:
    """No empty members, in the log or among the details."""
    store = AdverseStore()
    await Audit(store).record("login_failed", now=NOW, provider=None)
    assert set(lines(log)[0]) == {"id", "at", "event"}
    assert dict((await store.list_events())[0].detail) == {}


async def test_a_session_is_named_by_a_hash(log: pytest.LogCaptureFixture) -> None:
    """The log does not tell its id; the same session has the same hash, another one another (LOG-01)."""
    audit = Audit(AdverseStore())
    for session_id in ("session-one", "session-one", "session-two"):
        await audit.record("session_ended", now=NOW, session_id=session_id)
    one, again, two = [line["session"] for line in lines(log)]
    assert one == again != two
    assert len(one) == 12
    assert "session-one" not in log.text


@given(
    text=st.one_of(
        st.sampled_from(["a\r\nb", "\n{}", "\x1b[31m", "\u2028", "\x85", '"', "\0", "\ud800"]),
        st.text(st.characters(), max_size=40),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_control_characters_arrive_encoded(log: pytest.LogCaptureFixture, text: str) -> None:
    """A line stays one line of printable ASCII, and says exactly what came in (LOG-01, CWE-117)."""
    log.clear()
    await Audit(AdverseStore()).record("login_failed", now=NOW, address=text, reason=text)
    (message,) = [record.getMessage() for record in log.records if record.levelname == "INFO"]
    assert message.isascii()
    assert message.isprintable()
    line = json.loads(message)
    assert line["detail"]["reason"] == line["address"] == text


async def test_what_no_store_can_keep_is_replaced_in_the_trail() -> None:
    """NUL and lone surrogates; the log has them."""
    store = AdverseStore()
    await Audit(store).record("login_failed", now=NOW, address="\x00", reason="a\ud800\x1b")
    (event,) = await store.list_events()
    assert (event.address, event.detail["reason"]) == ("\ufffd", "a\ufffd\x1b")


async def test_details_are_cut() -> None:
    """At 500 characters each."""
    store = AdverseStore()
    await Audit(store).record("login_failed", now=NOW, reason="x" * 501)
    (event,) = await store.list_events()
    assert event.detail["reason"] == "x" * 500


async def test_an_event_that_cannot_be_stored_is_logged_with_a_warning(log: pytest.LogCaptureFixture) -> None:
    """And raises nothing."""
    store = AdverseStore()
    store.down.add("record_events")
    await Audit(store).record("session_ended", now=NOW)
    levels = [record.levelname for record in log.records if record.name == "handstamp.audit"]
    assert levels == ["INFO", "WARNING"]


async def test_what_cannot_be_stored_undoes_nothing() -> None:
    """A sign-in and a sign-out stand, though the trail of them is in the log only."""
    store = AdverseStore()
    world = World(store)
    store.down.add("record_events")
    issued = await world.signed_in()
    assert (await world[0].admit(issued.token.encode(), now=NOW)).settled
    assert await world[0].sessions.sign_out(issued.token.encode(), now=NOW)
    assert (await world.row(issued.session.id)).end_reason is EndReason.SIGNED_OUT


async def test_neither_store_nor_log_holds_a_token_or_session_id(log: pytest.LogCaptureFixture) -> None:
    """After a sign-in, rotations, a replay and an end (LOG-01, SES-12)."""
    world = World()
    issued = await world.signed_in(address="192.0.2.1", user_agent="Browser/1.0")
    tokens = await world.rotate(issued, 3)
    with pytest.raises(SessionEnded):
        await world[1].check.authenticate(tokens[0], now=NOW + 5000, address="198.51.100.7")
    other = await world.signed_in(presented=tokens[-1])
    await world[0].sessions.end_all(other.session.user_id, reason=EndReason.ADMIN, now=NOW)
    kept = repr(await world.store.list_events()) + log.text
    for token in (*tokens, other.token.encode()):
        assert token.decode() not in kept
        assert token.decode().rpartition(".")[2] not in kept
    assert issued.session.id not in log.text
    assert other.session.id not in log.text
    assert {"session_started", "session_replayed", "session_ended"} <= {line["event"] for line in lines(log)}


# what anybody can cause


async def test_a_flood_of_refusals_is_a_few_lines_a_second(log: pytest.LogCaptureFixture) -> None:
    """Whoever sends rubbish cannot fill the disk; the next line says how many were left out (LOG-01)."""
    for number in range(1000):
        log_only("request_refused", now=NOW + number / 1000, address="192.0.2.1", code="invalid_token")
    assert len(lines(log)) == LINES_A_SECOND
    log_only("request_refused", now=NOW + 1, address="192.0.2.1", code="invalid_token")
    log_only("request_refused", now=NOW + 1, address="192.0.2.1", code="invalid_token")
    told, after = lines(log)[-2:]
    assert told["detail"] == {"code": "invalid_token", "left_out": str(1000 - LINES_A_SECOND)}
    assert after["detail"] == {"code": "invalid_token"}


async def test_a_flood_of_one_event_hides_no_other(log: pytest.LogCaptureFixture) -> None:
    """Each has lines of its own, and what goes to the trail is never left out."""
    for _ in range(2 * LINES_A_SECOND):
        log_only("request_refused", now=NOW, address=None)
    log_only("sign_in_failed", now=NOW, address=None)
    for _ in range(2 * LINES_A_SECOND):
        await Audit(AdverseStore()).record("session_replayed", now=NOW)
    events = Counter(line["event"] for line in lines(log))
    assert events == {
        "request_refused": LINES_A_SECOND,
        "sign_in_failed": 1,
        "session_replayed": 2 * LINES_A_SECOND,
    }


async def test_a_clock_that_is_set_back_silences_nothing(log: pytest.LogCaptureFixture) -> None:
    """The second in which it is then is a new one."""
    for now in (NOW, NOW - 3600):
        for _ in range(2 * LINES_A_SECOND):
            log_only("request_refused", now=now, address=None)
    assert len(lines(log)) == 2 * LINES_A_SECOND


async def test_nothing_is_counted_where_nothing_is_logged(log: pytest.LogCaptureFixture) -> None:
    """A log that is turned on later says nothing of what it never was to say."""
    log.set_level(logging.WARNING)
    for _ in range(2 * LINES_A_SECOND):
        log_only("request_refused", now=NOW, address=None)
    log.set_level(logging.INFO)
    log_only("request_refused", now=NOW, address=None, code="invalid_token")
    assert [line["detail"] for line in lines(log)] == [{"code": "invalid_token"}]
