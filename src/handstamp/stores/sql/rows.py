"""Rows and what they mean: each function here reads or writes the columns of one table, in their order."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from handstamp.core.models import (
    AuditEvent,
    Credential,
    CredentialKind,
    EndReason,
    Generations,
    Identity,
    SealedTokens,
    Session,
    User,
)

Row = Sequence[Any]
Values = dict[str, Any]

_END_REASONS = {reason.value: reason for reason in EndReason}


def generation_values(generations: Generations) -> Values:
    """The columns of ``sessions`` that a swap compares or writes."""
    return {
        "generation": generations.issued,
        "confirmed_generation": generations.confirmed,
        "issued_at": generations.issued_at,
        "confirmed_at": generations.confirmed_at,
        "superseded": json.dumps(generations.superseded),
    }


def session_values(session: Session) -> Values:
    """All columns of ``sessions``."""
    return {
        "id": session.id,
        "user_id": session.user_id,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "last_used_at": session.last_used_at,
        "idle_timeout": session.idle_timeout,
        "persistent": session.persistent,
        **generation_values(session.generations),
        "amr": json.dumps(session.amr),
        "aal": session.aal,
        "authenticated_at": session.authenticated_at,
        "user_agent": session.user_agent,
        "address": session.address,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason and session.end_reason.value,
    }


def session_from(row: Row) -> Session:
    """The session of a row of ``sessions``. A reason that was written by hand may be ``unknown``."""
    return Session(
        id=row[0],
        user_id=row[1],
        created_at=row[2],
        expires_at=_time_from(row[3]),
        last_used_at=_time_from(row[4]),
        idle_timeout=row[5],
        persistent=bool(row[6]),
        generations=Generations(
            issued=row[7],
            confirmed=row[8],
            issued_at=row[9],
            confirmed_at=row[10],
            superseded=_superseded_from(row[11]),
        ),
        amr=_amr_from(row[12]),
        aal=row[13],
        authenticated_at=row[14],
        user_agent=row[15],
        address=row[16],
        ended_at=None if row[17] is None else _time_from(row[17]),
        end_reason=None if row[18] is None else _END_REASONS.get(row[18], EndReason.UNKNOWN),
    )


def user_values(user: User) -> Values:
    """All columns of ``users``; the roles are rows of ``user_roles``."""
    return {
        "id": user.id,
        "created_at": user.created_at,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.name,
        "username": user.username,
        "picture": user.picture,
        "disabled_at": user.disabled_at,
    }


def user_from(row: Row, roles: Iterable[str]) -> User:
    """The user of a row of ``users``, with the roles of ``user_roles``."""
    return User(
        id=row[0],
        created_at=row[1],
        email=row[2],
        email_verified=bool(row[3]),
        name=row[4],
        username=row[5],
        picture=row[6],
        disabled_at=row[7],
        roles=_roles_from(tuple(roles)),
    )


def identity_from(row: Row) -> Identity:
    """The identity of a row of ``identities``, without its tokens."""
    issuer, subject, user_id, created_at, last_used_at = row
    return Identity(issuer=issuer, subject=subject, user_id=user_id, created_at=created_at, last_used_at=last_used_at)


def tokens_values(tokens: SealedTokens) -> Values:
    """The columns of ``identities`` that its tokens have."""
    return {
        "tokens": tokens.sealed,
        "tokens_kept_at": tokens.kept_at,
        "tokens_refused": tokens.must_sign_in_again,
        "tokens_version": tokens.version,
    }


NO_TOKENS: Final[Values] = dict.fromkeys(("tokens", "tokens_kept_at", "tokens_refused", "tokens_version"))
"""The same columns where none are kept."""


def tokens_from(row: Row) -> SealedTokens | None:
    """The tokens of a row of ``identities``, or None where none are kept."""
    issuer, subject, _, _, _, sealed, kept_at, refused, version = row
    if version is None:
        return None
    return SealedTokens(
        issuer=issuer,
        subject=subject,
        sealed=sealed,
        kept_at=kept_at,
        must_sign_in_again=bool(refused),
        version=version,
    )


def credential_values(credential: Credential) -> Values:
    """All columns of ``credentials``."""
    return {
        "id": credential.id,
        "user_id": credential.user_id,
        "kind": credential.kind.value,
        "lookup": credential.lookup,
        "created_at": credential.created_at,
        **swapped_values(credential),
        "version": credential.version,
    }


def swapped_values(credential: Credential) -> Values:
    """The columns of ``credentials`` that a swap writes."""
    return {
        "secret": credential.secret,
        "name": credential.name,
        "confirmed_at": credential.confirmed_at,
        "last_used_at": credential.last_used_at,
        "counter": credential.counter,
        "data": json.dumps(dict(credential.data)),
    }


def credential_from(row: Row) -> Credential:
    """The credential of a row of ``credentials``."""
    return Credential(
        id=row[0],
        user_id=row[1],
        kind=CredentialKind(row[2]),
        lookup=row[3],
        secret=row[4],
        name=row[5],
        created_at=row[6],
        confirmed_at=row[7],
        last_used_at=row[8],
        counter=row[9],
        data=json.loads(row[10]),
        version=row[11],
    )


def event_values(event: AuditEvent) -> Values:
    """All columns of ``audit_events``."""
    return {
        "id": event.id,
        "at": event.at,
        "event": event.event,
        "user_id": event.user_id,
        "session_id": event.session_id,
        "address": event.address,
        "detail": json.dumps(dict(event.detail)),
    }


def event_from(row: Row) -> AuditEvent:
    """The event of a row of ``audit_events``."""
    event_id, at, event, user_id, session_id, address, detail = row
    return AuditEvent(
        id=event_id,
        at=at,
        event=event,
        user_id=user_id,
        session_id=session_id,
        address=address,
        detail=json.loads(detail),
    )


def _superseded_from(text: str) -> tuple[tuple[int, float], ...]:
    if text == "[]":  # nearly always; a load of a session is on the path of a request
        return ()
    return tuple((generation, at) for generation, at in json.loads(text))


@lru_cache(maxsize=256)
def _roles_from(roles: tuple[str, ...]) -> frozenset[str]:
    """Few combinations of roles exist. A set of its own, be it empty, is 216 bytes of every session in memory."""
    return frozenset(roles)


@lru_cache(maxsize=256)
def _amr_from(text: str) -> tuple[str, ...]:
    """Few combinations of methods exist, so that they are parsed once."""
    return tuple(json.loads(text))


def _time_from(value: Any) -> float:
    """Seconds since the epoch. What is no number, as a date that was written by hand, is long ago: so it ends."""
    return float(value) if isinstance(value, (int, float)) else 0.0
