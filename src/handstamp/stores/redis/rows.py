"""Sessions as hashes. Every value is text; times are the shortest decimal that gives the same float again."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from handstamp.core.models import EndReason, Generations, Session

_END_REASONS: Final = {reason.value: reason for reason in EndReason}


def generation_fields(generations: Generations) -> dict[str, str]:
    """The fields that a swap compares or writes."""
    return {
        "generation": str(generations.issued),
        "confirmed_generation": str(generations.confirmed),
        "issued_at": repr(generations.issued_at),
        "confirmed_at": repr(generations.confirmed_at),
        "superseded": json.dumps(generations.superseded),
    }


def session_fields(session: Session) -> dict[str, str]:
    """All fields of a session; what is None is left out."""
    fields = {
        "user_id": session.user_id,
        "created_at": repr(session.created_at),
        "expires_at": repr(session.expires_at),
        "last_used_at": repr(session.last_used_at),
        "idle_timeout": repr(session.idle_timeout),
        "persistent": str(int(session.persistent)),
        **generation_fields(session.generations),
        "amr": json.dumps(session.amr),
        "aal": str(session.aal),
        "authenticated_at": repr(session.authenticated_at),
    }
    may_be_none = {
        "user_agent": session.user_agent,
        "address": session.address,
        "ended_at": None if session.ended_at is None else repr(session.ended_at),
        "end_reason": session.end_reason and session.end_reason.value,
    }
    return fields | {name: value for name, value in may_be_none.items() if value is not None}


def session_from(session_id: str, fields: Mapping[str, str], used: str | None) -> Session | None:
    """The session of a hash.

    A hash that is not whole, as one that was made or changed by hand may be, is no session: nobody is let in by it.

    Args:
        session_id: From the name of the key.
        fields: The hash.
        used: When the session was last used, where that was written apart from the hash.
    """
    try:
        ended_at = fields.get("ended_at")
        end_reason = fields.get("end_reason")
        return Session(
            id=session_id,
            user_id=fields["user_id"],
            created_at=float(fields["created_at"]),
            expires_at=float(fields["expires_at"]),
            last_used_at=float(used or fields["last_used_at"]),
            idle_timeout=float(fields["idle_timeout"]),
            persistent=fields["persistent"] == "1",
            generations=Generations(
                issued=int(fields["generation"]),
                confirmed=int(fields["confirmed_generation"]),
                issued_at=float(fields["issued_at"]),
                confirmed_at=float(fields["confirmed_at"]),
                superseded=_superseded_from(fields["superseded"]),
            ),
            amr=_amr_from(fields["amr"]),
            aal=int(fields["aal"]),
            authenticated_at=float(fields["authenticated_at"]),
            user_agent=fields.get("user_agent"),
            address=fields.get("address"),
            ended_at=None if ended_at is None else float(ended_at),
            end_reason=None if end_reason is None else _END_REASONS.get(end_reason, EndReason.UNKNOWN),
        )
    except (KeyError, TypeError, ValueError):
        return None


def session_of(session_id: str, answer: tuple[Sequence[str], str | None] | None) -> Session | None:
    """The session in a script's answer: the fields and values of the hash in turn, and when it was last used."""
    if answer is None:
        return None
    flat, used = answer
    return session_from(session_id, dict(zip(flat[::2], flat[1::2], strict=True)), used)


def _superseded_from(text: str) -> tuple[tuple[int, float], ...]:
    if text == "[]":  # nearly always; a load of a session is on the path of a request
        return ()
    return tuple((int(generation), float(at)) for generation, at in json.loads(text))


@lru_cache(maxsize=256)
def _amr_from(text: str) -> tuple[str, ...]:
    """Few combinations of methods exist, so that they are parsed once."""
    return tuple(json.loads(text))
