"""What a provider says of a person, distrusted: wrong types and odd values count as not said.

Only the subject must be there and in order, for it is half of the key of the identity (OAU-07).
"""

import re
import unicodedata
from typing import Final

from handstamp.core.errors import LoginFailed
from handstamp.login.oauth.exchange import INVALID_RESPONSE, is_secure_url

_MAX_SUBJECT: Final = 255  # OpenID Connect Core §2
_MAX_TEXT: Final = 256
_MAX_EMAIL: Final = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
_MAX_URL: Final = 2048
_NOBODY: Final = frozenset({"undefined", "null", "none", "nan", "nil", "true", "false", "[object object]"})
"""What a program writes where it has no subject: everyone would share the account."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,19}")
"""64 bits, written as people write numbers: one spelling for each."""
_EMAIL: Final = re.compile(r"""[^\s@"(),:;<>\[\\\]]+@[^\s@"(),:;<>\[\\\]]+""")


def subject(value: object) -> str:
    """The provider's own, lasting name for the person.

    Raises:
        LoginFailed: ``invalid_response``; it is no string of 1 to 255 visible ASCII characters, or it is how a
            program spells "nothing".
    """
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= _MAX_SUBJECT
        or not value.isascii()
        or not value.isprintable()
        or value != value.strip()
        or value.lower() in _NOBODY
    ):
        raise LoginFailed(INVALID_RESPONSE, "the provider did not say who signed in")
    return value


def digits(value: object) -> str:
    """A subject of a provider that numbers its people, and writes the number as a string.

    Raises:
        LoginFailed: ``invalid_response``; it is no string of 1 to 20 digits that does not begin with zero.
    """
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise LoginFailed(INVALID_RESPONSE, "the provider did not say who signed in")
    return value


def number(value: object) -> str:
    """A subject of a provider that numbers its people, and writes a JSON number; we keep its digits.

    Raises:
        LoginFailed: ``invalid_response``; it is no integer from 1 on. True is none, though Python counts with it.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise LoginFailed(INVALID_RESPONSE, "the provider did not say who signed in")
    return digits(str(value))


def text(value: object) -> str | None:
    """A name for people to read: at most 256 characters, none of them a control or an invisible mark."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if 0 < len(value) <= _MAX_TEXT and value.isprintable() else None


def email(value: object) -> str | None:
    """One plain address: no quotes, comments or lists, and nothing that becomes another sign when normalised."""
    if not isinstance(value, str) or len(value) > _MAX_EMAIL or not value.isprintable():
        return None
    if unicodedata.normalize("NFKC", value) != value:
        return None
    return value if _EMAIL.fullmatch(value) else None


def picture(value: object) -> str | None:
    """The address of a picture, if it is https (or on this machine) and at most 2048 characters long."""
    return value if isinstance(value, str) and len(value) <= _MAX_URL and is_secure_url(value) else None
