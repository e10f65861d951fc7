"""Time-based one-time codes: TOTP (RFC 6238) as every authenticator app has it, SHA-1, six digits, thirty seconds."""

import re
import unicodedata
from base64 import b32encode
from collections.abc import Iterator
from hmac import compare_digest
from secrets import token_bytes
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from handstamp.core.errors import ConfigurationError
from handstamp.core.text import readable

if TYPE_CHECKING:
    from pyotp.totp import TOTP

STEP: Final = 30
"""Seconds for which an app shows one code."""
WINDOW: Final = 1
"""Steps before and after the current one whose codes are taken (RFC 6238 §5.2): clocks differ, and people type."""

_SECRET_BYTES: Final = 20
"""As RFC 4226 §4 recommends."""
_MOST_PRESENTED: Final = 32
_MOST_NAME: Final = 48
"""Characters. A longer name makes a picture of more and smaller squares, and says no more."""
_BETWEEN: Final = re.compile(r"[\s-]")
_CODE: Final = re.compile(r"[0-9]{6}")
_COLONS: Final = re.compile(r"\s*:\s*")


def new_secret() -> bytes:
    """160 random bits, which the server and one app share."""
    return token_bytes(_SECRET_BYTES)


def typed(secret: bytes) -> str:
    """The secret as people type it into an app: base32 (RFC 4648 §6), in groups of four."""
    text = _base32(secret)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def code_in(presented: str) -> str | None:
    """The six digits of what was typed, with spaces, hyphens or full-width digits; None where it can be no code."""
    if len(presented) > _MOST_PRESENTED:
        return None
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", presented))
    return digits if _CODE.fullmatch(digits) else None


def steps_of(code: str, secret: bytes, *, now: float) -> Iterator[int]:
    """The steps around ``now`` whose code this is, the earliest first: none for a wrong one, seldom two.

    Args:
        code: Six digits.
        secret: Of the app.
        now: Seconds since the epoch.

    Raises:
        ConfigurationError: pyotp is not installed.
    """
    algorithm = _algorithm(secret)
    current = int(now) // STEP
    for step in range(max(0, current - WINDOW), current + WINDOW + 1):
        if compare_digest(algorithm.generate_otp(step), code):
            yield step


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What an app reads from the picture: the ``otpauth`` address of the Key URI Format.

    A colon stands between issuer and account, so names have none of their own, and no marks that nobody sees.

    Args:
        secret: Of the app.
        issuer: What people know the application by.
        account: What the user knows the account by.
    """
    issuer, account = _name(issuer), _name(account)
    return f"otpauth://totp/{issuer}:{account}?secret={_base32(secret)}&issuer={issuer}"


def _name(text: str) -> str:
    return quote(_COLONS.sub(" ", readable(text) or "")[:_MOST_NAME].strip(), safe="")


def _base32(secret: bytes) -> str:
    return b32encode(secret).decode("ascii")


def _algorithm(secret: bytes) -> "TOTP":
    try:
        from pyotp.totp import TOTP  # noqa: PLC0415  loaded when somebody has an app
    except ModuleNotFoundError as error:
        raise ConfigurationError("pyotp is missing: pip install 'handstamp[totp]'") from error
    return TOTP(_base32(secret), interval=STEP)
