"""The demo's folder: everything that its processes share."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from handstamp.auth import kept
from handstamp.core.errors import ConfigurationError
from handstamp.core.ids import new_secret
from handstamp.demo.standins import new_signing_key


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlace:
    """A data folder that has been prepared. Secrets in it are files of mode 0600."""

    data: Path
    secret: str = field(repr=False)
    standin_key: bytes = field(repr=False)
    """Seals what the stand-ins hand out."""
    signing_key_pem: str = field(repr=False)
    """Signs the ID tokens of the stand-in for Google."""
    issuer: str
    """What the stand-in for Google calls itself: the same for all processes, whatever their ports."""

    @property
    def database(self) -> str:
        """Where users and sessions are, if nothing else is said."""
        return f"sqlite:///{self.data / 'handstamp.db'}"

    @property
    def records(self) -> Path:
        """Where the application's own records are."""
        return self.data / "records.db"


def prepare(data: Path, *, standins: str) -> DemoPlace:
    """Make a data folder ready, or find it so.

    Args:
        data: The folder.
        standins: The origin of this process's stand-ins; the first process's names the issuer.

    Raises:
        ConfigurationError: The folder cannot be used.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{data} cannot be used for the demo's data: {error.strerror}") from None
    shared = json.loads(kept(data / "standins.json", lambda: _new_standins(standins)))
    return DemoPlace(
        data=data,
        secret=kept(data / "secret", new_secret),
        standin_key=shared["key"].encode(),
        signing_key_pem=shared["signing_key"],
        issuer=shared["issuer"],
    )


def _new_standins(standins: str) -> str:
    return json.dumps({"key": new_secret(), "signing_key": new_signing_key(), "issuer": f"{standins}/google"})
