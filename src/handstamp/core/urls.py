"""URLs of stores: which there are, in words, and how one is shown without its password."""

import re
from typing import Final

SQLITE: Final = "sqlite:///"
MEMORY: Final = "memory://"

DATABASES: Final = "sqlite:///app.db, postgresql://user@host/app, mongodb://host/app, or memory:// for one process"
"""What a place for users and sessions can be."""

SESSION_STORES: Final = (
    "valkey://host:6379/0 or redis://, with TLS valkeys:// or rediss://, unix:///run/valkey.sock?db=0"
)
"""What a place for sessions alone can be."""

# To the last "@", since a password may have one in it.
_PASSWORD_BEFORE_HOST: Final = re.compile(r"(?<=://)([^:/?#@]*):.*@")
_PASSWORD_IN_QUERY: Final = re.compile(r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


def masked(url: str) -> str:
    """A URL with ``***`` for every password in it."""
    return _PASSWORD_IN_QUERY.sub(r"\1***", _PASSWORD_BEFORE_HOST.sub(r"\1:***@", url))
