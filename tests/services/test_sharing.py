"""Less memory for answers that are kept: what is equal is one object."""

from dataclasses import MISSING, fields, replace

from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.models import EndReason, Generations, Session, User
from handstamp.services.sharing import MAX_KNOWN, Sharing
from handstamp.testing import NOW, a_session

AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


def other(value: str) -> str:
    """An equal text that is another object."""
    return "".join(list(value))


def as_loaded() -> tuple[User, Session]:
    """A user and a session whose values are all objects of their own, as those of a row."""
    now = repr(NOW + 0.5)
    session = a_session(
        user_id=other("user"),
        created_at=float(now),
        last_used_at=float(now),
        authenticated_at=float(now),
        idle_timeout=float("86400"),
        generations=Generations(issued_at=float(now), confirmed_at=float(now)),
        amr=(other("pwd"), "otp"),
        user_agent=other(AGENT),
    )
    return User(id=other("user"), created_at=float(now), roles=frozenset(["analyst"])), session


def test_every_field_stays_as_it_was() -> None:
    """Those that have a default too: none of them has it here."""
    user, session = as_loaded()
    user = replace(user, email="ada@example.org", email_verified=True, name="Ada", disabled_at=NOW)
    session = replace(
        session,
        persistent=True,
        aal=2,
        address="192.0.2.1",
        ended_at=NOW,
        end_reason=EndReason.ADMIN,
        generations=Generations(
            issued=3, confirmed=2, issued_at=NOW + 2, confirmed_at=NOW + 1, superseded=((1, NOW + 1),)
        ),
    )
    for whole in (session, session.generations):
        for field in fields(whole):
            assert field.default is MISSING or getattr(whole, field.name) != field.default
    principal = Sharing().principal(user, session)
    assert (principal.user, principal.session) == (user, session)


def test_equal_times_of_a_session_are_one_object() -> None:
    """A session that nobody has used again has one time in five places."""
    session = Sharing().principal(*as_loaded()).session
    times = (session.last_used_at, session.authenticated_at, *_times(session.generations))
    assert all(time is session.created_at for time in times)


def test_a_superseded_generation_has_the_time_of_its_confirmation() -> None:
    """They are one time in two places, after each rotation."""
    user, session = as_loaded()
    later = repr(NOW + 60)
    rotated = Generations(
        issued=2, confirmed=2, issued_at=NOW, confirmed_at=float(later), superseded=((1, float(later)),)
    )
    generations = Sharing().principal(user, replace(session, generations=rotated)).session.generations
    assert generations.superseded[0][1] is generations.confirmed_at


def test_the_session_has_the_id_of_its_user() -> None:
    """One object; where a store gave another user, each keeps the id that it came with."""
    user, session = as_loaded()
    principal = Sharing().principal(user, session)
    assert principal.session.user_id is principal.user.id
    principal = Sharing().principal(replace(user, id="another"), session)
    assert (principal.user.id, principal.session.user_id) == ("another", "user")


def test_what_many_sessions_have_is_one_object() -> None:
    """User agent, methods, roles and the time until idle."""
    sharing = Sharing()
    one, another = sharing.principal(*as_loaded()), sharing.principal(*as_loaded())
    assert one.session is not another.session
    assert one.session.user_agent is another.session.user_agent
    assert one.session.amr is another.session.amr
    assert one.session.idle_timeout is another.session.idle_timeout
    assert one.user.roles is another.user.roles


def test_what_is_known_is_bounded() -> None:
    """However many user agents strangers make up; those that people have are shared again after that."""
    sharing = Sharing()
    user, session = as_loaded()
    for number in range(3 * MAX_KNOWN):
        sharing.principal(user, replace(session, user_agent=f"agent {number}"))
        assert len(sharing) <= MAX_KNOWN + 3  # and one each of methods, roles and timeouts
    one, another = sharing.principal(*as_loaded()), sharing.principal(*as_loaded())
    assert one.session.user_agent is another.session.user_agent


@given(agents=st.lists(st.none() | st.text(max_size=3)))
def test_nobody_has_the_user_agent_of_another(agents: list[str | None]) -> None:
    """Whatever was known before."""
    sharing = Sharing()
    user, session = as_loaded()
    for agent in agents:
        given = replace(session, user_agent=agent)
        assert sharing.principal(user, given).session == given


def _times(generations: Generations) -> tuple[float, float]:
    return generations.issued_at, generations.confirmed_at
