"""Which applications are registered at the stand-ins: one for each protocol."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An application's registration."""

    id: str
    """The client id; for OAuth 1.0a the consumer key."""
    secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    """Where people may be sent back to: compared whole, character by character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The registrations."""

    x_oauth1: Client
    x_oauth2: Client
    google: Client
