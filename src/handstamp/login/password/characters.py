"""A password as it came, and as it is hashed."""

import re
import unicodedata
from typing import Final

MAX_LENGTH: Final = 256
"""Code points that a new password may have."""
MAX_PRESENTED: Final = 1024
"""Code points that are looked at when somebody signs in; a password from elsewhere may be longer than a new one.

Normalisation takes quadratic time on long runs of combining characters, so nothing longer reaches it.
"""

_NO_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def is_usable(password: str) -> bool:
    """Whether it can be anybody's password: not too long to look at, and no half of a surrogate pair in it.

    UTF-8 has no bytes for those, and Python's error about it would carry the password.
    """
    return len(password) <= MAX_PRESENTED and not _NO_CHARACTER.search(password)


def normalised(password: str) -> str:
    """The password as it is counted, checked and hashed: in Normalization Form C, otherwise as it came.

    Keyboards differ in how they compose an accented letter; NFC makes them agree and changes nothing else, as
    RFC 8265 §4.2.1 has it for passwords. It is defined for what ``is_usable``.
    """
    return unicodedata.normalize("NFC", password)
