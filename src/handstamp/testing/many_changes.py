"""Hundreds of changes, of each kind that there is.

In a stage no session and no user is changed twice. Whoever is told of a change forgets all about the session or user,
so where one changes twice and one of both is lost, nobody notices.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from handstamp.core.ids import new_id
from handstamp.core.models import EndReason, Profile, Session, User
from handstamp.core.protocols import SessionBackend, SessionStore, Store, UserStore
from handstamp.testing.hearing import Call, Stage
from handstamp.testing.samples import LATER, NOW, a_profile, a_session, a_user
from handstamp.testing.steps import advanced

_OF_EACH: Final = 40
"""How many changes of each kind."""

_ROLE: Final = frozenset({"admin"})
_LONG_AGO: Final = 1.0
"""A store that keeps changes for a while counts from the time of a purge. By this time all of them are new."""

_REMOVED_AT_ONCE: Final = 100


def many_changes_of_sessions() -> Sequence[Stage[SessionBackend]]:
    """240 sessions start; then each is ended, rotated, replaced or removed, or all of its user are ended."""
    old: list[Session] = []
    new: list[Session] = []
    changes: list[Call[SessionBackend]] = [_purge]
    for _ in range(_OF_EACH):
        ended, rotated, replaced, swept = (a_session() for _ in range(4))
        swept_too = a_session(user_id=swept.user_id)
        old += (ended, rotated, replaced, swept, swept_too, a_session(expires_at=_LONG_AGO))
        new.append(a_session(user_id=replaced.user_id))
        changes += (
            partial(_end, ended.id),
            partial(_rotate, rotated),
            partial(_start, new[-1], replaces=replaced.id),
            partial(_end_all, swept.user_id),
        )
    return (
        Stage([partial(_start, one) for one in old], sessions=frozenset(one.id for one in old)),
        Stage(changes, sessions=frozenset(one.id for one in (*old, *new))),
    )


def many_changes_of_users() -> Sequence[Stage[Store]]:
    """360 users are made; 80 of them are disabled or get a role; then each is changed in some way."""
    made: list[Call[Store]] = []
    prepared: list[Call[Store]] = []
    changes: list[Call[Store]] = []
    users: set[str] = set()
    half_prepared: set[str] = set()
    for _ in range(_OF_EACH):
        profiles = [a_profile() for _ in range(6)]
        renamed, disabled, enabled, given, taken, deleted = ids = [new_id(NOW) for _ in profiles]
        readdressed, claiming, squatting = others = [a_user(email=f"{new_id(NOW)}@example.org") for _ in range(3)]
        users.update(ids, (user.id for user in others))
        half_prepared.update((enabled, taken))
        made += (partial(_sign_in, profile, user_id) for profile, user_id in zip(profiles, ids, strict=True))
        made += (partial(_add, user) for user in others)
        prepared += (partial(_disable, enabled), partial(_give, taken))
        changes += (
            partial(_sign_in, replace(profiles[0], name="Countess"), renamed),
            partial(_disable, disabled),
            partial(_enable, enabled),
            partial(_give, given),
            partial(_take, taken),
            partial(_delete, deleted),
            partial(_set_email, readdressed.id),
            partial(_claim, claiming.id, f"{squatting.email}"),
        )
    return (
        Stage(made, users=frozenset(users)),
        Stage(prepared, users=frozenset(half_prepared)),
        Stage(changes, users=frozenset(users)),
    )


async def _start(session: Session, store: SessionStore, *, replaces: str | None = None) -> None:
    await store.start_session(session, replaces=replaces, now=NOW)


async def _end(session_id: str, store: SessionStore) -> None:
    await store.end_session(session_id, reason=EndReason.SIGNED_OUT, now=LATER)


async def _end_all(user_id: str, store: SessionStore) -> None:
    await store.end_sessions(user_id, reason=EndReason.ADMIN, now=LATER)


async def _rotate(session: Session, store: SessionStore) -> None:
    await store.swap_generations(session.id, seen=session.generations, becomes=advanced(session), now=LATER)


async def _purge(store: SessionStore) -> None:
    while await store.purge_sessions(now=_LONG_AGO, limit=_REMOVED_AT_ONCE):
        pass


async def _sign_in(profile: Profile, user_id: str, store: UserStore) -> None:
    await store.upsert_identity(profile, user_id=user_id, now=NOW)


async def _add(user: User, store: UserStore) -> None:
    await store.add_user(user)


async def _set_email(user_id: str, store: UserStore) -> None:
    await store.set_email(user_id, None)


async def _claim(user_id: str, email: str, store: UserStore) -> None:
    await store.claim_email(user_id, email, now=LATER)


async def _disable(user_id: str, store: UserStore) -> None:
    await store.disable_user(user_id, now=LATER)


async def _enable(user_id: str, store: UserStore) -> None:
    await store.enable_user(user_id)


async def _give(user_id: str, store: UserStore) -> None:
    await store.change_roles(user_id, add=_ROLE)


async def _take(user_id: str, store: UserStore) -> None:
    await store.change_roles(user_id, remove=_ROLE)


async def _delete(user_id: str, store: UserStore) -> None:
    await store.delete_user(user_id)
