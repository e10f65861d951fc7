"""Notes to ourselves that others keep for us: sealed, for a while, and with an id by which they are used up.

A browser keeps one between two steps (``handstamp.web.steps``), a mail carries one in its link
(``handstamp.services.links``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handstamp.core.errors import InvalidToken
from handstamp.core.ids import new_secret
from handstamp.core.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What was noted."""

    id: str
    """256 random bits. ``Challenges`` sees to it that a note counts once."""
    expires_at: float
    """Seconds since the epoch."""
    values: Mapping[str, Any] = field(repr=False)


def new_note(values: Mapping[str, Any], *, lifetime: float, now: float) -> Note:
    """A note that ends in ``lifetime`` seconds. Its values are JSON."""
    return Note(id=new_secret(), expires_at=now + lifetime, values=values)


def seal_note(sealer: Sealer, note: Note, *, context: str) -> str:
    """The note as others keep it: they can neither read nor change it, nor use it in another context.

    Raises:
        ValueError: It is longer than what the sealer seals.
    """
    payload = json.dumps({"id": note.id, "exp": note.expires_at, "values": dict(note.values)}).encode()
    return sealer.seal(payload, context=context.encode())


def open_note(sealer: Sealer, sealed: bytes | str, *, context: str, now: float) -> Note | None:
    """The note; None where it is not one of ours, of another context, or over."""
    try:
        kept = json.loads(sealer.open(sealed, context=context.encode()))
    except (InvalidToken, UnicodeEncodeError):
        return None
    note = Note(id=kept["id"], expires_at=kept["exp"], values=kept["values"])
    return note if now < note.expires_at else None
