"""Where the demo has its things, and what its processes have in common."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from handstamp.core.errors import ConfigurationError
from handstamp.core.ids import new_secret
from handstamp.demo.standins import new_signing_key
from handstamp.keeping import derived, kept, system_secrets

ISSUER: Final = "http://stand-in-for-google.localhost"
"""What the stand-in for Google calls itself: one name in all processes, so that Ada stays the same user. A name and
no address: where it is spoken to is said apart (RFC 6761 §6.3: it could only be this machine)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlace:
    """A data folder that has been prepared. Secrets in it are files of mode 0600."""

    data: Path
    signing_key_pem: str = field(repr=False)
    """Signs the ID tokens of this folder's stand-in for Google. A process reads no others than its own."""

    @property
    def database(self) -> str:
        """Where users and sessions are, if nothing else is said."""
        return f"sqlite:///{self.data / 'handstamp.db'}"

    @property
    def records(self) -> Path:
        """Where the application's own records are."""
        return self.data / "records.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSystem:
    """What processes with the same database, sessions and origin have in common, whatever their ports and folders."""

    database: str = field(repr=False)
    sessions: str | None = field(repr=False)
    origin: str
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def standin_key(self) -> str:
        """Seals what the stand-ins hand out: what one process's hand out, another's honour."""
        return derived(self.secrets[0], "stand-ins")


def prepare(data: Path) -> DemoPlace:
    """Make a data folder ready, or find it so.

    Raises:
        ConfigurationError: The folder cannot be used.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{data} cannot be used for the demo's data: {error.strerror}") from None
    return DemoPlace(data=data, signing_key_pem=kept(data / "signing-key.pem", new_signing_key))


def demo_system(place: DemoPlace, *, origin: str, database: str | None, sessions: str | None) -> DemoSystem:
    """The system that a process belongs to.

    Args:
        place: Has a database and a secret of its own, for where no other database is named.
        origin: Where browsers are.
        database: A URL, if not the one in the folder.
        sessions: A URL, if they are not in the database; else what is configured.

    Raises:
        ConfigurationError: The set-up is unsafe or contradicts itself, or a secret can be kept nowhere.
    """
    from handstamp.settings import load_settings  # noqa: PLC0415  pydantic-settings takes 100 ms to import

    own = [kept(place.data / "secret", new_secret)] if database is None else None
    database = database or place.database
    settings = load_settings(database=database, sessions=sessions, origin=origin, secret=own)
    named = None if settings.sessions is None else settings.sessions.get_secret_value()
    return DemoSystem(
        database=database,
        sessions=named,
        origin=settings.origin,
        secrets=system_secrets(settings, database=database, sessions=named or database),
    )
