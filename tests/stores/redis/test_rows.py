"""Sessions as hashes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.models import EndReason, Generations, Session
from handstamp.stores.redis.rows import session_fields, session_from, session_of
from handstamp.testing import NOW, a_session

TIMES = st.floats(allow_nan=False, allow_infinity=False)
SESSION = a_session()

sessions = st.builds(
    Session,
    id=st.just("id"),
    user_id=st.text(),
    created_at=TIMES,
    expires_at=TIMES,
    last_used_at=TIMES,
    idle_timeout=TIMES,
    persistent=st.booleans(),
    generations=st.builds(
        Generations,
        issued=st.integers(),
        confirmed=st.integers(),
        issued_at=TIMES,
        confirmed_at=TIMES,
        superseded=st.lists(st.tuples(st.integers(), TIMES), max_size=3).map(tuple),
    ),
    amr=st.lists(st.text(), max_size=3).map(tuple),
    aal=st.integers(),
    authenticated_at=TIMES,
    user_agent=st.none() | st.text(),
    address=st.none() | st.text(),
    ended_at=st.none() | TIMES,
    end_reason=st.none() | st.sampled_from(EndReason),
)


@given(sessions)
def test_every_session_comes_back_as_it_was(session: Session) -> None:
    """Text is text, and times are exact to the last bit."""
    assert session_from(session.id, session_fields(session), None) == session


@given(TIMES)
def test_a_use_that_was_written_apart_counts(used: float) -> None:
    """It is newer than that of the hash."""
    found = session_from(SESSION.id, session_fields(SESSION), repr(used))
    assert found == replace(SESSION, last_used_at=used)


@pytest.mark.parametrize("field", sorted(session_fields(SESSION)))
@pytest.mark.parametrize("value", [None, "nonsense", "[1]", "[[1]]"])
def test_a_hash_that_is_not_whole_is_no_session(field: str, value: str | None) -> None:
    """One that was made or changed by hand lets nobody in, unless what was changed is a word in its right place."""
    fields = session_fields(SESSION)
    del fields[field]
    if value is not None:
        fields[field] = value
    found = session_from(SESSION.id, fields, None)
    words = {"user_id": "user_id", "persistent": "persistent", "amr": "amr"}
    assert found is None or (value is not None and field in words)


def test_a_reason_that_was_written_by_hand_may_be_unknown() -> None:
    """It ends the session all the same."""
    fields = session_fields(SESSION) | {"ended_at": "1", "end_reason": "because"}
    found = session_from(SESSION.id, fields, None)
    assert found is not None
    assert found.ended_because(NOW) is EndReason.UNKNOWN


def test_no_answer_is_no_session() -> None:
    """A script gives nothing for what is missing."""
    assert session_of("missing", None) is None
