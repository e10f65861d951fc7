"""Documents and what they mean.

A session is one document with its id for ``_id``, a user too, with the roles in an array. The ``_id`` of an identity
is its issuer and subject, so that there cannot be two.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from bson.datetime_ms import DatetimeMS

from handstamp.core.models import (
    AuditEvent,
    Credential,
    CredentialKind,
    EndReason,
    Generations,
    Identity,
    Profile,
    SealedTokens,
    Session,
    User,
)
from handstamp.core.text import lower_ascii
from handstamp.stores.mongodb.shape import Document

TOKENS: Final = "tokens"

_END_REASONS: Final = {reason.value: reason for reason in EndReason}


def expiry(expires_at: float) -> Document:
    """When something expires: exactly, and as the date by which the server removes it in the end."""
    return {"expires_at": expires_at, "expires_on": DatetimeMS(int(expires_at * 1000))}


def generation_fields(generations: Generations) -> Document:
    """The fields of a session that a swap compares or writes."""
    return {
        "generation": generations.issued,
        "confirmed_generation": generations.confirmed,
        "issued_at": generations.issued_at,
        "confirmed_at": generations.confirmed_at,
        "superseded": [list(entry) for entry in generations.superseded],
    }


def session_document(session: Session) -> Document:
    """A session as it is stored."""
    return {
        "_id": session.id,
        "user_id": session.user_id,
        "created_at": session.created_at,
        **expiry(session.expires_at),
        "last_used_at": session.last_used_at,
        "idle_timeout": session.idle_timeout,
        "persistent": session.persistent,
        **generation_fields(session.generations),
        "amr": list(session.amr),
        "aal": session.aal,
        "authenticated_at": session.authenticated_at,
        "user_agent": session.user_agent,
        "address": session.address,
        "ended_at": session.ended_at,
        "end_reason": session.end_reason and session.end_reason.value,
    }


def session_from(document: Document) -> Session:
    """The session of a document. A reason that was written by hand may be ``unknown``."""
    ended_at, end_reason = document.get("ended_at"), document.get("end_reason")
    return Session(
        id=document["_id"],
        user_id=document["user_id"],
        created_at=document["created_at"],
        expires_at=_time_from(document["expires_at"]),
        last_used_at=_time_from(document["last_used_at"]),
        idle_timeout=document["idle_timeout"],
        persistent=document["persistent"],
        generations=Generations(
            issued=document["generation"],
            confirmed=document["confirmed_generation"],
            issued_at=document["issued_at"],
            confirmed_at=document["confirmed_at"],
            superseded=tuple((generation, at) for generation, at in document["superseded"]),
        ),
        amr=_amr_from(tuple(document["amr"])),
        aal=document["aal"],
        authenticated_at=document["authenticated_at"],
        user_agent=document["user_agent"],
        address=document["address"],
        ended_at=None if ended_at is None else _time_from(ended_at),
        end_reason=None if end_reason is None else _END_REASONS.get(end_reason, EndReason.UNKNOWN),
    )


def user_document(user: User) -> Document:
    """A user as it is stored."""
    return {
        "_id": user.id,
        "created_at": user.created_at,
        **email_fields(user.email, verified=user.email_verified),
        "name": user.name,
        "username": user.username,
        "username_lower": None if user.username is None else lower_ascii(user.username),
        "picture": user.picture,
        "roles": sorted(user.roles),
        "disabled_at": user.disabled_at,
    }


def email_fields(email: str | None, *, verified: bool) -> Document:
    """The fields of a user that change with the e-mail address."""
    return {
        "email": email,
        "email_lower": None if email is None else lower_ascii(email),
        "email_verified": verified,
    }


def user_from(document: Document) -> User:
    """The user of a document."""
    return User(
        id=document["_id"],
        created_at=document["created_at"],
        email=document["email"],
        email_verified=document["email_verified"],
        name=document["name"],
        username=document["username"],
        picture=document["picture"],
        roles=_roles_from(frozenset(document.get("roles") or ())),
        disabled_at=document.get("disabled_at"),
    )


def said_by(profile: Profile) -> Document:
    """What a profile says that is not None; the address and its flag go together."""
    said: Document = {
        field: value for field in ("name", "username", "picture") if (value := getattr(profile, field)) is not None
    }
    if profile.username is not None:
        said["username_lower"] = lower_ascii(profile.username)
    if profile.email is not None:
        said |= email_fields(profile.email, verified=profile.email_verified)
    return said


def identity_id(issuer: str, subject: str) -> Document:
    """The ``_id`` of an identity. The order of its fields counts."""
    return {"issuer": issuer, "subject": subject}


def identity_from(document: Document) -> Identity:
    """The identity of a document."""
    return Identity(
        issuer=document["_id"]["issuer"],
        subject=document["_id"]["subject"],
        user_id=document["user_id"],
        created_at=document["created_at"],
        last_used_at=document["last_used_at"],
    )


def tokens_fields(tokens: SealedTokens) -> Document:
    """The field of an identity that its tokens are in."""
    return {
        TOKENS: {
            "sealed": tokens.sealed,
            "kept_at": tokens.kept_at,
            "must_sign_in_again": tokens.must_sign_in_again,
            "version": tokens.version,
        }
    }


def tokens_from(document: Document | None) -> SealedTokens | None:
    """The tokens of an identity, or None where none are kept."""
    if document is None or TOKENS not in document:
        return None
    key = document["_id"]
    return SealedTokens(issuer=key["issuer"], subject=key["subject"], **document[TOKENS])


def credential_document(credential: Credential) -> Document:
    """A credential as it is stored."""
    lookup = credential.lookup
    return {
        "_id": credential.id,
        "user_id": credential.user_id,
        "kind": credential.kind.value,
        "lookup": lookup,
        "found_by": f":{credential.id}" if lookup is None else found_by(credential.kind, lookup),
        "created_at": credential.created_at,
        **swapped_fields(credential),
        "version": credential.version,
    }


def found_by(kind: CredentialKind, lookup: str) -> str:
    """The field by which there is one credential of a kind and lookup.

    One without a lookup has its id there, without a kind: an index that left it out would not be taken by each query.
    """
    return f"{kind.value}:{lookup}"


def swapped_fields(credential: Credential) -> Document:
    """The fields of a credential that a swap writes."""
    return {
        "secret": credential.secret,
        "name": credential.name,
        "confirmed_at": credential.confirmed_at,
        "last_used_at": credential.last_used_at,
        "counter": credential.counter,
        "data": dict(credential.data),
    }


def credential_from(document: Document) -> Credential:
    """The credential of a document."""
    return Credential(
        id=document["_id"],
        user_id=document["user_id"],
        kind=CredentialKind(document["kind"]),
        lookup=document["lookup"],
        secret=document["secret"],
        name=document["name"],
        created_at=document["created_at"],
        confirmed_at=document["confirmed_at"],
        last_used_at=document["last_used_at"],
        counter=document["counter"],
        data=document["data"],
        version=document["version"],
    )


def event_document(event: AuditEvent) -> Document:
    """An audit event as it is stored."""
    return {
        "_id": event.id,
        "at": event.at,
        "event": event.event,
        "user_id": event.user_id,
        "session_id": event.session_id,
        "address": event.address,
        "detail": dict(event.detail),
    }


def event_from(document: Document) -> AuditEvent:
    """The event of a document."""
    fields = {name: value for name, value in document.items() if name != "_id"}
    return AuditEvent(id=document["_id"], **fields)


@lru_cache(maxsize=256)
def _roles_from(roles: frozenset[str]) -> frozenset[str]:
    """Few combinations of roles exist. A set of its own, be it empty, is 216 bytes of every session in memory."""
    return roles


@lru_cache(maxsize=256)
def _amr_from(methods: Iterable[str]) -> tuple[str, ...]:
    """Few combinations of methods exist, so that each is kept once."""
    return tuple(methods)


def _time_from(value: Any) -> float:
    """Seconds since the epoch. What is no number, as a date that was written by hand, is long ago: so it ends."""
    return float(value) if isinstance(value, (int, float)) else 0.0
