"""A code that is sent by mail: what it is, and how it is judged.

What has to be known when it is typed travels in a sealed cookie of the browser that asked, so asking writes nothing
that stays, and a code is worth nothing in any other browser. The store counts the tries and uses the code up: both
are one step there, however many requests come at once and to whichever process.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Self

from handstamp.core.encoding import json_object
from handstamp.core.errors import InvalidInput, InvalidToken, LoginFailed, RateLimited
from handstamp.core.faults import Fault
from handstamp.core.ids import new_secret
from handstamp.core.policy import MINUTE, Bucket
from handstamp.core.sealing import Sealer
from handstamp.core.text import N_
from handstamp.services.challenges import Challenges
from handstamp.services.throttle import Throttle

LIFETIME: Final = 10 * MINUTE
"""Seconds from the mail to the last moment at which its code is taken (NIST SP 800-63B-4 §3.1.3)."""
TRIES: Final = 5
"""Of one code. Of a million codes that is one chance in 200,000."""
DIGITS: Final = 6

WRONG_CODE: Final = "wrong_code"
CODE_SPENT: Final = "code_spent"

_PURPOSE: Final = "email-code"
_LINK: Final = b"email-code-link"
_TRIES: Final = Bucket(TRIES, 2 * LIFETIME)
"""There is one more try long after the code is over, also where the clocks of processes differ."""
_LOOKS_GROUPED: Final = {ord(character): None for character in " -\u00a0\u2009\u202f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A code that was asked for, as the browser that asked keeps it: sealed. Nothing of it is the code itself."""

    id: str
    """256 random bits, which the link in the mail carries too."""
    address: str
    digest: str = field(repr=False)
    expires_at: float
    """Seconds since the epoch."""
    user_id: str | None = None
    """Whose code it is, where somebody who is signed in has to show who they are; None where somebody signs in."""

    def values(self) -> Mapping[str, Any]:
        """What is kept, as JSON has it."""
        return {name: getattr(self, name) for name in ("id", "address", "digest", "expires_at", "user_id")}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """What ``values`` gave."""
        return cls(**{name: values[name] for name in ("id", "address", "digest", "expires_at", "user_id")})


@dataclass(frozen=True, slots=True)
class Made:
    """A new code, before it is sent."""

    asked: Asked
    code: str = field(repr=False)


def make_code(address: str, *, now: float, user_id: str | None = None) -> Made:
    """A new code for whoever can read what is sent to an address."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    asked_id = new_secret()
    asked = Asked(
        id=asked_id, address=address, digest=_digest(asked_id, code), expires_at=now + LIFETIME, user_id=user_id
    )
    return Made(asked, code)


def typed_code(text: str) -> str:
    """The six digits that somebody typed, however they grouped them.

    Raises:
        InvalidInput: It is no code at all. It does not count as a try.
    """
    code = text.translate(_LOOKS_GROUPED)
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        message = N_("The code has six digits.")
        raise InvalidInput([Fault("malformed", message, "/code")])
    return code


def link_token(made: Made, sealer: Sealer) -> str:
    """What the link in the mail carries: the code, sealed together with the asking that it belongs to.

    Whoever has the link has no more than the code: it is judged like one, in the browser that asked.
    """
    payload = json.dumps({"id": made.asked.id, "code": made.code}, separators=(",", ":")).encode()
    return sealer.seal(payload, context=_LINK)


def code_of_link(token: str, asked: Asked | None, sealer: Sealer) -> str | None:
    """The code in a link, where this browser asked for it; None in any other, and of a link that is not ours."""
    if asked is None:
        return None
    try:
        payload = json_object(sealer.open(token, context=_LINK))
    except InvalidToken:
        return None
    return payload["code"] if hmac.compare_digest(payload["id"], asked.id) else None


class Codes:
    """Judges codes.

    Args:
        throttle: Counts the tries.
        challenges: Uses codes up.
    """

    def __init__(self, *, throttle: Throttle, challenges: Challenges) -> None:
        self._throttle = throttle
        self._challenges = challenges

    async def judge(self, asked: Asked, code: str, *, now: float) -> None:
        """Return for one caller who has the right code in time, and has used it up.

        Each call is a try, and is counted before anything is compared: of any number of calls at once, five compare.

        Raises:
            InvalidInput: ``wrong_code``.
            LoginFailed: ``code_spent``; it was tried five times. ``flow_unknown``; it was used, or is too old.
            StoreUnavailable: Nobody knows; the code is not taken.
        """
        if now >= asked.expires_at:
            raise LoginFailed("flow_unknown", "the code came too late")
        try:
            await self._throttle.admit_within(_TRIES, _PURPOSE, asked.id, now=now)
        except RateLimited as error:
            raise LoginFailed(CODE_SPENT, f"the code was tried {TRIES} times") from error
        if not hmac.compare_digest(_digest(asked.id, code), asked.digest):
            message = N_("This is not the code of the last mail. Look at it again.")
            raise InvalidInput([Fault(WRONG_CODE, message, "/code")])
        if not await self._use_up(asked, now=now):
            raise LoginFailed("flow_unknown", "the code was used before")

    async def forget(self, asked: Asked, *, now: float) -> None:
        """Void a code that was asked for before, as the next one takes its place."""
        if now < asked.expires_at:
            await self._use_up(asked, now=now)

    async def _use_up(self, asked: Asked, *, now: float) -> bool:
        return await self._challenges.consume(_PURPOSE, asked.id, expires_at=asked.expires_at, now=now)


def _digest(asked_id: str, code: str) -> str:
    """Of a code that belongs to one asking: the same code of another has another."""
    return sha256(f"{_PURPOSE}\0{asked_id}\0{code}".encode()).hexdigest()
