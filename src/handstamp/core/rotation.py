"""Rotation of a session's token: which generation is accepted, and what happens then, as one table.

With *g* the generation last issued, *c* the highest one seen back (g = c or g = c + 1) and *t* the one
presented, ``judge`` finds the row, ``TABLE`` says what to do. Nothing else decides.

Two moments ask: a request's arrival (may it come in?) and a response's start (what does it carry?). A slow
handler must not put an old successor over a newer one, so whatever is sent is judged at the response.

A token's age counts from its confirmation, when it was first seen back, and not from its issue: whatever was
answered with it was answered before that. So a response that arrives less than ``rotate_after`` late cannot put an
old token over its successor either. (Counted from the issue, one lost and one late response signed people out.)
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from handstamp.core.models import Generations
from handstamp.core.policy import RotationPolicy


class Standing(Enum):
    """How the presented generation *t* stands to the session's generations."""

    CURRENT = auto()
    """t = g = c, confirmed less than ``rotate_after`` ago."""
    DUE = auto()
    """t = g = c, confirmed at least ``rotate_after`` ago."""
    RECEIVED = auto()
    """t = g = c + 1: the client has the successor."""
    RECEIVED_DUE = auto()
    """t = g = c + 1, and the token rotates at each request."""
    PARENT = auto()
    """t = c, g = c + 1: the response was lost, or others are in flight."""
    LATE = auto()
    """t < c, superseded less than ``grace`` ago."""
    REPLAYED = auto()
    """t < c otherwise."""
    AHEAD = auto()
    """t > g: the store went back."""


class Verdict(Enum):
    """Whether the request comes in."""

    ACCEPT = auto()
    REPLAY = auto()
    STORE_WENT_BACK = auto()


class Write(Enum):
    """Which generations are to be written, by one compare-and-swap."""

    NOTHING = auto()
    ADVANCE = auto()
    """g → g + 1."""
    CONFIRM = auto()
    """c → g."""
    CONFIRM_AND_ADVANCE = auto()
    """c → g, g → g + 1."""


class Send(Enum):
    """Which token the response carries."""

    NOTHING = auto()
    ISSUED = auto()
    """The token of the generation last issued, after the write."""
    ISSUED_IF_EACH_REQUEST = auto()
    """The same where the token rotates at each request; else nothing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a request in one standing."""

    verdict: Verdict
    write: Write = Write.NOTHING
    send: Send = Send.NOTHING


TABLE: Final = {
    Standing.CURRENT: Rule(Verdict.ACCEPT),
    Standing.DUE: Rule(Verdict.ACCEPT, Write.ADVANCE, Send.ISSUED),
    Standing.RECEIVED: Rule(Verdict.ACCEPT, Write.CONFIRM),
    Standing.RECEIVED_DUE: Rule(Verdict.ACCEPT, Write.CONFIRM_AND_ADVANCE, Send.ISSUED),
    Standing.PARENT: Rule(Verdict.ACCEPT, send=Send.ISSUED),
    Standing.LATE: Rule(Verdict.ACCEPT, send=Send.ISSUED_IF_EACH_REQUEST),
    Standing.REPLAYED: Rule(Verdict.REPLAY),
    Standing.AHEAD: Rule(Verdict.STORE_WENT_BACK),
}


def judge(generations: Generations, presented: int, now: float, policy: RotationPolicy) -> Standing:
    """Find the row for a presented generation.

    Args:
        generations: The session's, as its store has them.
        presented: The ``gen`` claim of a verified token.
        now: Seconds since the epoch. Clocks of processes may differ: a negative age counts as 0.
        policy: When tokens rotate, and for how long the parent is let in.
    """
    issued, confirmed = generations.issued, generations.confirmed
    if presented > issued:
        return Standing.AHEAD
    if presented == issued:
        if issued == confirmed:
            due = max(0.0, now - generations.confirmed_at) >= policy.rotate_after
            return Standing.DUE if due else Standing.CURRENT
        return Standing.RECEIVED_DUE if policy.rotate_after == 0 else Standing.RECEIVED
    if presented == confirmed:
        return Standing.PARENT
    grace_ends = late_until(generations, presented, policy)
    return Standing.LATE if grace_ends is not None and now < grace_ends else Standing.REPLAYED


def late_until(generations: Generations, presented: int, policy: RotationPolicy) -> float | None:
    """When the grace of a superseded generation ends, or None if it is not known to be in one."""
    for generation, superseded_at in generations.superseded:
        if generation == presented:
            return superseded_at + policy.grace
    return None


def written(generations: Generations, write: Write, now: float, policy: RotationPolicy) -> Generations:
    """The generations after a write.

    Two processes that saw the same row may compute different times, so the write is a compare-and-swap.
    """
    if write in {Write.CONFIRM, Write.CONFIRM_AND_ADVANCE}:
        in_grace = tuple(entry for entry in generations.superseded if now < entry[1] + policy.grace)
        generations = replace(
            generations,
            confirmed=generations.issued,
            confirmed_at=now,
            superseded=(*in_grace, (generations.confirmed, now)),
        )
    if write in {Write.ADVANCE, Write.CONFIRM_AND_ADVANCE}:
        generations = replace(generations, issued=generations.issued + 1, issued_at=now)
    return generations
