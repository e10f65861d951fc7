"""The ways in that need no code: a provider is offered when the environment holds our registration with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from handstamp.login.oauth import Google, X
from handstamp.login.oauth.settings import section
from handstamp.web.methods import LoginMethod


@dataclass(frozen=True, slots=True)
class Way:
    """A provider that is set up by variables alone."""

    label: str
    make: Callable[[], LoginMethod]


PROVIDERS: Final[Mapping[str, Way]] = {"x": Way(X.label, X), "google": Way("Google", Google)}


def configured_ways() -> tuple[LoginMethod, ...]:
    """The providers with a client id, ready for use.

    Raises:
        ConfigurationError: A registration is only half there; the message names the variable to set.
    """
    return tuple(way.make() for provider, way in PROVIDERS.items() if _is_mentioned(provider))


def _is_mentioned(provider: str) -> bool:
    found = section(provider)()
    return bool(found.client_id or found.client_secret)
