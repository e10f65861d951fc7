"""Notes to ourselves, kept by others: sealed, for one use, for a while.

A browser keeps one between two steps (``steps``); a mail carries one in its link (``sealed_links``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handstamp.core.errors import InvalidToken, LoginFailed
from handstamp.core.ids import new_secret
from handstamp.core.keys import Purpose
from handstamp.web.host import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What was noted."""

    id: str
    """128 random bits."""
    expires_at: float
    values: Mapping[str, Any] = field(repr=False)


def new_note(host: Host, values: Mapping[str, Any], *, lifetime: float) -> Note:
    """A note that ends in ``lifetime`` seconds. Its values are JSON."""
    return Note(id=new_secret(), expires_at=host.clock() + lifetime, values=values)


def seal_note(host: Host, note: Note, purpose: Purpose, context: str) -> str:
    """The note as others keep it; they can neither read nor change it, nor use it in another context.

    Raises:
        ValueError: It is longer than a cookie can be.
    """
    payload = json.dumps({"id": note.id, "exp": note.expires_at, "values": note.values}).encode()
    return host.sealer(purpose).seal(payload, context=context.encode())


def open_note(host: Host, sealed: bytes | str, purpose: Purpose, context: str) -> Note | None:
    """The note; None where it is not one of ours, of another context, or over."""
    try:
        kept = json.loads(host.sealer(purpose).open(sealed, context=context.encode()))
    except InvalidToken:
        return None
    note = Note(id=kept["id"], expires_at=kept["exp"], values=kept["values"])
    return note if host.clock() < note.expires_at else None


async def use_note(host: Host, note: Note, purpose: Purpose, *, reason: str) -> None:
    """Use a note up, in all processes.

    Raises:
        LoginFailed: With this reason; somebody was faster.
        StoreUnavailable: Nobody knows; it must not count.
    """
    services = host.services or await host.open()
    if not await services.challenges.consume(purpose, note.id, expires_at=note.expires_at, now=host.clock()):
        raise LoginFailed(reason, "it was used before")
