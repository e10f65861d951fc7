"""Less memory for answers that are kept: what equals something that is there already is that same object.

A store gives each session objects of its own: equal times as several numbers, its user's id once more, and the user
agent of a browser that thousands have.
"""

from collections.abc import Hashable
from dataclasses import replace
from typing import Final, TypeVar

from handstamp.core.models import Generations, Principal, Session, User

MAX_KNOWN: Final = 1_000
"""Values of a kind, at most."""

_Value = TypeVar("_Value", bound=Hashable)


class Sharing:
    """Knows a bounded number of values that many sessions have. What it gives back equals what it was given.

    A user agent is whatever a stranger sends, so none is known for ever, as ``sys.intern`` would know it. Whoever
    sends ever new ones makes it forget the others; each of those is one object again from the next session on.
    """

    __slots__ = ("_agents", "_methods", "_roles", "_timeouts")

    def __init__(self) -> None:
        self._agents: dict[str | None, str | None] = {}
        self._methods: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._roles: dict[frozenset[str], frozenset[str]] = {}
        self._timeouts: dict[float, float] = {}

    def principal(self, user: User, session: Session) -> Principal:
        """The principal of a session and its user, made of as few objects as can be."""
        times: dict[float, float] = {}
        roles = _once(user.roles, self._roles)
        return Principal(
            user=user if roles is user.roles else replace(user, roles=roles),
            session=Session(  # by their names: ``replace`` takes longer, at each first sight of a token
                id=session.id,
                user_id=user.id if user.id == session.user_id else session.user_id,
                created_at=_once(session.created_at, times),
                expires_at=session.expires_at,
                last_used_at=_once(session.last_used_at, times),
                idle_timeout=_once(session.idle_timeout, self._timeouts),
                persistent=session.persistent,
                generations=_generations(session.generations, times),
                amr=_once(session.amr, self._methods),
                aal=session.aal,
                authenticated_at=_once(session.authenticated_at, times),
                user_agent=_once(session.user_agent, self._agents),
                address=session.address,
                ended_at=session.ended_at,
                end_reason=session.end_reason,
            ),
        )

    def __len__(self) -> int:
        return sum(len(known) for known in (self._agents, self._methods, self._roles, self._timeouts))


def _generations(generations: Generations, times: dict[float, float]) -> Generations:
    superseded = generations.superseded
    return Generations(
        issued=generations.issued,
        confirmed=generations.confirmed,
        issued_at=_once(generations.issued_at, times),
        confirmed_at=_once(generations.confirmed_at, times),
        superseded=superseded and tuple((generation, _once(at, times)) for generation, at in superseded),
    )


def _once(value: _Value, known: dict[_Value, _Value]) -> _Value:
    if len(known) >= MAX_KNOWN and value not in known:
        known.clear()
    return known.setdefault(value, value)
