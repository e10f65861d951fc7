"""The secret of a system that was given none: kept on this machine, and the same for all processes of the system."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from handstamp.core.encoding import base64url_encode
from handstamp.core.errors import ConfigurationError
from handstamp.core.ids import new_secret, new_session_id
from handstamp.core.keys import check_secret, derive
from handstamp.core.urls import MEMORY, SQLITE

if TYPE_CHECKING:
    from handstamp.settings import Settings

_SECRET_BYTES: Final = 32

_REMEDY: Final = "set HANDSTAMP_SECRET to what `handstamp secret` prints"


def system_secrets(settings: "Settings", *, database: str | None, sessions: str | None) -> tuple[str, ...]:
    """The secrets of a system, newest first: those that are configured, or one that its processes find by themselves.

    Processes with the same database, sessions and origin are one system, for one user of this machine. Where the
    database is a file, its secret is kept beside it; else it is derived from one that the user's state folder keeps.
    What is in the memory of a process has a secret that no other process has.

    Args:
        settings: What is configured. Off loopback they see to it that there is a secret.
        database: A URL, letter for letter; None for a store without one.
        sessions: The same for the store of sessions, which may be the database.

    Raises:
        ConfigurationError: A secret can be kept nowhere; the message says what to do.
    """
    if settings.secret:
        return tuple(secret.get_secret_value() for secret in settings.secret)
    if database is not None and database.startswith(SQLITE):
        return (kept(Path(f"{database.removeprefix(SQLITE)}-secret"), new_secret),)
    if database is None or sessions is None or MEMORY in {database, sessions}:
        return (new_secret(),)
    three = json.dumps([database, sessions, settings.origin])
    return (derived(_of_this_user(settings), f"system/{three}"),)


def derived(secret: str, label: str) -> str:
    """Another secret, made of one: whoever has it learns nothing of the one that it was made of."""
    return base64url_encode(derive(secret, label, _SECRET_BYTES))


def kept(path: Path, make: Callable[[], str]) -> str:
    """What a file of mode 0600 holds, made if there is no such file. Processes that start together agree on one.

    Args:
        path: In a folder that exists.
        make: Gives a line or more of ASCII.

    Raises:
        ConfigurationError: The file can be read by others, or cannot be read or written.
    """
    try:
        if not path.exists():
            _write_once(path, make())
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{path} can be read by others: chmod 600 {path}")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not the text that was written there"
        raise ConfigurationError(f"{path} cannot be used: {reason}") from None


def _of_this_user(settings: "Settings") -> str:
    """The secret that all systems of this user on this machine have theirs from."""
    try:
        folder = settings.state_folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = kept(folder / "secret", new_secret)
        check_secret(secret)
    except (ConfigurationError, OSError) as error:
        raise ConfigurationError(f"no secret can be kept on this machine ({error}): {_REMEDY}") from None
    return secret


def _write_once(path: Path, text: str) -> None:
    """Write a file whole under another name, then link it: nobody ever reads half of it, and the first one wins."""
    draft = path.with_name(f"{path.name}.{new_session_id()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123  a descriptor that is open already
            file.write(f"{text}\n")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
