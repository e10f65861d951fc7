"""The cookies of the floods: who is let in has them from a sign-in, and the rest are made here."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from handstamp import Auth
from handstamp.core.ids import new_id, new_session_id
from handstamp.core.models import Profile
from handstamp.core.tokens import SessionClaims

_UNKNOWN: Final = 20_000
_JUNK: Final = 200


@dataclass(frozen=True, slots=True)
class Flood:
    """Requests of one kind."""

    name: str
    file: str
    """With a cookie in each line."""
    way: str
    """How bench/attack.lua sends it."""


FLOODS: Final = (
    Flood("no cookie", "honest", "none"),
    Flood("bad signatures, each another", "honest", "forged"),
    Flood("unknown sessions, signed, each another", "unknown", "whole"),
    Flood("one unknown session, signed", "one", "whole"),
    Flood("our cookie, 4 KB at random", "long", "raw"),
    Flood("200 cookies at random, 4 KB", "many", "raw"),
)


async def sign_in(auth: Auth, number: int) -> str:
    """The token of a new session of a new user."""
    services, now = await auth.open(), auth.clock()
    profile = Profile(issuer="https://provider.example", subject=str(number), name=f"User {number}")
    user = await services.accounts.sign_in(profile, now=now)
    return (await services.sessions.start(user, amr=("oauth",), now=now)).token


def write_cookies(folder: Path, name: str, tokens: Sequence[str], auth: Auth) -> None:
    """Write the files.

    Args:
        folder: Where to.
        name: Of the session cookie.
        tokens: Of those who are signed in.
        auth: Whose secret signs the tokens of sessions that nobody has: as if they had been, and were removed.
    """
    signed = auth._tokens  # noqa: SLF001  nothing else signs a session that there is not
    now = int(time.time())  # noqa: TID251  a program's own clock
    unknown = [
        SessionClaims(
            user_id=new_id(now), session_id=new_session_id(), generation=1, issued_at=now, expires_at=now + 86_400
        )
        for _ in range(_UNKNOWN)
    ]
    lines = {
        "honest": [f"{name}={token}" for token in tokens],
        "unknown": [f"{name}={signed.encode(claims)}" for claims in unknown],
        "long": [f"{name}={_text(4_000)}" for _ in range(_JUNK)],
        "many": ["; ".join(f"{_text(8)}={_text(9)}" for _ in range(200)) for _ in range(_JUNK)],
    }
    lines["one"] = lines["unknown"][:1]
    for file, content in lines.items():
        (folder / file).write_text("\n".join(content), encoding="ascii")


def _text(length: int) -> str:
    return secrets.token_urlsafe(length)[:length]
